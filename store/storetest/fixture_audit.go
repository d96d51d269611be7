// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"context"

	"github.com/koogate/koogate/store"
)

// AuditCaller makes the calls that leave audit rows.
var AuditCaller = store.Caller{
	Actor: "token support", Kind: "token", Via: "api", Action: "koogate.v1.TaskService/RetryTask", Reason: "机器修好了", RequestID: "r-1",
}

// AuditedCall is the context of a call that leaves audit rows.
func AuditedCall(ctx context.Context) context.Context { return store.Audited(ctx, AuditCaller) }
