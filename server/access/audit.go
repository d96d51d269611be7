// SPDX-License-Identifier: Apache-2.0

package access

import (
	"context"

	"github.com/koogate/koogate/store"
)

// Audited returns a context whose changes leave audit rows that name its caller. action is the rpc or the command, reason what the
// caller told of why; requestID is told to the caller, too.
func Audited(ctx context.Context, action, reason, requestID string) context.Context {
	p, _ := From(ctx)
	return store.Audited(ctx, store.Caller{
		Actor: p.Actor(), Kind: p.Kind.String(), Via: p.Via, Action: action, Reason: reason, RequestID: requestID,
	})
}
