// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"context"
	"time"

	"google.golang.org/protobuf/proto"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
)

// AuditList is koogate audit list where it asks a service.
type AuditList = List[koogatev1.ListAuditEntriesRequest, AuditFlags]

// AuditFlags narrow the audit down.
type AuditFlags struct {
	Filter  string    `api:"filter" help:"Of a service: only these, field = \"value\" over order_id, actor and action, joined by AND." placeholder:"FILTER"`
	OrderBy string    `api:"order_by" help:"Of a service: create_time desc (default) or create_time asc." placeholder:"ORDER"`
	Limit   int       `help:"At most so many rows, 1 to 10000, of a service 0 for all." default:"100" placeholder:"N"`
	After   time.Time `kong:"-"` // rows from before are left out, and end a list that begins with the newest
}

func (f AuditFlags) most() int { return f.Limit }

func (f AuditFlags) past(m proto.Message) bool {
	return m.(*koogatev1.AuditEntry).GetCreateTime().AsTime().Before(f.After)
}

// QueueList is koogate queues where it asks a service for data.
type QueueList = List[koogatev1.ListQueuesRequest, none]

// Queues asks what waits in the queues, and has show show it.
func Queues(ctx context.Context, env *Env, l *QueueList, show func(*koogatev1.ListQueuesResponse) error) error {
	return with(l.Choice, env, l.Output, func(s *service) error {
		all, err := call[*koogatev1.ListQueuesResponse](ctx, s, &koogatev1.ListQueuesRequest{})
		if err != nil {
			return err
		}
		return show(all)
	})
}
