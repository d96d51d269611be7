// SPDX-License-Identifier: Apache-2.0

package fulfil_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/server/clock/clocktest"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/server/gap"
	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/backendtest"
	"github.com/koogate/koogate/store/storetest"
)

// withAdopt has the worker asked about instances that are not known.
func withAdopt(_ *fulfil.Config, ep *fulfil.Endpoint, _ *fulfil.Deps) { ep.AskUnknown = true }

// withGaps knows the gaps that restores have left.
func withGaps(_ *fulfil.Config, _ *fulfil.Endpoint, d *fulfil.Deps) {
	d.Gaps = gap.New(gap.Deps{Store: d.Store, Clock: d.Clock, Metrics: d.Metrics, Log: d.Log})
}

// stranger is an instance of the vendor's that Koogate does not know, as the vendor's records tell it.
const stranger = "tenant-1"

func strangers(order string) *fulfil.Import {
	row := importRow(order)
	row.Endpoint, row.InstanceID = "", ""
	return &row
}

// renewal is a renewal of the stranger by an order of its own.
func (r *rig) renewal() (fulfil.Answer, error) {
	return r.RefreshInstance(r.t.Context(), fulfil.Refresh{
		Endpoint: r.ep, Scene: fulfil.SceneRenewal, OrderID: "CS9", OrderLineID: "CS9-1", InstanceID: stranger, ProductID: "OFFI-1",
		ExpireAt: yearly.ExpireAt.AddDate(1, 0, 0), Arrived: time.Now(),
	})
}

func (r *rig) wantReason(err error, want errs.Reason) {
	r.t.Helper()
	if e := errs.As(err); err == nil || e.Reason != want {
		r.t.Fatalf("error %v, want %s", err, want)
	}
}

// asked takes the question out of the queue.
func (r *rig) asked() store.Task {
	r.t.Helper()
	t := r.lease("worker")
	if t.Kind != store.TaskIdentify || t.InstanceID != stranger || t.OrderID != "" || t.Seq != 0 {
		r.t.Fatalf("asked %+v", t)
	}
	return t
}

func (r *rig) mine(t store.Task, known *fulfil.Import) (store.Task, error) {
	return r.CompleteTask(r.t.Context(), fulfil.Completion{Seller: "demo", TaskID: t.ID, Fence: t.Fence, Known: known})
}

func (r *rig) notMine(t store.Task) store.Task {
	r.t.Helper()
	done, err := r.FailTask(r.t.Context(), fulfil.Failure{Seller: "demo", TaskID: t.ID, Fence: t.Fence, Permanent: true, Code: resultcode.InstanceNotFound})
	if err != nil {
		r.t.Fatal(err)
	}
	return done
}

// tasks are all tasks about the stranger, oldest first.
func (r *rig) tasksOf(id string) (list []string) {
	r.t.Helper()
	tasks, err := r.store.ListTasks(r.t.Context(), store.ListQuery{Seller: "demo", Filter: []store.Term{{Field: "instance_id", Value: id}}, Limit: 100})
	if err != nil {
		r.t.Fatal(err)
	}
	for _, t := range tasks {
		list = append(list, fmt.Sprintf("%s %s", t.Kind, t.State))
	}
	return list
}

func (r *rig) wantTasks(want ...string) {
	r.t.Helper()
	if got := r.tasksOf(stranger); !slices.Equal(got, want) {
		r.t.Errorf("tasks %v, want %v", got, want)
	}
}

