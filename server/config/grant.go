// SPDX-License-Identifier: Apache-2.0

package server

import (
	"fmt"
	"slices"
	"strings"

	"github.com/koogate/koogate/server/access"
	v1 "github.com/koogate/koogate/server/api/v1"
)

// checkGrants holds what tokens may do to what there is.
func (c *Config) checkGrants(f *findings) {
	for i, s := range c.Sellers {
		for k, t := range s.Tokens {
			path := fmt.Sprintf("sellers[%d].tokens[%d]", i, k)
			for n, scope := range t.Scopes {
				if !slices.Contains(access.Grantable(), access.Scope(scope)) {
					f.add(fmt.Sprintf("%s.scopes[%d]", path, n), msgChoice, scope, scopeNames(access.Grantable()))
				}
			}
			if len(t.Queues) > 0 && !slices.Contains(t.scopes(), access.Worker) {
				f.add(path+".queues", msgQueueScope)
			}
			for n, queue := range t.Queues {
				if !slices.ContainsFunc(c.Provisioners, func(p Provisioner) bool { return p.Name == queue && p.Type == ProvisionerWorker }) {
					f.add(fmt.Sprintf("%s.queues[%d]", path, n), msgNoWorkerQueue, queue)
				}
			}
		}
	}
}

// Notices are what the operator of a configuration without faults should know.
func (c *Config) Notices() []Problem {
	f := findings{origin: c.origin}
	for i, s := range c.Sellers {
		if len(s.APITokens) > 0 {
			f.add(fmt.Sprintf("sellers[%d].api_tokens", i), msgCustomary, scopeNames(access.Customary()))
		}
		for k, t := range s.Tokens {
			if len(t.Scopes) == 0 {
				f.add(fmt.Sprintf("sellers[%d].tokens[%d]", i, k), msgCustomary, scopeNames(access.Customary()))
			}
		}
	}
	if c.GRPC.Production {
		f.add("grpc.production", msgProduction)
	}
	return f.list
}

func scopeNames(list []access.Scope) string {
	names := make([]string, len(list))
	for i, s := range list {
		names[i] = string(s)
	}
	return strings.Join(names, ", ")
}

// queues are the queues of the provisioners.
func (c *Config) queues() v1.Queues {
	queues := make(v1.Queues, len(c.Provisioners))
	for _, p := range c.Provisioners {
		queues[p.Name] = p.Type == ProvisionerWorker
	}
	return queues
}
