// SPDX-License-Identifier: Apache-2.0

package audit_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace/noop"
	"go.uber.org/goleak"

	"github.com/koogate/koogate/server/audit"
	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/telemetry"
	"github.com/koogate/koogate/server/work"
	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/backendtest"
	"github.com/koogate/koogate/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	day  = 24 * time.Hour
	keep = 400 * day
)

// played is what a process that keeps rows for so long has left after a while, of rows of these ages in days, and its log and its job.
func played(t *testing.T, st store.Store, exec func(string), keep time.Duration, until func(left int, job store.Task) bool, ages ...int) (left []store.AuditRow, log string) {
	t.Helper()
	for _, age := range ages {
		exec(fmt.Sprintf(`INSERT INTO audit (seller, at, actor, kind, via, action, resources, reason, before_digest, after_digest, request_id)
			VALUES ('acme', %d, 'token crm', 'token', 'api', 'x', '{}', '', '', '', '%d')`, time.Now().Add(-time.Duration(age)*day-time.Minute).UnixMicro(), age))
	}
	var text bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&text, nil))
	w := work.New(work.Deps{
		Store: st, Clock: clock.System{}, NewID: storetest.NewID, Tracer: noop.NewTracerProvider().Tracer(""),
		Metrics: telemetry.NewMetrics(prometheus.NewRegistry()), Log: slog.New(slog.DiscardHandler),
	})
	audit.Register(audit.Deps{Rows: st, Work: w, Keep: keep, Clock: clock.System{}, Log: logger})
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		if err := (work.Runner{Work: w, Worker: "test", Concurrency: 2, Lease: time.Second}).Run(ctx); err != nil {
			t.Error(err)
		}
	})
	defer func() {
		cancel()
		running.Wait()
		log = text.String()
	}()
	for end := time.Now().Add(15 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		rows, err := st.ListAudit(t.Context(), store.ListQuery{Seller: "acme", Desc: true, Limit: 10_000})
		if err != nil {
			t.Fatal(err)
		}
		job, err := st.Task(t.Context(), work.StandingID("koogate-forget-audit", ""))
		if err == nil && job.State == store.TaskReady && job.DueAt.After(time.Now()) && until(len(rows), job) {
			return rows, ""
		}
		if time.Now().After(end) {
			t.Fatalf("%d rows are left, the job is %+v", len(rows), job)
		}
	}
}

// A row lives as long as the configuration says. A job of nobody removes what is older, in batches until nothing is left, and says so.
func TestAuditRowsLiveTheirTimeOnBoth(t *testing.T) {
	backendtest.EachWithSQL(t, func(t *testing.T, st store.Store, exec func(string)) {
		exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1500)
			INSERT INTO audit (seller, at, actor, kind, via, action, resources, reason, before_digest, after_digest, request_id)
			SELECT 'acme', i, 'token crm', 'token', 'api', 'x', '{}', '', '', '', '' FROM n`)
		young := func(left int, job store.Task) bool {
			rest := time.Until(job.DueAt)
			return left == 2 && job.Owner() == store.OwnerNobody && rest > 50*time.Minute && rest <= time.Hour
		}
		left, log := played(t, st, exec, keep, young, 500, 401, 399, 0)
		if left[0].RequestID != "0" || left[1].RequestID != "399" {
			t.Errorf("%+v", left)
		}
		if strings.Count(log, "audit rows") != 2 || !strings.Contains(log, "rows=1000") || !strings.Contains(log, "rows=502") {
			t.Errorf("the log says\n%s", log)
		}
	})
}

// Without a time rows live for ever.
func TestAuditRowsLiveForEverOnBoth(t *testing.T) {
	backendtest.EachWithSQL(t, func(t *testing.T, st store.Store, exec func(string)) {
		left, log := played(t, st, exec, 0, func(int, store.Task) bool { return true }, 9999, 0)
		if len(left) != 2 || log != "" {
			t.Errorf("%+v\n%s", left, log)
		}
	})
}