// A renewal of an instance that nobody knows asks the provisioner once, whatever comes meanwhile. When it is the provisioner's, the instance is there as if it
// had been imported, and the repeat is served.
func TestAStrangerIsAdoptedOnBoth(t *testing.T) {
	backendtest.Each(t, func(t *testing.T, st store.Store) {
		r := over(t, st, withAdopt)
		for range 3 {
			_, err := r.renewal()
			r.wantReason(err, errs.InstanceUnconfirmed)
			if e := errs.As(err); e.Kind != errs.Unavailable || e.Retry <= 0 {
				t.Errorf("%+v", e)
			}
		}
		_, err := r.UpdateInstanceStatus(t.Context(), fulfil.UpdateStatus{Endpoint: r.ep, InstanceID: stranger, Freeze: true})
		r.wantReason(err, errs.InstanceUnconfirmed)
		task := r.asked()
		r.none("worker")
		p := fulfil.PayloadOf(task)
		if q := p.Question; q == nil || q.Activity != "refreshInstance" || q.Endpoint != "demo" || q.Family != "saas_v2" || q.Scene != "RENEWAL" {
			t.Errorf("question %+v", q)
		}
		if task.LineOrderID != "CS9" || task.LineID != "CS9-1" || p.ProductID != "OFFI-1" || !p.ExpireAt.Equal(yearly.ExpireAt.AddDate(1, 0, 0)) {
			t.Errorf("told %+v, %+v", task, p)
		}
		if window := task.Deadline.Sub(task.CreatedAt); window != 2*time.Hour || !p.Until.At.Equal(task.Deadline) || !task.RetryUntil.Equal(task.Deadline) {
			t.Errorf("asked for %s, until %+v", window, p.Until)
		}
		for range 2 { // the answer may be repeated
			done, err := r.mine(task, strangers("CS1"))
			if err != nil || done.State != store.TaskDone || done.OrderID != "CS1" {
				t.Fatalf("%+v, %v", done, err)
			}
		}
		i := r.state(stranger, store.InstanceActive)
		if i.OrderID != "CS1" || i.OrderLineID != "CS1-000001" || !i.ExpireAt.Equal(yearly.ExpireAt) || i.Product.SKUCode != "sku-1" || !i.CreatedAt.Equal(importedAt) {
			t.Errorf("adopted %+v", i)
		}
		if _, err := st.Question(t.Context(), "demo", stranger); err == nil {
			t.Error("the question is still there")
		}
		a, err := r.renewal()
		r.wantCode(a, err, resultcode.Success)
		if i := r.state(stranger, store.InstanceActive); !i.ExpireAt.Equal(yearly.ExpireAt.AddDate(1, 0, 0)) {
			t.Errorf("renewed until %s", i.ExpireAt)
		}
		r.work(store.TaskRefresh)
		if a := r.mustCall("CS1", "biz"); a.Code != resultcode.Success || a.InstanceID != stranger {
			t.Errorf("a late repeat of newInstance: %+v", a)
		}
		r.wantTasks("IDENTIFY DONE", "REFRESH DONE")
		es := r.events("CS1", fulfil.EventInstanceAdopted, fulfil.EventTaskCompleted, fulfil.EventRefreshed, fulfil.EventTaskCompleted)
		if d := es[0].Data; !strings.Contains(d, task.ID) || strings.Contains(d, "canary") {
			t.Errorf("the adoption says %s", d)
		}
	})
}

