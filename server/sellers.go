// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"

	"github.com/koogate/koogate/server/config"
	"github.com/koogate/koogate/server/seller"
)

// Declared is what a configuration file says of sellers: the seed of the rows.
func Declared(c *config.Config) seller.Declared {
	return seller.Declared{Sellers: c.Sellers, Endpoints: c.Endpoints, Provisioners: c.Provisioners}
}

// CheckSellers judges sellers as the configuration's own check does. Errors: [config.Faults].
func CheckSellers(d seller.Declared) error {
	c := config.Config{Sellers: d.Sellers, Endpoints: d.Endpoints, Provisioners: d.Provisioners}
	if problems := c.ValidateSellers(); len(problems) > 0 {
		return config.Faults(problems)
	}
	return nil
}

// OpenSellers returns a keeper that has taken what the configuration declares, which must be valid.
func OpenSellers(ctx context.Context, c *config.Config, d seller.Deps) (*seller.Keeper, error) {
	d.Check = CheckSellers
	k := seller.NewKeeper(d)
	return k, k.SeedOrServe(ctx, Declared(c))
}

// Reload brings the rows that the file manages to what a configuration that was read anew declares. Faults are logged, each with its
// place, and then everything stays as it is.
func (s *Server) Reload(ctx context.Context, c *config.Config, problems []config.Problem) {
	if len(problems) > 0 {
		for _, p := range problems {
			s.deps.Log.ErrorContext(ctx, "the configuration has a fault; the sellers stay as they are", "fault", p.In("en"))
		}
		return
	}
	if err := s.deps.Sellers.Seed(ctx, Declared(c)); err != nil {
		s.deps.Log.ErrorContext(ctx, "the configuration was not taken; the sellers stay as they are", "error", err)
		return
	}
	s.deps.Log.InfoContext(ctx, "the sellers are as the configuration declares them", "revision", s.deps.Sellers.Snapshot().Revision)
}
