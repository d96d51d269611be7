// SPDX-License-Identifier: Apache-2.0

package interceptor

import (
	"context"
	"log/slog"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/peer"

	"github.com/koogate/koogate/server/callers"
	"github.com/koogate/koogate/server/errs"
)

// Refusal turns what Auth says into a status and logs from where a call came that it refused. Errors of what is inside Auth
// are statuses already and pass.
func Refusal(log *slog.Logger, proxies callers.Proxies) Pair {
	convert := func(ctx context.Context, method string, err error) error {
		if err == nil {
			return nil
		}
		tellRefusal(ctx, log, proxies, method, err)
		return errs.ToStatus(err).Err()
	}
	return Pair{
		Unary: func(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
			resp, err := next(ctx, req)
			return resp, convert(ctx, info.FullMethod, err)
		},
		Stream: func(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) error {
			return convert(ss.Context(), info.FullMethod, next(srv, ss))
		},
	}
}

// Strangers remember addresses that were refused.
type Strangers interface {
	// Weary is for how long nothing dear is done for callers of an address that nobody knows; 0 for a usual address.
	Weary(address string) time.Duration
	// Refused takes a refusal into account, and returns after how long the address may be refused again; 0 when it was not too often.
	Refused(address string) time.Duration
}

// Admission decides on a call by its headers alone, for listeners that refuse a call before its messages are read, and logs what it
// refuses as [Refusal] does. ctx holds the incoming metadata. A caller that is known is let in from every address; who is not known, and
// comes from one that was refused too often, is told that and nothing else, and no line is logged.
func Admission(known Callers, strangers Strangers, log *slog.Logger, proxies callers.Proxies) func(ctx context.Context, method string) error {
	return func(ctx context.Context, method string) error {
		address := callerOf(ctx, proxies)
		_, err := callerBy(ctx, known, method, strangers.Weary(address))
		if err == nil {
			return nil
		}
		if wait := strangers.Refused(address); wait > 0 {
			return tooManyRefusals(wait)
		}
		tellRefusal(ctx, log, proxies, method, err)
		return err
	}
}

func tooManyRefusals(wait time.Duration) error {
	return limited(wait, "calls from this address were refused too often")
}

// tellRefusal logs from where a call came that has no valid token, and what is wrong with that, which no part of it is in.
func tellRefusal(ctx context.Context, log *slog.Logger, proxies callers.Proxies, method string, err error) {
	if e := errs.As(err); e.Kind == errs.Unauthorized || e.Reason == errs.TokenNotMapped || e.Reason == errs.IssuerUnavailable {
		log.InfoContext(ctx, "call refused", "method", method, "reason", e.Reason, "client", callerOf(ctx, proxies), "fault", e.Msg)
	}
}

// callerOf is the address of the caller: of the connection, or of what trusted proxies say. A call that came by REST has no
// connection here, and its listener has put the caller's address, and nothing else, into the header.
func callerOf(ctx context.Context, proxies callers.Proxies) string {
	forwarded := metadata.ValueFromIncomingContext(ctx, "x-forwarded-for")
	if p, ok := peer.FromContext(ctx); ok {
		return proxies.Caller(p.Addr.String(), forwarded)
	}
	if len(forwarded) == 1 {
		return forwarded[0]
	}
	return ""
}