// What the provisioner does not know is answered as unknown, and nobody is asked again for a day.
func TestAStrangerStaysUnknownOnBoth(t *testing.T) {
	backendtest.Each(t, func(t *testing.T, st store.Store) {
		r := over(t, st, withAdopt)
		release := func() error {
			_, err := r.ReleaseInstance(t.Context(), fulfil.Release{Endpoint: r.ep, InstanceID: stranger})
			return err
		}
		r.wantReason(release(), errs.InstanceUnconfirmed)
		task := r.asked()
		for range 2 {
			if done := r.notMine(task); done.State != store.TaskFailed {
				t.Errorf("%+v", done)
			}
		}
		for range 3 {
			r.wantReason(release(), errs.InstanceNotFound)
		}
		r.none("worker")
		_, err := r.mine(task, strangers("CS1"))
		r.wantReason(err, errs.FencingTokenStale)
		q, err := st.Question(t.Context(), "demo", stranger)
		if err != nil || q.State != store.QuestionUnknown || q.Until.Sub(q.AskedAt).Round(time.Minute) != 24*time.Hour {
			t.Errorf("%+v, %v", q, err)
		}
		// An operator who knows better has it asked again.
		if _, err := r.RetryTask(t.Context(), fulfil.Retry{Seller: "demo", TaskID: task.ID, Reason: "restored", Who: "ann"}); err != nil {
			t.Fatal(err)
		}
		if _, err := r.mine(r.asked(), strangers("CS1")); err != nil {
			t.Fatal(err)
		}
		a, err := r.ReleaseInstance(t.Context(), fulfil.Release{Endpoint: r.ep, InstanceID: stranger})
		r.wantCode(a, err, resultcode.Success)
		r.work(store.TaskRelease)
		r.events("CS1", fulfil.EventInstanceAdopted, fulfil.EventTaskCompleted, fulfil.EventReleased, fulfil.EventTaskCompleted)
	})
}

// A failure without the answer is none: calls come again until the question is over.
func TestAFailureIsNoAnswer(t *testing.T) {
	r := newRig(t, withAdopt)
	_, err := r.renewal()
	r.wantReason(err, errs.InstanceUnconfirmed)
	task := r.asked()
	fail := func(permanent bool) store.Task {
		t.Helper()
		done, err := r.FailTask(t.Context(), fulfil.Failure{Seller: "demo", TaskID: task.ID, Fence: task.Fence, Permanent: permanent, Message: "no such kind"})
		if err != nil {
			t.Fatal(err)
		}
		return done
	}
	if done := fail(false); done.State != store.TaskReady || done.Reason != "no such kind" {
		t.Errorf("%+v", done)
	}
	task = r.asked()
	if task.Attempt != 2 {
		t.Errorf("attempt %d", task.Attempt)
	}
	if done := fail(true); done.State != store.TaskFailed {
		t.Errorf("%+v", done)
	}
	_, err = r.renewal()
	r.wantReason(err, errs.InstanceUnconfirmed)
	r.none("worker")
	r.wantTasks("IDENTIFY FAILED")
}

// A stranger may be frozen, expired or released; what the marketplace calls for later counts.
func TestStatesOfStrangers(t *testing.T) {
	r := newRig(t, withAdopt)
	query := func() (fulfil.Answer, []fulfil.Shown, error) {
		return r.QueryInstance(t.Context(), fulfil.Query{Endpoint: r.ep, InstanceIDs: stranger})
	}
	_, _, err := query()
	r.wantReason(err, errs.InstanceUnconfirmed)
	task := r.asked()
	if until := fulfil.PayloadOf(task).Until; !until.At.IsZero() || task.Deadline.Sub(task.CreatedAt) != 3*time.Hour {
		t.Errorf("nobody says how often a query is repeated: %+v, %s", until, task.Deadline)
	}
	known := strangers("CS1")
	known.State = fulfil.ImportExpired
	if _, err := r.mine(task, known); err != nil {
		t.Fatal(err)
	}
	r.state(stranger, store.InstanceFrozen)
	a, shown, err := query()
	r.wantCode(a, err, resultcode.Success)
	if len(shown) != 1 || shown[0].Access.Password != "canary-password" {
		t.Errorf("shown %d", len(shown))
	}
	a, err = r.renewal()
	r.wantCode(a, err, resultcode.Success)
	r.state(stranger, store.InstanceActive) // a renewal lifts an expiry
	r.events("CS1", fulfil.EventInstanceAdopted, fulfil.EventTaskCompleted, fulfil.EventRefreshed, fulfil.EventUnfrozen)

	// What was released stays released, and repeats of its release succeed.
	r = newRig(t, withAdopt)
	release := fulfil.Release{Endpoint: r.ep, InstanceID: stranger, OrderID: "CS8", OrderLineID: "CS8-1"}
	_, err = r.ReleaseInstance(t.Context(), release)
	r.wantReason(err, errs.InstanceUnconfirmed)
	known = strangers("CS1")
	known.State, known.Access = fulfil.ImportReleased, fulfil.Access{}
	if _, err := r.mine(r.asked(), known); err != nil {
		t.Fatal(err)
	}
	a, err = r.ReleaseInstance(t.Context(), release)
	r.wantCode(a, err, resultcode.Success)
	r.none("worker")
	_, err = r.renewal()
	r.wantReason(err, errs.InstanceNotFound)
	r.events("CS1", fulfil.EventInstanceAdopted, fulfil.EventTaskCompleted)
}

