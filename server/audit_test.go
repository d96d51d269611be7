// SPDX-License-Identifier: Apache-2.0

package server_test

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/types/known/timestamppb"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/config"
	"github.com/koogate/koogate/server/interceptor"
	"github.com/koogate/koogate/store"
)

// auditRows are the audit rows of acme and of whom it adds, the newest first.
func (r *rig) auditRows(t *testing.T) []store.AuditRow {
	t.Helper()
	var rows []store.AuditRow
	for _, seller := range []string{"acme", "beta"} { // beta is whom acme's cases add
		some, err := r.deps.Store.ListAudit(t.Context(), store.ListQuery{Seller: seller, Desc: true, Limit: 10_000})
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, some...)
	}
	slices.SortFunc(rows, func(a, b store.AuditRow) int { return cmp.Compare(b.ID, a.ID) })
	return rows
}

// trail follows what calls leave in the audit.
type trail struct {
	r    *rig
	seen int
	left map[string]int // rows by method
}

// judge looks at what a call has left since the one before: nothing when it was refused or is declared to leave nothing, otherwise
// rows that name it and its caller. A code whose activation fails is claimed before and freed afterwards, which rows tell.
func (l *trail) judge(t *testing.T, name, method, via string, succeeded bool) {
	t.Helper()
	rows := l.r.auditRows(t)
	fresh := rows[:len(rows)-l.seen]
	l.seen = len(rows)
	leaves := interceptor.Leaves("/koogate.v1." + method)
	if len(fresh) > 0 && (!succeeded && method != "LicenceService/ActivateLicence" || leaves != koogatev1.Audit_AUDIT_ROW) {
		t.Errorf("%s: %s left %+v, and it is declared as %v and succeeded: %v", name, method, fresh, leaves, succeeded)
	}
	for _, row := range fresh {
		l.left[method]++
		if row.Action != "koogate.v1."+method || row.Kind != "token" || row.Via != via || !strings.HasPrefix(row.Actor, "token ") && row.Actor != "api token" ||
			row.RequestID == "" || row.RequestID != fresh[0].RequestID || len(row.After) != 64 || row.Resources == "{}" || row.At.IsZero() {
			t.Errorf("%s: %s left %+v", name, method, row)
		}
		if text := fmt.Sprintf("%+v", row); strings.Contains(text, "canary") { // as secrets and personal data are in the cases
			t.Errorf("%s: a value of the call is in %s", name, text)
		}
	}
}

// wantTrails fails for a method that is declared to leave a row and left none in any case, or in another number than its cases say.
func wantTrails(t *testing.T, left map[string]int) {
	t.Helper()
	declared := 0
	for method := range rpcs() {
		switch interceptor.Leaves(method) {
		case koogatev1.Audit_AUDIT_ROW:
			declared++
			if short := strings.TrimPrefix(method, "/koogate.v1."); left[short] == 0 {
				t.Errorf("%s is declared to leave a row, and no case has left one", method)
			}
		case koogatev1.Audit_AUDIT_UNSPECIFIED:
			t.Errorf("%s does not declare what it leaves in the audit", method)
		case koogatev1.Audit_AUDIT_EVENTS:
			if !strings.HasPrefix(method, "/koogate.production.v1.") {
				t.Errorf("%s leaves events in place of rows, which only the marketplace's calls do", method)
			}
		default:
		}
	}
	t.Logf("%d methods, %d leave rows: %v", len(rpcs()), declared, slices.Sorted(maps.Keys(left)))
}

