// SPDX-License-Identifier: Apache-2.0

package server

import (
	"cmp"
	"slices"

	"github.com/koogate/koogate/server/config"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/server/work"
)

// nobody is the seller of what Koogate does for itself.
const nobody = ""

// shown is a seller's name where it is shown. No seller is named as nobody is.
func shown(seller string) string { return cmp.Or(seller, "-") }

// owners are the sellers, and nobody.
func owners(c *config.Config) []string {
	owners := make([]string, 0, len(c.Sellers)+1)
	for _, seller := range c.Sellers {
		owners = append(owners, seller.Name)
	}
	return append(owners, nobody)
}

// queues are the queues of the provisioners: those of workers, and those of templates, which the core fills.
func queues(c *config.Config, core *fulfil.Service) []work.Queue {
	list := make([]work.Queue, 0, len(c.Provisioners))
	for _, p := range c.Provisioners {
		q := work.Queue{Name: p.Name, Sellers: sellersOf(c, p.Name)}
		if p.Type == config.ProvisionerTemplate {
			q.Do = core.RunTemplate(fulfil.Template(p.Template))
		}
		list = append(list, q)
	}
	return list
}

// sellersOf are the sellers of whose products a provisioner takes care.
func sellersOf(c *config.Config, provisioner string) []string {
	var sellers []string
	for _, e := range c.Endpoints {
		for _, p := range e.Products {
			if p.Provisioner == provisioner && !slices.Contains(sellers, e.Seller) {
				sellers = append(sellers, e.Seller)
			}
		}
	}
	return sellers
}

// runners do this process's own jobs, one for each seller and one for the jobs that belong to nobody.
func (s *Server) runners() []work.Runner {
	if !s.cfg.Jobs.Enabled {
		return nil
	}
	worker := "koogate/" + s.deps.NewID()
	var list []work.Runner
	for _, seller := range owners(&s.cfg) {
		list = append(list, s.runner(seller, worker))
	}
	return list
}

// runner does this process's own jobs of a seller or of nobody. Readiness follows its looks; only a seller's are vital.
func (s *Server) runner(seller, worker string) work.Runner {
	looks := s.progress.follow(shown(seller), "jobs", seller != nobody, jobsLate)
	armed := s.progress.follow(shown(seller), "arm the standing jobs", false, roundLate)
	return work.Runner{
		Work: s.work, Seller: seller, Worker: worker, Concurrency: s.cfg.Jobs.Concurrency,
		Completed: func() { looks.completed(jobsLate) }, Armed: func() { armed.completed(0) },
	}
}