// A query shows what is known, and asks about the rest.
func TestAQueryOfSeveral(t *testing.T) {
	r := newRig(t, withAdopt)
	known := r.active("CS1")
	query := func() (fulfil.Answer, []fulfil.Shown, error) {
		return r.QueryInstance(t.Context(), fulfil.Query{Endpoint: r.ep, InstanceIDs: known + "," + stranger})
	}
	a, shown, err := query()
	r.wantCode(a, err, resultcode.Success)
	if len(shown) != 1 {
		t.Errorf("shown %+v", shown)
	}
	if _, err := r.mine(r.asked(), strangers("CS2")); err != nil {
		t.Fatal(err)
	}
	a, shown, err = query()
	r.wantCode(a, err, resultcode.Success)
	if len(shown) != 2 {
		t.Errorf("shown %+v", shown)
	}
	r.none("worker")
}

// Nobody is asked by what is no call of the marketplace about an instance that could be there.
func TestWhatAsksNobody(t *testing.T) {
	r := newRig(t, withAdopt)
	ctx := t.Context()
	for name, ask := range map[string]func() error{
		"the internal API": func() error { _, err := r.Instance(ctx, "demo", stranger); return err },
		"a freeze by hand": func() error {
			_, err := r.FreezeByHand(ctx, fulfil.ByHand{Seller: "demo", InstanceID: stranger, Reason: "x"})
			return err
		},
		"a used up package": func() error {
			_, err := r.UpdateInstanceStatus(ctx, fulfil.UpdateStatus{Endpoint: r.ep, InstanceID: stranger, Freeze: true, Cause: fulfil.CauseQuota})
			return err
		},
		"a long ID":   func() error { return r.releaseOf(strings.Repeat("x", 65)) },
		"a comma":     func() error { return r.releaseOf("a,b") },
		"no text":     func() error { return r.releaseOf("a\x07b") },
		"a blank end": func() error { return r.releaseOf("a ") },
	} {
		if err := ask(); err == nil || errs.As(err).Reason != errs.InstanceNotFound {
			t.Errorf("%s: %v", name, err)
		}
	}
	r.none("worker")
	// A gap goes first.
	r = newRig(t, withAdopt, withGaps)
	r.gap()
	_, err := r.renewal()
	r.wantReason(err, errs.RestoreGap)
	r.none("worker")
	// And without the setting everything is as it was.
	r = newRig(t)
	_, err = r.renewal()
	r.wantReason(err, errs.InstanceNotFound)
	r.none("worker")
}

func (r *rig) releaseOf(id string) error {
	_, err := r.ReleaseInstance(r.t.Context(), fulfil.Release{Endpoint: r.ep, InstanceID: id})
	return err
}

