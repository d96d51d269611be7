// SPDX-License-Identifier: Apache-2.0

package interceptor_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/access"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/interceptor"
)

// silent is a stream of which only the context counts.
type silent struct {
	grpc.ServerStream
	ctx context.Context
}

func (s silent) Context() context.Context { return s.ctx }

// TestAStreamEndsWithItsToken: within 10 s a stream of responses ends whose token is taken away or loses its scope, and one whose token
// stays does not.
func TestAStreamEndsWithItsToken(t *testing.T) {
	t.Parallel()
	const secret = "token-of-a-watcher-0123456789abcdef"
	tokens := func(list ...interceptor.Token) interceptor.Tokens {
		known, err := interceptor.NewTokens(list)
		if err != nil {
			t.Fatal(err)
		}
		return known
	}
	before := tokens(interceptor.Token{Seller: "acme", Secret: secret, Scopes: []access.Scope{access.Read}})
	for name, c := range map[string]struct {
		after interceptor.Tokens
		want  errs.Reason
	}{
		"taken away":       {tokens(), errs.TokenInvalid},
		"another seller's": {tokens(interceptor.Token{Seller: "other", Secret: secret, Scopes: []access.Scope{access.Read}}), errs.TokenInvalid},
		"without scope":    {tokens(interceptor.Token{Seller: "acme", Secret: secret, Scopes: []access.Scope{access.Worker}}), errs.ScopeMissing},
		"stays":            {before, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var known atomic.Pointer[interceptor.Tokens]
			known.Store(&before)
			auth := interceptor.Auth(interceptor.Now(func() interceptor.Callers { return *known.Load() }), "grpc")
			ctx := metadata.NewIncomingContext(t.Context(), metadata.Pairs("authorization", "Bearer "+secret))
			info := &grpc.StreamServerInfo{FullMethod: koogatev1.EventService_WatchEvents_FullMethodName, IsServerStream: true}
			err := auth.Stream(nil, silent{ctx: ctx}, info, func(_ any, ss grpc.ServerStream) error {
				known.Store(&c.after)
				select {
				case <-ss.Context().Done():
					return ss.Context().Err()
				case <-time.After(10 * time.Second):
					return nil
				}
			})
			if c.want == "" && err != nil || c.want != "" && errs.As(err).Reason != c.want {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}
