// SPDX-License-Identifier: Apache-2.0

package server

import (
	"cmp"
	"slices"

	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/server/seller"
	"github.com/koogate/koogate/server/work"
)

// nobody is the seller of what Koogate does for itself.
const nobody = ""

// shown is a seller's name where it is shown. No seller is named as nobody is.
func shown(seller string) string { return cmp.Or(seller, "-") }

// owners are the sellers, and nobody.
func owners(c *seller.Snapshot) []string {
	owners := make([]string, 0, len(c.Sellers)+1)
	for i := range c.Sellers {
		owners = append(owners, c.Sellers[i].Name)
	}
	return append(owners, nobody)
}

// queues are the queues of the provisioners: those of workers, those of webhooks, and those of templates, which the core fills.
func queues(c *seller.Snapshot, core *fulfil.Service) []work.Queue {
	list := make([]work.Queue, 0, len(c.Provisioners))
	for _, p := range c.Provisioners {
		q := work.Queue{Name: p.Name, Sellers: sellersOf(c, p.Name), Sent: p.Type == seller.ProvisionerWebhook}
		if p.Type == seller.ProvisionerTemplate {
			q.Do = core.RunTemplate(fulfil.Template(p.Template))
		}
		list = append(list, q)
	}
	return list
}

// sellersOf are the sellers of whose products a provisioner takes care.
func sellersOf(c *seller.Snapshot, provisioner string) []string {
	var sellers []string
	for i := range c.Endpoints {
		for _, p := range c.Endpoints[i].Products {
			if p.Provisioner == provisioner && !slices.Contains(sellers, c.Endpoints[i].Seller) {
				sellers = append(sellers, c.Endpoints[i].Seller)
			}
		}
	}
	return sellers
}