// What a provisioner says is held to what an import may say, and to what is there.
func TestAnswersThatCannotBe(t *testing.T) {
	r := newRig(t, withAdopt)
	r.active("CS1")
	_, err := r.renewal()
	r.wantReason(err, errs.InstanceUnconfirmed)
	task := r.asked()
	for name, c := range map[string]struct {
		change func(i *fulfil.Import)
		field  string
	}{
		"another instance":    {func(i *fulfil.Import) { i.InstanceID = "tenant-2" }, "instance_id"},
		"another endpoint":    {func(i *fulfil.Import) { i.Endpoint = "elsewhere" }, "endpoint"},
		"another family":      {func(i *fulfil.Import) { i.Family = fulfil.FamilySaasV1 }, "family"},
		"no order":            {func(i *fulfil.Import) { i.OrderID = "" }, "order_id"},
		"no state":            {func(i *fulfil.Import) { i.State = "" }, "state"},
		"no access":           {func(i *fulfil.Import) { i.Access = fulfil.Access{} }, "access.front_end_url"},
		"a line that is used": {func(i *fulfil.Import) { i.OrderID, i.OrderLineID = "CS1", "CS1-000001" }, "instance_id"},
	} {
		known := strangers("CS2")
		c.change(known)
		_, err := r.mine(task, known)
		if e := errs.As(err); err == nil || e.Kind != errs.Invalid || e.Reason != errs.ResultInvalid || len(e.Fields) != 1 || e.Fields[0].Path != "instance."+c.field ||
			strings.Contains(fmt.Sprint(err, e.Fields), "canary") {
			t.Errorf("%s: %v %+v", name, err, e)
		}
	}
	if _, err := r.mine(task, nil); err == nil || errs.As(err).Reason != errs.ResultInvalid {
		t.Error(err)
	}
	_, err = r.CompleteTask(t.Context(), fulfil.Completion{Seller: "demo", TaskID: task.ID, Fence: task.Fence, Access: &fulfil.Access{FrontEndURL: "https://a.example.com"}})
	r.wantReason(err, errs.ResultInvalid)
	_, err = r.CompleteTask(t.Context(), fulfil.Completion{Seller: "demo", TaskID: task.ID, Fence: task.Fence + 1, Known: strangers("CS2")})
	r.wantReason(err, errs.FencingTokenStale)
	r.wantTasks("IDENTIFY LEASED")
	r.events("CS1", fulfil.EventAdmitted, fulfil.EventOrderQueried, fulfil.EventTaskCompleted)
	// A further line of the order is no conflict.
	known := strangers("CS1")
	known.OrderLineID = "CS1-000002"
	if _, err := r.mine(task, known); err != nil {
		t.Fatal(err)
	}
	r.events("CS1", fulfil.EventAdmitted, fulfil.EventOrderQueried, fulfil.EventTaskCompleted, fulfil.EventInstanceAdopted, fulfil.EventTaskCompleted)
	// The answer of a question belongs to no other task.
	a := r.mustCall("CS3", "biz-CS3")
	r.query()
	create := r.lease("worker")
	_, err = r.mine(create, strangers("CS3"))
	r.wantReason(err, errs.ResultInvalid)
	done := r.notMine(create) // what no other task can say is read as a fault of the product
	if i := r.state(a.InstanceID, store.InstanceFailed); done.State != store.TaskFailed || i.FailureCode != string(resultcode.ProductInternal) {
		t.Errorf("%+v", i)
	}
}

// Whoever imports meanwhile, and the call that creates the order anew, decide: the answer changes nothing that is there.
func TestWhatComesBeforeTheAnswerOnBoth(t *testing.T) {
	backendtest.Each(t, func(t *testing.T, st store.Store) {
		r := over(t, st, withAdopt)
		_, err := r.renewal()
		r.wantReason(err, errs.InstanceUnconfirmed)
		task := r.asked()
		row := importRow("CS1")
		row.InstanceID, row.Product.LinearValue = stranger, 7
		r.verdict(fulfil.ImportCreated, row)
		a, err := r.renewal()
		r.wantCode(a, err, resultcode.Success)
		other := strangers("CS2")
		_, err = r.mine(task, other)
		r.wantReason(err, errs.ResultInvalid)
		done, err := r.mine(task, strangers("CS1"))
		if err != nil || done.State != store.TaskDone || done.OrderID != "CS1" {
			t.Fatalf("%+v, %v", done, err)
		}
		if i := r.state(stranger, store.InstanceActive); i.Product.LinearValue != 7 || !i.ExpireAt.Equal(yearly.ExpireAt.AddDate(1, 0, 0)) {
			t.Errorf("%+v", i)
		}
		r.events("CS1", fulfil.EventImported, fulfil.EventRefreshed, fulfil.EventTaskCompleted)
	})
}