// TestARowSaysWhoWhyAndByWhichCall follows one operator's act, by REST and by gRPC.
func TestARowSaysWhoWhyAndByWhichCall(t *testing.T) {
	r := start(t, withoutJobs)
	r.admit(t, "CS1")
	id := r.mustCall("worked", newInstance("CS1")).InstanceID
	before := time.Now()
	r.work(t, acmeToken)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPatch, "http://"+r.Addr(config.ListenerAPI)+"/v1/instances/"+id+"/access?reason=INC-1",
		strings.NewReader(`{"memo":"m"}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+supportToken)
	req.Header.Set("X-Request-Id", "ticket-4711")
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if got := resp.Header.Get("X-Request-Id"); resp.StatusCode != http.StatusOK || got != "ticket-4711" {
		t.Fatalf("%d, request %q", resp.StatusCode, got)
	}
	var header metadata.MD
	_, err = koogatev1.NewInstanceServiceClient(r.dial(supportToken)).UpdateInstanceAccess(
		metadata.AppendToOutgoingContext(t.Context(), interceptor.RequestID, "a text that is no ID"),
		&koogatev1.UpdateInstanceAccessRequest{InstanceId: id, Access: &koogatev1.InstanceAccess{Memo: "n"}, Reason: "INC-2"}, grpc.Header(&header))
	if err != nil || len(header.Get(interceptor.RequestID)) != 1 {
		t.Fatalf("%v, %v", header, err)
	}
	rows := r.auditRows(t)
	if len(rows) != 3 {
		t.Fatalf("%+v", rows)
	}
	events := eventsOf(t, r, "CS1")
	for i, want := range []store.Caller{
		{Actor: "token support", Kind: "token", Via: "grpc", Action: "koogate.v1.InstanceService/UpdateInstanceAccess", Reason: "INC-2", RequestID: header.Get(interceptor.RequestID)[0]},
		{Actor: "token support", Kind: "token", Via: "api", Action: "koogate.v1.InstanceService/UpdateInstanceAccess", Reason: "INC-1", RequestID: "ticket-4711"},
		{Actor: "api token", Kind: "token", Via: "grpc", Action: "koogate.v1.TaskService/CompleteTask", RequestID: rows[2].RequestID},
	} {
		got, last := rows[i], events[len(events)-1-i]
		if got.Caller != want || got.At.Before(before.Add(-time.Second)) || got.After != last.GetHash() || got.Before != last.GetPrevHash() ||
			!strings.Contains(got.Resources, `"instance":["`+id+`"],"order":["CS1"]`) {
			t.Errorf("got %+v\nwant %+v, digests %s and %s", got, want, last.GetPrevHash(), last.GetHash())
		}
	}
}

// usageTrails has usage reported, streamed and corrected. Each batch of a stream commits by itself, and so does its row; what is there
// already leaves none.
func usageTrails(t *testing.T, left map[string]int) {
	t.Helper()
	r := start(t, withoutJobs, metered)
	r.market.setMode("ON_DEMAND")
	r.admit(t, "CS1")
	audit, end := trail{r: r, left: left}, timestamppb.Now()
	client := koogatev1.NewUsageServiceClient(r.dial(acmeToken))
	batch := func(keys ...string) (records []*koogatev1.RawUsage) {
		for _, k := range keys {
			records = append(records, &koogatev1.RawUsage{Key: k, InstanceId: "biz-CS1", Value: "1", EndTime: end})
		}
		return records
	}
	calls := []struct {
		name, method string
		rows         int
		call         func() error
	}{
		{"two records", "ReportUsage", 1, func() error {
			_, err := client.ReportUsage(t.Context(), &koogatev1.ReportUsageRequest{Records: batch("r1", "r2")})
			return err
		}},
		{"the same again", "ReportUsage", 0, func() error {
			_, err := client.ReportUsage(t.Context(), &koogatev1.ReportUsageRequest{Records: batch("r1", "r2")})
			return err
		}},
		{"three batches, one of which is there", "StreamUsage", 2, func() error {
			stream, err := client.StreamUsage(t.Context())
			for _, records := range [][]*koogatev1.RawUsage{batch("a", "b"), batch("c"), batch("a", "c", "r1")} {
				if err == nil {
					err = stream.Send(&koogatev1.StreamUsageRequest{Records: records})
				}
			}
			if err == nil {
				_, err = stream.CloseAndRecv()
			}
			return err
		}},
		{"a correction", "CorrectUsage", 1, func() error {
			_, err := client.CorrectUsage(t.Context(), &koogatev1.CorrectUsageRequest{Key: "x", Corrects: "r1", Value: "2", Reason: "INC-3"})
			return err
		}},
		{"the same correction", "CorrectUsage", 0, func() error {
			_, err := client.CorrectUsage(t.Context(), &koogatev1.CorrectUsageRequest{Key: "x", Corrects: "r1", Value: "2"})
			return err
		}},
	}
	for _, c := range calls {
		if err := c.call(); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		before := audit.seen
		audit.judge(t, c.name, "UsageService/"+c.method, config.ListenerGRPC, true)
		if got := audit.seen - before; got != c.rows {
			t.Errorf("%s left %d rows, want %d", c.name, got, c.rows)
		}
	}
	if newest := r.auditRows(t)[0]; newest.Reason != "INC-3" || newest.Resources != `{"usage":["r1","x"]}` {
		t.Errorf("%+v", newest)
	}
}
