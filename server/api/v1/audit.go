// SPDX-License-Identifier: Apache-2.0

package v1

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/audit"
	"github.com/koogate/koogate/store"
)

// Audit is what AuditService reads; audit.Reader is one.
type Audit interface {
	Entries(ctx context.Context, q store.ListQuery) ([]store.AuditRow, error)
}

var _ Audit = audit.Reader{}

// audits serves AuditService.
type audits struct {
	koogatev1.UnimplementedAuditServiceServer

	audit Audit
}

// ListAuditEntries implements AuditService.
func (s *audits) ListAuditEntries(ctx context.Context, r *koogatev1.ListAuditEntriesRequest) (*koogatev1.ListAuditEntriesResponse, error) {
	l := list[store.AuditRow]{
		name: "audit", fields: fields{"order_id": nil, "actor": nil, "action": nil}, read: s.audit.Entries,
		place: func(x store.AuditRow) store.Cursor {
			return store.Cursor{CreatedAt: x.At, ID: strconv.FormatInt(x.ID, 10)}
		},
	}
	rows, next, err := l.page(ctx, r)
	if err != nil {
		return nil, err
	}
	m := &koogatev1.ListAuditEntriesResponse{NextPageToken: next}
	for _, x := range rows {
		e, err := auditEntryOf(x)
		if err != nil {
			return nil, err
		}
		m.AuditEntries = append(m.AuditEntries, e)
	}
	return m, nil
}

func auditEntryOf(x store.AuditRow) (*koogatev1.AuditEntry, error) {
	m := &koogatev1.AuditEntry{
		AuditId: x.ID, CreateTime: timestamp(x.At), Actor: x.Actor, Kind: callerKind(x.Kind), Listener: x.Via, Action: x.Action, OrderId: x.OrderID,
		Reason: x.Reason, BeforeDigest: x.Before, AfterDigest: x.After, RequestId: x.RequestID,
	}
	var resources map[string][]string
	if err := json.Unmarshal([]byte(x.Resources), &resources); err != nil {
		return nil, fmt.Errorf("audit row %d: resources: %w", x.ID, err)
	}
	for _, kind := range slices.Sorted(maps.Keys(resources)) {
		m.Resources = append(m.Resources, &koogatev1.AuditedResource{Kind: kind, Ids: resources[kind]})
	}
	return m, nil
}

func callerKind(kind string) koogatev1.CallerKind {
	return koogatev1.CallerKind(koogatev1.CallerKind_value[prefixCallerKind+strings.ToUpper(kind)])
}