// The first call about a line that a question is about makes its own instance; the answer then contradicts it and is refused.
func TestTheLineIsCreatedBeforeTheAnswer(t *testing.T) {
	r := newRig(t, withAdopt)
	_, err := r.renewal()
	r.wantReason(err, errs.InstanceUnconfirmed)
	task := r.asked()
	made := r.mustCall("CS1", "biz-CS1")
	_, err = r.mine(task, strangers("CS1"))
	r.wantReason(err, errs.ResultInvalid)
	r.notMine(task)
	_, err = r.renewal()
	r.wantReason(err, errs.InstanceNotFound)
	if again := r.mustCall("CS1", "biz-CS1"); again.InstanceID != made.InstanceID {
		t.Errorf("%+v, %+v", made, again)
	}
	r.events("CS1", fulfil.EventAdmitted)
}

// The order of the renewal may be known here.
func TestARenewalWhoseOrderIsKnown(t *testing.T) {
	r := newRig(t, withAdopt)
	r.active("CS9")
	_, err := r.renewal()
	r.wantReason(err, errs.InstanceUnconfirmed)
	if _, err := r.mine(r.asked(), strangers("CS1")); err != nil {
		t.Fatal(err)
	}
	a, err := r.renewal()
	r.wantCode(a, err, resultcode.Success)
	r.events("CS9", fulfil.EventAdmitted, fulfil.EventOrderQueried, fulfil.EventTaskCompleted)
	r.events("CS1", fulfil.EventInstanceAdopted, fulfil.EventTaskCompleted, fulfil.EventRefreshed)
}

// Two replicas and several calls ask once; two workers that answer at once place one instance.
func TestTwoReplicasAskOnceOnBoth(t *testing.T) {
	backendtest.Each(t, func(t *testing.T, st store.Store) {
		keys := withVault(ephemeral(t))
		replicas := []*rig{over(t, st, withAdopt, keys), over(t, st, withAdopt, keys)}
		r := replicas[0]
		var group sync.WaitGroup
		for n := range 12 {
			group.Go(func() {
				_, err := replicas[n%2].renewal()
				if err == nil || errs.As(err).Reason != errs.InstanceUnconfirmed {
					t.Error(err)
				}
			})
		}
		group.Wait()
		r.wantTasks("IDENTIFY READY")
		task := r.asked()
		for n := range 4 {
			group.Go(func() {
				if _, err := replicas[n%2].mine(task, strangers("CS1")); err != nil && errs.As(err).Reason != errs.FencingTokenStale {
					t.Error(err)
				}
			})
			group.Go(func() { _, _ = replicas[n%2].renewal() })
		}
		group.Wait()
		a, err := r.renewal()
		r.wantCode(a, err, resultcode.Success)
		es, err := r.Events(t.Context(), "demo", "CS1", 0, 100)
		if err != nil || len(es) < 3 || es[0].Kind != fulfil.EventInstanceAdopted || es[1].Kind != fulfil.EventTaskCompleted {
			t.Errorf("%v, %v", es, err)
		}
		r.verify("CS1")
	})
}

