// SPDX-License-Identifier: Apache-2.0

package fulfil_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/server/clock/clocktest"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/explain"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/server/work"
	"github.com/koogate/koogate/store"
)

// scene is the core on a clock of its own, with an order that something happens to.
type scene struct {
	*rig
	clock *clocktest.Clock
}

func (s scene) wait(d time.Duration) { s.clock.Advance(d) }

// buy makes the call that buys CS1.
func (s scene) buy() { s.t.Helper(); s.buyAs("CS1") }

func (s scene) buyAs(order string) {
	s.t.Helper()
	_, err := s.NewInstance(s.t.Context(), fulfil.NewInstance{
		Endpoint: s.ep, OrderID: order, OrderLineID: order + "-000001", BusinessID: "biz-" + order, Arrived: s.clock.Now(),
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// ask does the order query that is due, and work the worker's next task.
func (s scene) ask() { s.t.Helper(); s.RunOrderQuery(s.t.Context(), s.now(fulfil.QueueOrderQuery)) }
func (s scene) work() {
	s.t.Helper()
	s.wait(2 * time.Second)
	s.complete(s.now("worker"))
}

// create brings CS1 to an active instance.
func (s scene) create() {
	s.t.Helper()
	s.buy()
	s.wait(time.Second)
	s.ask()
	s.work()
	s.wait(time.Hour)
}

func (s scene) must(_ fulfil.Answer, err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// hand does something by hand to CS1's instance.
func (s scene) hand(act func(context.Context, fulfil.ByHand) (store.Instance, error), force bool) {
	s.t.Helper()
	h := byHand("case 7")
	h.Force = force
	if _, err := act(s.t.Context(), h); err != nil {
		s.t.Fatal(err)
	}
}

// giveUp fails a task for good.
func (s scene) giveUp(code resultcode.Code, message, customer string) store.Task {
	s.t.Helper()
	task, err := s.FailTask(s.t.Context(), s.failure(code, message, customer, true))
	if err != nil {
		s.t.Fatal(err)
	}
	return task
}

func (s scene) failure(code resultcode.Code, message, customer string, permanent bool) fulfil.Failure {
	s.t.Helper()
	t := s.now("worker")
	return fulfil.Failure{Seller: "demo", TaskID: t.ID, Fence: t.Fence, Permanent: permanent, Code: code, Message: message, Customer: customer}
}

func (s scene) stumble(message string) {
	s.t.Helper()
	if _, err := s.FailTask(s.t.Context(), s.failure("", message, "", false)); err != nil {
		s.t.Fatal(err)
	}
}

// licence asks for a licence of CS1.
func (s scene) licence() {
	s.t.Helper()
	s.must(s.getLicence("E1", func(c *fulfil.IssueLicence) { c.Arrived = s.clock.Now() }))
}

func (s scene) upload() {
	s.t.Helper()
	s.RunLicenceUpload(s.t.Context(), s.now(fulfil.QueueLicenceUpload))
}

var (
	away    = &fulfil.QueryError{Retryable: true, Code: "NETWORK", Cause: errors.New("canary-cause")}
	renewed = time.Date(2028, 11, 23, 15, 59, 59, 0, time.UTC)
)

// situations are what can become of an order, and how it gets there.
var situations = []struct {
	name    string
	options []option
	order   string // CS1 unless it says otherwise
	play    func(s scene)
}{
	{name: "01-created", play: func(s scene) { s.buy(); s.wait(time.Second) }},
	{name: "02-waits-for-a-worker", play: func(s scene) {
		s.none("worker")
		s.buy()
		s.ask()
		s.wait(30 * time.Second)
	}},
	{name: "03-done", play: func(s scene) { s.buy(); s.ask(); s.work(); s.wait(time.Minute) }},
	{name: "04-done-at-once", options: []option{withBudget(4 * time.Second)}, play: func(s scene) {
		bought := make(chan error, 1)
		go func() {
			_, err := s.NewInstance(s.t.Context(), fulfil.NewInstance{
				Endpoint: s.ep, OrderID: "CS1", OrderLineID: "CS1-000001", BusinessID: "biz-CS1", Arrived: s.clock.Now(),
			})
			bought <- err
		}()
		s.RunOrderQuery(s.t.Context(), s.soon(fulfil.QueueOrderQuery))
		s.complete(s.soon("worker"))
		if err := <-bought; err != nil {
			s.t.Fatal(err)
		}
		s.wait(time.Hour)
	}},
	{name: "05-query-fails", options: []option{slowly}, play: func(s scene) {
		s.market.fail(away, away, away)
		s.buy()
		s.ask()
		s.wait(time.Minute)
		s.ask()
		s.wait(2 * time.Minute)
		s.ask()
		s.wait(time.Minute)
	}},
	{name: "06-query-gave-up", play: func(s scene) {
		s.market.fail(&fulfil.QueryError{Code: "MKT.0150", Cause: errors.New("canary-cause")})
		s.buy()
		s.ask()
		s.wait(10 * time.Minute)
	}},
	{name: "07-no-provisioner", options: []option{func(_ *fulfil.Config, ep *fulfil.Endpoint, _ *fulfil.Deps) {
		ep.Products = map[string]fulfil.ProductRule{"OFFI-9": {Provisioner: "worker"}}
	}}, play: func(s scene) { s.buy(); s.ask(); s.wait(time.Minute) }},
	{name: "08-worker-away", play: func(s scene) { s.buy(); s.ask(); s.wait(25 * time.Minute) }},
	{name: "09-worker-at-work", play: func(s scene) { s.buy(); s.ask(); s.now("worker"); s.wait(20 * time.Second) }},
	{name: "10-lease-dropped", play: func(s scene) { s.buy(); s.ask(); s.now("worker"); s.wait(5 * time.Minute) }},
	{name: "11-worker-fails", options: []option{slowly}, play: func(s scene) {
		s.buy()
		s.ask()
		s.stumble("no room in zone a")
		s.wait(time.Minute)
		s.stumble("no room in zone b")
		s.wait(30 * time.Second)
	}},
	{name: "12-sold-out", play: func(s scene) {
		s.buy()
		s.ask()
		s.giveUp(resultcode.SoldOut, "the pool is empty", "All seats are taken")
		s.wait(time.Minute)
	}},
	{name: "13-failed-without-a-code", play: func(s scene) {
		s.buy()
		s.ask()
		s.giveUp("", "panic:\nnil map\x1b[31m", "")
		s.wait(time.Minute)
	}},
	{name: "14-deadline-near", play: func(s scene) { s.buy(); s.ask(); s.wait(2*time.Hour + 20*time.Minute) }},
	{name: "15-refunded", play: func(s scene) {
		s.buy()
		s.ask()
		s.giveUp(resultcode.ProductInternal, "disk full", "")
		s.wait(4 * time.Hour)
	}},
	{name: "16-retried-by-force", play: func(s scene) {
		s.buy()
		s.ask()
		task := s.giveUp(resultcode.ProductInternal, "disk full", "")
		s.wait(4 * time.Hour)
		_, err := s.RetryTask(s.t.Context(), fulfil.Retry{Seller: "demo", TaskID: task.ID, Force: true, Reason: "the buyer paid by bank", Who: "anna"})
		if err != nil {
			s.t.Fatal(err)
		}
		s.wait(10 * time.Second)
	}},
	{name: "17-v1-held", play: func(s scene) { s.must(s.toldLate()); s.wait(5 * time.Minute) }},
	{name: "18-v1-done", play: func(s scene) { s.must(s.toldLate()); s.work(); s.wait(time.Hour) }},
	{name: "19-renewal", play: func(s scene) {
		s.create()
		s.must(s.refresh(fulfil.SceneRenewal, "CSr1", renewed))
		s.wait(10 * time.Second)
	}},
	{name: "20-renewal-too-late", play: func(s scene) {
		s.create()
		s.must(s.refresh(fulfil.SceneRenewal, "CSr2", renewed.AddDate(1, 0, 0)))
		s.work()
		s.must(s.refresh(fulfil.SceneRenewal, "CSr1", renewed))
		s.wait(10 * time.Second)
	}},
	{name: "21-conversion", play: func(s scene) {
		trial := yearly
		trial.OrderType = "TRIAL"
		s.market.set("CS1", trial)
		s.create()
		s.must(s.refresh(fulfil.SceneTrialToFormal, "CSf", renewed))
		s.wait(10 * time.Second)
	}},
	{name: "22-renewal-refunded", play: func(s scene) {
		s.create()
		s.must(s.refresh(fulfil.SceneRenewal, "CSr1", renewed))
		s.work()
		s.must(s.refresh(fulfil.SceneUnsubscribe, "CSr1", yearly.ExpireAt))
		s.work()
	}},
	{name: "23-upgrade", play: func(s scene) {
		s.create()
		s.must(s.UpgradeInstance(s.t.Context(), fulfil.Upgrade{Endpoint: s.ep, InstanceID: "biz-CS1", OrderID: "CSu", OrderLineID: "CSu-000001"}))
		s.wait(time.Second)
		s.ask()
		s.wait(10 * time.Second)
	}},
	{name: "24-upgrade-refused", play: func(s scene) {
		s.create()
		answered := make(chan error, 1)
		go func() {
			_, err := s.ChangeInstanceCheck(s.t.Context(), fulfil.CheckChange{Endpoint: s.ep, InstanceID: "biz-CS1", Target: store.Product{ProductID: "OFFI-2"}})
			answered <- err
		}()
		task := s.soon("worker")
		_, err := s.CompleteTask(s.t.Context(), fulfil.Completion{Seller: "demo", TaskID: task.ID, Fence: task.Fence, Verdict: &fulfil.Verdict{Message: "too many users"}})
		if err := errors.Join(err, <-answered); err != nil {
			s.t.Fatal(err)
		}
	}},
	{name: "25-frozen", play: func(s scene) {
		s.create()
		s.must(s.UpdateInstanceStatus(s.t.Context(), fulfil.UpdateStatus{Endpoint: s.ep, InstanceID: "biz-CS1", Freeze: true, Expired: true}))
		s.work()
		s.wait(time.Hour)
	}},
	{name: "26-frozen-while-created", play: func(s scene) { s.buy(); s.ask(); s.must(s.status(true)); s.wait(10 * time.Second) }},
	{name: "27-thawed", play: func(s scene) { s.create(); s.must(s.status(true)); s.work(); s.must(s.status(false)); s.work() }},
	{name: "28-packages-used-up", play: func(s scene) {
		s.create()
		if err := s.FreezeInstance(s.t.Context(), "demo", "biz-CS1", fulfil.CauseQuota); err != nil {
			s.t.Fatal(err)
		}
		s.work()
	}},
	{name: "29-released", play: func(s scene) { s.create(); s.must(s.release()); s.work() }},
	{name: "30-release-waits-for-the-creation", play: func(s scene) {
		s.buy()
		s.ask()
		s.now("worker")
		s.must(s.release())
		s.wait(10 * time.Second)
	}},
	{name: "31-licence-delivered", play: func(s scene) { s.create(); s.licence(); s.issueNow(); s.upload() }},
	{name: "32-licence-not-delivered", options: []option{slowly}, play: func(s scene) {
		s.create()
		s.licence()
		s.issueNow()
		s.market.fail(away)
		s.upload()
		s.wait(5 * time.Second)
	}},
	{name: "33-conflict", order: "CS2", play: func(s scene) {
		s.create()
		s.buyAs("CS2")
		s.ask()
		s.work()
		s.must(s.refresh(fulfil.SceneRenewal, "CSr1", renewed))
		_, err := s.RefreshInstance(s.t.Context(), fulfil.Refresh{
			Endpoint: s.ep, Scene: fulfil.SceneRenewal, OrderID: "CSr1", OrderLineID: "CSr1-000001", InstanceID: "biz-CS2", ExpireAt: renewed,
		})
		if err == nil {
			s.t.Fatal("a conflict was not refused")
		}
	}},
	{name: "34-another-endpoint", options: []option{func(_ *fulfil.Config, ep *fulfil.Endpoint, _ *fulfil.Deps) { ep.Isolate = true }}, play: func(s scene) {
		s.create()
		other := *s.ep
		other.Name = "moved"
		if _, err := s.UpdateInstanceStatus(s.t.Context(), fulfil.UpdateStatus{Endpoint: &other, InstanceID: "biz-CS1", Freeze: true}); err == nil {
			s.t.Fatal("an isolated instance was frozen by another endpoint")
		}
	}},
	{name: "35-gap", options: []option{withGaps}, play: func(s scene) {
		s.create()
		g := store.Gap{Seller: "demo", ID: "g", Since: s.clock.Now().Add(-2 * time.Minute), OpenedAt: s.clock.Now()}
		if err := s.store.OpenGap(s.t.Context(), g); err != nil {
			s.t.Fatal(err)
		}
	}},
	{name: "36-announced", play: func(s scene) { s.must(s.notify("CS1", "CS1-000001")); s.ask() }},
	{name: "37-renewal-answered-when-done", options: []option{func(_ *fulfil.Config, ep *fulfil.Endpoint, _ *fulfil.Deps) {
		ep.OnCompletion = map[string]bool{"refreshInstance": true}
	}}, play: func(s scene) {
		s.create()
		s.must(s.RefreshInstance(s.t.Context(), fulfil.Refresh{
			Endpoint: s.ep, Scene: fulfil.SceneRenewal, OrderID: "CSr1", OrderLineID: "CSr1-000001", InstanceID: "biz-CS1", ExpireAt: renewed,
			Arrived: s.clock.Now().Add(-time.Minute),
		}))
		s.wait(10 * time.Second)
	}},
	{name: "38-odd-calls", play: func(s scene) {
		s.create()
		s.Quarantine(s.t.Context(), "demo", "CS1", "updateInstanceStatus", "status", "PAUSE\n")
		s.Repaired(s.t.Context(), "demo", "CS1", "newInstance", []string{"customerName"})
		s.must(s.refresh(fulfil.SceneRenewal, "CSr1", renewed))
		s.work()
		s.must(s.refresh(fulfil.SceneRenewal, "CSr1", renewed.AddDate(1, 0, 0)))
	}},
	{name: "40-frozen-by-hand", play: func(s scene) {
		s.create()
		s.hand(s.FreezeByHand, false)
		s.wait(time.Minute)
		s.must(s.status(true))
		s.wait(time.Minute)
		s.must(s.status(false))
	}},
	{name: "41-thawed-by-hand", play: func(s scene) {
		s.create()
		s.must(s.status(true))
		s.work()
		s.hand(s.FreezeByHand, false)
		s.wait(time.Hour)
		s.hand(s.UnfreezeByHand, false)
	}},
	{name: "42-released-by-hand", play: func(s scene) { s.create(); s.hand(s.ReleaseByHand, true); s.work() }},
	{name: "43-extended", play: func(s scene) {
		s.create()
		s.hand(s.FreezeByHand, false)
		task := s.now("worker")
		s.fail(task, false)
		_, err := s.ExtendTask(s.t.Context(), fulfil.Extension{
			Seller: "demo", TaskID: task.ID, Until: task.RetryUntil.Add(24 * time.Hour), Reason: "the CRM is being moved", Who: "token ops",
		})
		if err != nil {
			s.t.Fatal(err)
		}
	}},
	{name: "44-imported", play: func(s scene) {
		_, err := s.Import(s.t.Context(), fulfil.Imports{Seller: "demo", Rows: []fulfil.Import{importRow("CS1")}, Who: "token ops", Why: "moving in"})
		if err != nil {
			s.t.Fatal(err)
		}
		s.wait(time.Hour)
		s.must(s.status(true))
		s.work()
	}},
	{name: "45-identified", options: []option{withAdopt}, play: func(s scene) {
		release := func() error {
			_, err := s.ReleaseInstance(s.t.Context(), fulfil.Release{Endpoint: s.ep, InstanceID: stranger})
			return err
		}
		s.wantReason(release(), errs.InstanceUnconfirmed)
		s.wait(time.Minute)
		task := s.now("worker")
		if _, err := s.mine(task, strangers("CS1")); err != nil {
			s.t.Fatal(err)
		}
		s.wait(time.Hour)
		if err := release(); err != nil {
			s.t.Fatal(err)
		}
	}},
	{name: "39-provisioner-removed", play: func(s scene) {
		s.buy()
		s.ask()
		s.Work.Provide(work.Queue{Name: "other", Sellers: []string{"demo"}})
		s.wait(10 * time.Second)
	}},
}

// slowly has failed attempts tried again after minutes.
func slowly(cfg *fulfil.Config, _ *fulfil.Endpoint, _ *fulfil.Deps) {
	cfg.BackoffBase, cfg.BackoffMax = time.Minute, 5*time.Minute
}

// soon leases what another goroutine's call queues.
func (s scene) soon(queue string) store.Task {
	s.t.Helper()
	for range 5000 {
		if ts := s.leaseAll(queue, 0); len(ts) == 1 {
			return ts[0]
		}
		time.Sleep(time.Millisecond)
	}
	s.t.Fatalf("no task in queue %q", queue)
	return store.Task{}
}

func (s scene) issueNow() {
	s.t.Helper()
	s.wait(2 * time.Second)
	if err := s.issue(s.now("worker"), text); err != nil {
		s.t.Fatal(err)
	}
}

// toldLate is a call of V1 for whose instance nobody waits any more.
func (s scene) toldLate() (fulfil.Answer, error) {
	return s.told("CS1", "biz-CS1", func(c *fulfil.NewInstance) {
		c.Arrived, c.OrderLineID = s.clock.Now().Add(-c.Endpoint.HoldBudget), "CS1-000001"
	})
}

// TestAccountsOfOrders makes every situation with the core itself and compares the account, in both languages, with its golden
// files. KOOGATE_GOLDEN=write writes them.
func TestAccountsOfOrders(t *testing.T) {
	t.Parallel()
	for _, c := range situations {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			ids := 0
			named := func(_ *fulfil.Config, _ *fulfil.Endpoint, d *fulfil.Deps) {
				d.NewID = func() string { ids++; return fmt.Sprintf("00000000-0000-7000-8000-%012d", ids) }
			}
			r, clock := fakeClock(t, append(c.options, named)...)
			c.play(scene{r, clock})
			told, err := r.Situation(t.Context(), "demo", cmp.Or(c.order, "CS1"))
			if err != nil {
				t.Fatal(err)
			}
			a := explain.Of(told)
			wantGolden(t, c.name+".en.txt", string(a.Standing)+"\n"+a.Whole.EN)
			wantGolden(t, c.name+".zh.txt", string(a.Standing)+"\n"+a.Whole.ZH)
			wantSound(t, told, a)
		})
	}
}

func wantGolden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", "explain", name)
	if os.Getenv("KOOGATE_GOLDEN") == "write" {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil || string(want) != got {
		t.Errorf("%s: %v; the account is now\n%s", name, err, got)
	}
}

// wantSound checks what is true of every account: it names every task that is open or failed, says nothing without a text in both
// languages, nothing of a personal datum or secret, and has each statement on a line of its own.
func wantSound(t *testing.T, told explain.Situation, a explain.Account) {
	t.Helper()
	lines := slices.Concat(a.Arrived, a.Answered, a.Done, a.Pending, a.Next, a.YouCan, []explain.Line{{Text: a.Summary}})
	for _, task := range told.Order.Tasks {
		if !slices.ContainsFunc(a.Pending, func(l explain.Line) bool { return l.TaskID == task.ID }) {
			t.Errorf("nothing is said about task %s %s %s", task.ID, task.Kind, task.State)
		}
	}
	for _, l := range lines {
		if l.Text.EN == "" || l.Text.ZH == "" || strings.ContainsFunc(l.Text.EN+l.Text.ZH, unicode.IsControl) {
			t.Errorf("a statement is %q %q", l.Text.EN, l.Text.ZH)
		}
	}
	for _, text := range []string{a.Whole.EN, a.Whole.ZH} {
		if strings.Contains(text, "canary") || strings.Contains(text, "%!") || strings.Contains(text, "0001-01-01") {
			t.Errorf("the account is %s", text)
		}
	}
}
