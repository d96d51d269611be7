// SPDX-License-Identifier: Apache-2.0

package server

import (
	"context"

	"github.com/koogate/koogate/store"
)

// missOldServers warns of endpoints that have no old server any more although one still has something. Over the API nobody takes
// old_url away like that without force, but a file says what it says.
func (s *Server) missOldServers(ctx context.Context) {
	for _, e := range s.deps.Sellers.Snapshot().Endpoints {
		if e.OldURL != "" {
			continue
		}
		left, err := s.moving.LeftBehind(ctx, e.Seller, e.Name)
		if err != nil {
			return // the database's trouble is told elsewhere
		}
		if left != (store.LeftBehind{}) {
			s.deps.Log.WarnContext(ctx, "the endpoint has no old_url, and its old server still has something: calls about it are answered as calls about what is unknown; put old_url back until nothing is left",
				"seller", e.Seller, "endpoint", e.Name, "instances", left.Instances, "orders", left.Orders)
		}
	}
}