// A question is over when the marketplace repeats no longer. An answer still counts while nobody has asked anew.
func TestAQuestionIsOver(t *testing.T) {
	clk := clocktest.New(storetest.Epoch)
	r := newRig(t, withAdopt, func(_ *fulfil.Config, _ *fulfil.Endpoint, d *fulfil.Deps) { d.Clock = clk })
	ask := func() {
		t.Helper()
		_, err := r.renewal()
		r.wantReason(err, errs.InstanceUnconfirmed)
	}
	ask()
	clk.Advance(2*time.Hour - time.Second)
	ask()
	r.wantTasks("IDENTIFY READY")
	clk.Advance(time.Second)
	r.none("worker") // nobody is asked in vain
	r.wantTasks("IDENTIFY CANCELLED")
	ask()
	first := r.asked()
	clk.Advance(2 * time.Hour)
	ask() // in place of the one that a worker has kept for too long
	_, err := r.mine(first, strangers("CS1"))
	r.wantReason(err, errs.FencingTokenStale)
	second := r.asked()
	clk.Advance(3 * time.Hour)
	if _, err := r.mine(second, strangers("CS1")); err != nil {
		t.Fatal(err)
	}
	r.wantTasks("IDENTIFY CANCELLED", "IDENTIFY CANCELLED", "IDENTIFY DONE")
	r.events("CS1", fulfil.EventInstanceAdopted, fulfil.EventTaskCompleted)
	// The other answer is forgotten after a day.
	r = newRig(t, withAdopt, func(_ *fulfil.Config, _ *fulfil.Endpoint, d *fulfil.Deps) { d.Clock = clk })
	ask()
	r.notMine(r.asked())
	clk.Advance(24*time.Hour - time.Second)
	_, err = r.renewal()
	r.wantReason(err, errs.InstanceNotFound)
	clk.Advance(time.Second)
	ask()
	r.wantTasks("IDENTIFY FAILED", "IDENTIFY READY")
}

// So many questions of an endpoint are open at once, and no more.
func TestQuestionsAreBounded(t *testing.T) {
	r := newRig(t, withAdopt)
	for n := range store.MaxQuestions + 5 {
		r.wantReason(r.releaseOf(fmt.Sprint("i", n)), errs.InstanceUnconfirmed)
	}
	tasks, err := r.store.ListTasks(t.Context(), store.ListQuery{Seller: "demo", Limit: 1000})
	if err != nil || len(tasks) != store.MaxQuestions {
		t.Errorf("%d questions, %v", len(tasks), err)
	}
	if !strings.Contains(r.log.String(), "too many questions") {
		t.Error("nobody is told")
	}
}

// Most calls name no product, so somebody has to be asked for all.
func TestWhoIsAsked(t *testing.T) {
	products := func(rules map[string]fulfil.ProductRule) option {
		return func(_ *fulfil.Config, ep *fulfil.Endpoint, _ *fulfil.Deps) { ep.AskUnknown, ep.Products = true, rules }
	}
	for name, c := range map[string]struct {
		rules   map[string]fulfil.ProductRule
		renewal bool // names OFFI-1; a release names nothing
		want    string
	}{
		"the product's":        {map[string]fulfil.ProductRule{"OFFI-1": {Provisioner: "a"}, "*": {Provisioner: "b"}}, true, "a"},
		"that of all others":   {map[string]fulfil.ProductRule{"OFFI-1": {Provisioner: "a"}, "*": {Provisioner: "b"}}, false, "b"},
		"the only one":         {map[string]fulfil.ProductRule{"p": {Provisioner: "a"}, "q": {Provisioner: "a"}}, true, "a"},
		"nobody of several":    {map[string]fulfil.ProductRule{"p": {Provisioner: "a"}, "q": {Provisioner: "b"}}, false, ""},
		"nobody where is none": {nil, false, ""},
	} {
		r := newRig(t, products(c.rules))
		err := r.releaseOf(stranger)
		if c.renewal {
			r = newRig(t, products(c.rules))
			_, err = r.renewal()
		}
		r.wantReason(err, errs.InstanceUnconfirmed)
		tasks, err := r.store.ListTasks(t.Context(), store.ListQuery{Seller: "demo", Limit: 10})
		if err != nil || len(tasks) > 1 || (len(tasks) == 1) != (c.want != "") || c.want != "" && tasks[0].Queue != c.want {
			t.Errorf("%s: %+v, %v", name, tasks, err)
		}
	}
}

// The families of V1 have neither lines nor access information that is shown at once; license_v1 has licences.
func TestStrangersOfV1(t *testing.T) {
	r := newRig(t, withAdopt)
	for family, ask := range map[string]func() error{
		fulfil.FamilySaasV1: func() error {
			_, err := r.UpdateInstanceStatus(t.Context(), fulfil.UpdateStatus{Endpoint: r.ep, InstanceID: stranger, Freeze: true, Expired: true, Activity: "expireInstance", Hold: true})
			return err
		},
		fulfil.FamilyLicenseV1: func() error {
			_, err := r.ReleaseInstance(t.Context(), fulfil.Release{Endpoint: r.ep, InstanceID: stranger, OrderID: "CS1", Activity: "releaseLicense", Hold: true})
			return err
		},
	} {
		r = newRig(t, withAdopt)
		r.wantReason(ask(), errs.InstanceUnconfirmed)
		task := r.asked()
		if q := fulfil.PayloadOf(task).Question; q.Family != family {
			t.Errorf("%s: %+v", family, q)
		}
		known := strangers("CS1")
		known.OrderLineID = ""
		if family == fulfil.FamilyLicenseV1 {
			known.Access = fulfil.Access{Licence: "canary-licence"}
		}
		if _, err := r.mine(task, known); err != nil {
			t.Fatal(err)
		}
		if err := ask(); err != nil {
			t.Errorf("%s: %v", family, err)
		}
	}
}

// What an old server has claimed is taken over.
func TestAStrangerIsTakenFromTheOldServer(t *testing.T) {
	r := newRig(t, withAdopt)
	ctx := t.Context()
	if _, err := r.store.ClaimOrder(ctx, store.Claim{Seller: "demo", Kind: store.SideOrder, ID: "CS1", Endpoint: "demo", At: time.Now()}); err != nil {
		t.Fatal(err)
	}
	_, err := r.renewal()
	r.wantReason(err, errs.InstanceUnconfirmed)
	if _, err := r.mine(r.asked(), strangers("CS1")); err != nil {
		t.Fatal(err)
	}
	if side, err := r.store.SideOfOrder(ctx, "demo", "CS1"); side != store.SideOwn || err != nil {
		t.Error(side, err)
	}
}

// A template provisioner has made nothing that Koogate does not know.
func TestATemplateKnowsNoStrangers(t *testing.T) {
	r := newRig(t, withAdopt)
	r.background("worker")
	_, err := r.renewal()
	r.wantReason(err, errs.InstanceUnconfirmed)
	for range 500 {
		if _, err = r.renewal(); errs.As(err).Reason == errs.InstanceNotFound {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}
	r.wantReason(err, errs.InstanceNotFound)
	r.wantTasks("IDENTIFY FAILED")
}

// An instance that another endpoint keeps to itself does not exist for this one, and nobody is asked about it.
func TestAnIsolatedInstanceIsNoStranger(t *testing.T) {
	r := newRig(t, withAdopt, func(_ *fulfil.Config, ep *fulfil.Endpoint, _ *fulfil.Deps) { ep.Isolate = true })
	id := r.active("CS1")
	moved := *r.ep
	moved.Name = "moved"
	for range 2 {
		a, _, err := r.QueryInstance(t.Context(), fulfil.Query{Endpoint: &moved, InstanceIDs: id})
		r.wantCode(a, err, resultcode.InstanceNotFound)
		_, err = r.ReleaseInstance(t.Context(), fulfil.Release{Endpoint: &moved, InstanceID: id})
		r.wantReason(err, errs.InstanceNotFound)
	}
	r.none("worker")
}
