// SPDX-License-Identifier: Apache-2.0

package fulfil_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/store"
)

var (
	effective = time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)
	until     = time.Date(2027, 6, 1, 0, 0, 0, 0, time.UTC)
)

func (r *rig) getLicence(event string, mods ...func(c *fulfil.IssueLicence)) (fulfil.Answer, error) {
	c := fulfil.IssueLicence{
		Endpoint: r.ep, InstanceID: "biz-CS1", EventID: event, Arrived: time.Now(),
		Input: fulfil.Input{DeviceFingerprint: "canary-mac", EffectiveAt: effective, LicenceExpireAt: until},
	}
	for _, m := range mods {
		m(&c)
	}
	return r.IssueLicence(r.t.Context(), c)
}

func device(fingerprint string) func(c *fulfil.IssueLicence) {
	return func(c *fulfil.IssueLicence) { c.Input.DeviceFingerprint = fingerprint }
}

// issue completes an ISSUE_LICENCE task.
func (r *rig) issue(t store.Task, l *fulfil.Licence) error {
	_, err := r.CompleteTask(r.t.Context(), fulfil.Completion{Seller: "demo", TaskID: t.ID, Fence: t.Fence, Licence: l})
	return err
}

func (r *rig) upload() {
	r.t.Helper()
	r.RunLicenceUpload(r.t.Context(), r.lease(fulfil.QueueLicenceUpload))
}

var text = &fulfil.Licence{Text: "canary-licence"}

func TestLicenceIsIssuedAndUploaded(t *testing.T) {
	r := newRig(t)
	r.active("CS1")
	a, err := r.getLicence("E1")
	r.wantCode(a, err, resultcode.Processing)
	task := r.lease("worker")
	in, ok, err := r.InputOf(t.Context(), task)
	if err != nil || !ok || in.EventID != "E1" || in.DeviceFingerprint != "canary-mac" || !in.EffectiveAt.Equal(effective) || !in.LicenceExpireAt.Equal(until) {
		t.Fatalf("input %v %v", ok, err)
	}
	if p := fulfil.PayloadOf(task); task.Kind != store.TaskIssueLicence || p.ProductID != "OFFI-1" || task.LineID != "E1" {
		t.Errorf("task %+v %+v", task, p)
	}
	r.none(fulfil.QueueLicenceUpload)
	if err := r.issue(task, text); err != nil {
		t.Fatal(err)
	}
	if err := r.issue(task, text); err != nil { // the same completion again is no error, no event and no second upload
		t.Error(err)
	}
	r.upload()
	r.none(fulfil.QueueLicenceUpload)
	if u := r.market.uploads; len(u) != 1 || u[0].event != "E1" || u[0].licence.Text != "canary-licence" {
		t.Errorf("%d uploads", len(u))
	}
	want := append(created, fulfil.EventRequested, fulfil.EventIssued, fulfil.EventUploaded)
	es := r.events("CS1", want...)
	a, err = r.getLicence("E1") // after the upload a repeat changes nothing
	r.wantCode(a, err, resultcode.Processing)
	r.wantCode2(r.release())
	a, err = r.getLicence("E1") // and neither does one after the release
	r.wantCode(a, err, resultcode.Processing)
	r.none(fulfil.QueueLicenceUpload)
	r.work(store.TaskRelease)
	r.events("CS1", append(want, fulfil.EventReleased, fulfil.EventTaskCompleted)...)
	agg, err := r.Order(t.Context(), "demo", "CS1")
	if err != nil || len(agg.Lines) != 2 || len(agg.Lines[1].Result) == 0 || len(agg.Lines[1].Input) == 0 {
		t.Fatalf("%d lines %v", len(agg.Lines), err)
	}
	for name, s := range map[string]string{
		"events": fmt.Sprintf("%+v", es), "log": r.log.String(), "spans": fmt.Sprintf("%+v", r.spans.GetSpans()),
		"rows": fmt.Sprintf("%+v %s %s", agg, agg.Lines[1].Input, agg.Lines[1].Result), "task": fmt.Sprintf("%+v", task),
		"licence": fmt.Sprintf("%v %+v %#v", *text, *text, *text),
	} {
		if strings.Contains(s, "canary") {
			t.Errorf("a canary is in the %s", name)
		}
	}
}

// The event and the fingerprint are the key: another device gets a licence of its own, and each task its own input.
func TestEventAndFingerprintAreTheKey(t *testing.T) {
	r := newRig(t)
	r.active("CS1")
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			if a, err := r.getLicence("E1", device(fmt.Sprintf("device-%d", i%2))); err != nil || a.Code != resultcode.Processing {
				t.Errorf("%+v %v", a, err)
			}
		})
	}
	wg.Wait()
	seen := map[string]bool{}
	for range 2 {
		task := r.lease("worker")
		in, _, err := r.InputOf(t.Context(), task)
		if err != nil || seen[in.DeviceFingerprint] {
			t.Errorf("input of %q twice, %v", in.DeviceFingerprint, err)
		}
		seen[in.DeviceFingerprint] = true
		if err := r.issue(task, &fulfil.Licence{Text: "for " + in.DeviceFingerprint}); err != nil {
			t.Fatal(err)
		}
	}
	r.none("worker")
	r.upload()
	r.upload()
	if u := r.market.uploads; len(u) != 2 || u[0].licence.Text == u[1].licence.Text {
		t.Errorf("%d uploads", len(u))
	}
	a, err := r.getLicence("E1", device("device-0"), func(c *fulfil.IssueLicence) { c.Input.LicenceExpireAt = until.Add(-time.Hour) })
	r.wantCode(a, err, resultcode.Processing) // a repeat has the first effect, whatever else it brings
	r.none("worker")
	r.events("CS1", append(created, fulfil.EventRequested, fulfil.EventRequested, fulfil.EventIssued, fulfil.EventIssued,
		fulfil.EventUploaded, fulfil.EventUploaded, fulfil.EventDiffers)...)
}

func TestLicenceWithinTheBudget(t *testing.T) {
	r := newRig(t, withBudget(3*time.Second))
	r.fulfilled()
	if a := r.mustCall("CS1", "biz-CS1"); a.Code != resultcode.Success {
		t.Fatalf("%+v", a)
	}
	for range 2 {
		a, err := r.getLicence("E1")
		r.wantCode(a, err, resultcode.Success)
	}
}

func TestLicenceBudgetOver(t *testing.T) {
	r := newRig(t, withBudget(50*time.Millisecond))
	r.active("CS1")
	a, err := r.getLicence("E1")
	r.wantCode(a, err, resultcode.Processing)
	if err := r.issue(r.lease("worker"), text); err != nil {
		t.Fatal(err)
	}
	a, err = r.getLicence("E1")
	r.wantCode(a, err, resultcode.Processing)
	es := r.events("CS1", fulfil.EventAdmitted, fulfil.EventAnswered, fulfil.EventOrderQueried, fulfil.EventTaskCompleted,
		fulfil.EventRequested, fulfil.EventAnswered, fulfil.EventIssued)
	if !strings.Contains(es[5].Data, `"000004"`) {
		t.Errorf("answer %s", es[5].Data)
	}
}

func TestLicenceIsRefused(t *testing.T) {
	r := newRig(t, func(_ *fulfil.Config, ep *fulfil.Endpoint, _ *fulfil.Deps) {
		ep.Products = map[string]fulfil.ProductRule{"*": {Provisioner: "worker", NeedsFingerprint: true}}
	})
	r.active("CS1")
	for name, c := range map[string]struct {
		mod  func(in *fulfil.Input)
		want resultcode.Code
	}{
		"no fingerprint":        {func(in *fulfil.Input) { in.DeviceFingerprint = "" }, resultcode.LicenseNeedsFingerprint},
		"neither":               {func(in *fulfil.Input) { *in = fulfil.Input{} }, resultcode.LicenseNeedsFingerprint},
		"no expiry":             {func(in *fulfil.Input) { in.LicenceExpireAt = time.Time{} }, resultcode.LicenseNeedsExpiry},
		"begins too late":       {func(in *fulfil.Input) { in.EffectiveAt = yearly.ExpireAt.Add(time.Second) }, resultcode.LicenseOutsideOrder},
		"ends too late":         {func(in *fulfil.Input) { in.LicenceExpireAt = yearly.ExpireAt.Add(time.Second) }, resultcode.LicenseOutsideOrder},
		"ends before its begin": {func(in *fulfil.Input) { in.LicenceExpireAt = in.EffectiveAt }, resultcode.LicenseOutsideOrder},
	} {
		a, err := r.getLicence("E1", func(l *fulfil.IssueLicence) { c.mod(&l.Input) })
		if err != nil || a.Code != c.want || a.Message == "" {
			t.Errorf("%s: %+v %v", name, a, err)
		}
	}
	r.wantCode2(r.status(true))
	a, err := r.getLicence("E1")
	r.wantCode(a, err, resultcode.LicenseOutsideOrder)
	r.wantCode2(r.status(false))
	a, err = r.getLicence("E1", func(c *fulfil.IssueLicence) { c.Input.LicenceExpireAt = yearly.ExpireAt }) // to the very end
	r.wantCode(a, err, resultcode.Processing)
	if _, err := r.getLicence("E2", func(c *fulfil.IssueLicence) { c.InstanceID = "nope" }); errs.As(err).Reason != errs.InstanceNotFound {
		t.Errorf("unknown: %v", err)
	}
	r.wantCode2(r.release())
	if _, err := r.getLicence("E2"); errs.As(err).Reason != errs.InstanceNotFound {
		t.Errorf("released: %v", err)
	}
	r.events("CS1", append(created, fulfil.EventFrozen, fulfil.EventUnfrozen, fulfil.EventRequested, fulfil.EventReleased,
		fulfil.EventTaskCancelled, fulfil.EventTaskCancelled, fulfil.EventTaskCancelled)...)
}

func TestLicenceQuotaIsToldAndRedriven(t *testing.T) {
	for code, want := range map[resultcode.Code]resultcode.Code{
		resultcode.LicenseQuotaUsedUp: resultcode.LicenseQuotaUsedUp, resultcode.NoResource: resultcode.NoResource,
		resultcode.ProductInternal: resultcode.Internal, "": resultcode.Internal,
	} {
		t.Run(string(code), func(t *testing.T) {
			r := newRig(t, withBudget(2*time.Second))
			go func() { _, _ = r.call("CS1", "biz-CS1") }()
			r.query()
			r.work(store.TaskCreate)
			answer := make(chan fulfil.Answer, 1)
			go func() { a, _ := r.getLicence("E1"); answer <- a }()
			task := r.lease("worker")
			start := time.Now()
			if _, err := r.FailTask(t.Context(), fulfil.Failure{
				Seller: "demo", TaskID: task.ID, Fence: task.Fence, Permanent: true, Code: code, Message: "canary-reason",
			}); err != nil {
				t.Fatal(err)
			}
			a := <-answer
			r.wantCode(a, nil, want)
			if took := time.Since(start); took > 900*time.Millisecond {
				t.Errorf("told after %s", took)
			}
			if strings.Contains(a.Message, "canary") {
				t.Errorf("the provisioner's words are in %q", a.Message)
			}
			r.state("biz-CS1", store.InstanceActive)
			if _, err := r.RetryTask(t.Context(), fulfil.Retry{Seller: "demo", TaskID: task.ID}); err != nil {
				t.Fatal(err)
			}
			if err := r.issue(r.lease("worker"), text); err != nil {
				t.Fatal(err)
			}
			a, err := r.getLicence("E1")
			r.wantCode(a, err, resultcode.Success)
			r.events("CS1", append(created, fulfil.EventRequested, fulfil.EventTaskFailed, fulfil.EventTaskRetried, fulfil.EventIssued)...)
		})
	}
}

func TestLicenceMustBeDeliverable(t *testing.T) {
	r := newRig(t)
	r.active("CS1")
	if _, err := r.getLicence("E1"); err != nil {
		t.Fatal(err)
	}
	task := r.lease("worker")
	for name, l := range map[string]*fulfil.Licence{
		"none": nil, "empty": {}, "too long": {Text: strings.Repeat("证", 1025)}, "file without a name": {File: []byte("x")},
		"a name without a file": {FileName: "a.lic"}, "both": {Text: "x", FileName: "a.lic", File: []byte("x")},
	} {
		if err := r.issue(task, l); errs.As(err).Reason != errs.ResultInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err := r.CompleteTask(t.Context(), fulfil.Completion{
		Seller: "demo", TaskID: task.ID, Fence: task.Fence, Licence: text, Access: &fulfil.Access{FrontEndURL: "https://x"},
	})
	if errs.As(err).Reason != errs.ResultInvalid {
		t.Errorf("with access information: %v", err)
	}
	if err := r.issue(task, &fulfil.Licence{FileName: "a.lic", File: []byte{0, 1, 2}}); err != nil {
		t.Fatal(err)
	}
	upload := r.lease(fulfil.QueueLicenceUpload)
	for name, err := range map[string]error{ // Koogate's own tasks are nobody else's
		"complete":  r.issue(upload, text),
		"heartbeat": second(r.Work.Heartbeat(t.Context(), "demo", upload.ID, upload.Fence, time.Minute)),
		"fail":      second(r.FailTask(t.Context(), fulfil.Failure{Seller: "demo", TaskID: upload.ID, Fence: upload.Fence})),
	} {
		if reason := errs.As(err).Reason; reason != errs.TaskNotFound && reason != errs.ResultInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	r.RunLicenceUpload(t.Context(), upload)
	if u := r.market.uploads; len(u) != 1 || u[0].licence.FileName != "a.lic" || len(u[0].licence.File) != 3 {
		t.Errorf("uploads %+v", u)
	}
	r.wantCode2(r.status(true))
	freeze := r.lease("worker")
	if err := r.issue(freeze, text); errs.As(err).Reason != errs.ResultInvalid {
		t.Errorf("a licence for %s: %v", freeze.Kind, err)
	}
}

func second[T any](_ T, err error) error { return err }

func TestUploadIsRetriedThenLeftToTheOperator(t *testing.T) {
	r := newRig(t, func(_ *fulfil.Config, ep *fulfil.Endpoint, _ *fulfil.Deps) { ep.QueryWindow = 300 * time.Millisecond })
	r.active("CS1")
	if _, err := r.getLicence("E1"); err != nil {
		t.Fatal(err)
	}
	if err := r.issue(r.lease("worker"), text); err != nil {
		t.Fatal(err)
	}
	r.wantCode2(r.status(true))
	r.market.fail(&fulfil.QueryError{Retryable: true, Code: "NETWORK"})
	r.upload()
	r.work(store.TaskFreeze) // a stuck upload holds up nothing
	time.Sleep(300 * time.Millisecond)
	r.market.fail(&fulfil.QueryError{Retryable: true, Code: "HTTP_502"})
	r.upload()
	agg, err := r.Order(t.Context(), "demo", "CS1")
	if err != nil || kinds(agg.Tasks) != "[LICENCE_UPLOAD:FAILED]" || agg.Tasks[0].Reason != "retry window over: HTTP_502" {
		t.Fatalf("%s %v", kinds(agg.Tasks), err)
	}
	if _, err := r.RetryTask(t.Context(), fulfil.Retry{Seller: "demo", TaskID: agg.Tasks[0].ID}); err != nil {
		t.Fatal(err)
	}
	r.market.fail(&fulfil.QueryError{Code: "91381034"})
	r.upload()
	if _, err := r.RetryTask(t.Context(), fulfil.Retry{Seller: "demo", TaskID: agg.Tasks[0].ID}); err != nil {
		t.Fatal(err)
	}
	r.upload()
	r.events("CS1", append(created, fulfil.EventRequested, fulfil.EventIssued, fulfil.EventFrozen, fulfil.EventTaskFailed,
		fulfil.EventTaskCompleted, fulfil.EventTaskFailed, fulfil.EventTaskRetried, fulfil.EventTaskFailed, fulfil.EventTaskRetried,
		fulfil.EventUploaded)...)
	if len(r.market.uploads) != 4 {
		t.Errorf("%d uploads", len(r.market.uploads))
	}
}

func TestReleaseStopsTheUpload(t *testing.T) {
	r := newRig(t)
	r.active("CS1")
	for _, event := range []string{"E1", "E2", "E3"} {
		if _, err := r.getLicence(event); err != nil {
			t.Fatal(err)
		}
	}
	if err := r.issue(r.lease("worker"), text); err != nil {
		t.Fatal(err)
	}
	if err := r.issue(r.lease("worker"), text); err != nil {
		t.Fatal(err)
	}
	inHand, issuing := r.lease(fulfil.QueueLicenceUpload), r.lease("worker")
	r.wantCode2(r.release())
	r.none(fulfil.QueueLicenceUpload)
	r.market.fail(&fulfil.QueryError{Retryable: true, Code: "NETWORK"})
	r.RunLicenceUpload(t.Context(), inHand)
	if err := r.issue(issuing, text); err != nil { // nobody may use it any more
		t.Fatal(err)
	}
	r.none(fulfil.QueueLicenceUpload)
	r.work(store.TaskRelease)
	r.none("worker")
	r.events("CS1", append(created, fulfil.EventRequested, fulfil.EventRequested, fulfil.EventRequested, fulfil.EventIssued, fulfil.EventIssued,
		fulfil.EventReleased, fulfil.EventTaskCancelled, fulfil.EventTaskFailed, fulfil.EventTaskCompleted, fulfil.EventTaskCompleted)...)
}

// License V1: the licence is what was bought, and every repeat gets it again.
func TestBoughtLicence(t *testing.T) {
	r := newRig(t)
	call := func(mods ...func(c *fulfil.NewInstance)) (fulfil.Answer, error) {
		return r.told("CS1", "biz-1", append(mods, func(c *fulfil.NewInstance) { c.Family = fulfil.FamilyLicenseV1 })...)
	}
	a, err := call(late)
	r.wantCode(a, err, resultcode.Processing)
	task := r.lease("worker")
	if in, ok, err := r.InputOf(t.Context(), task); err != nil || !ok || in.ExtendParams["idNum"] != "canary-id" || task.Kind != store.TaskIssueLicence {
		t.Errorf("%s: input %v %v", task.Kind, ok, err)
	}
	for name, l := range map[string]*fulfil.Licence{"none": nil, "a file": {FileName: "a.lic", File: []byte("x")}} {
		if err := r.issue(task, l); errs.As(err).Reason != errs.ResultInvalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	long := strings.Repeat("L", 2000)
	if err := r.issue(task, &fulfil.Licence{Text: long}); err != nil {
		t.Fatal(err)
	}
	r.none(fulfil.QueueLicenceUpload)
	check := func(when string) {
		t.Helper()
		if a, err := call(); err != nil || a.Code != resultcode.Success || a.InstanceID != "biz-1" || a.Access != (fulfil.Access{Licence: long}) {
			t.Errorf("%s: %+v %v", when, a, err)
		}
	}
	check("active")
	r.wantCode2(r.ReleaseInstance(t.Context(), fulfil.Release{Endpoint: r.ep, InstanceID: "biz-1", Activity: "releaseLicense"}))
	check("released")
	r.work(store.TaskRelease)
	r.events("CS1", append(v1Created, fulfil.EventReleased, fulfil.EventTaskCompleted)...)
}

func TestBoughtLicenceFails(t *testing.T) {
	r := newRig(t)
	v1 := func(c *fulfil.NewInstance) { c.Family = fulfil.FamilyLicenseV1 }
	if _, err := r.told("CS1", "biz-1", late, v1); err != nil {
		t.Fatal(err)
	}
	task := r.lease("worker")
	if _, err := r.FailTask(t.Context(), fulfil.Failure{Seller: "demo", TaskID: task.ID, Fence: task.Fence, Permanent: true, Code: resultcode.SoldOut}); err != nil {
		t.Fatal(err)
	}
	a, err := r.told("CS1", "biz-1", v1)
	r.wantCode(a, err, resultcode.SoldOut)
	r.state("biz-1", store.InstanceFailed)
	if _, err := r.RetryTask(t.Context(), fulfil.Retry{Seller: "demo", TaskID: task.ID}); err != nil {
		t.Fatal(err)
	}
	r.state("biz-1", store.InstanceProvisioning)
	r.wantCode2(r.ReleaseInstance(t.Context(), fulfil.Release{Endpoint: r.ep, InstanceID: "biz-1"}))
	a, err = r.told("CS1", "biz-1", v1)
	r.wantCode(a, err, resultcode.Internal)
}

func TestTemplateIssuesLicences(t *testing.T) {
	r := newRig(t)
	v1 := func(c *fulfil.NewInstance) { c.Family = fulfil.FamilyLicenseV1 }
	for pattern, want := range map[string]string{"": "LICENCE-biz-1-canary-password", "{order}/{sku}": "CS2/sku-1-canary-password"} {
		order, id := "CS1", "biz-1"
		if pattern != "" {
			order, id = "CS2", "biz-2"
		}
		if _, err := r.told(order, id, late, v1); err != nil {
			t.Fatal(err)
		}
		r.RunTemplate(fulfil.Template{Licence: pattern})(t.Context(), r.lease("worker"))
		if a, err := r.told(order, id, v1); err != nil || a.Access.Licence != want {
			t.Errorf("%q became %q %v", pattern, a.Access.Licence, err)
		}
	}
}

// A ciphertext is bound to its line: swapped with another's it does not open.
func TestInputsAreBoundToTheirLine(t *testing.T) {
	r := newRig(t)
	r.active("CS1")
	for _, event := range []string{"E1", "E2"} {
		if _, err := r.getLicence(event); err != nil {
			t.Fatal(err)
		}
	}
	task := r.lease("worker")
	agg, err := r.Order(t.Context(), "demo", "CS1")
	if err != nil {
		t.Fatal(err)
	}
	first, other := agg.Lines[1], agg.Lines[2]
	first.Input, other.Input = other.Input, first.Input
	if err := r.store.Apply(t.Context(), &store.Change{PutLines: []store.Line{first, other}}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := r.InputOf(t.Context(), task); errs.As(err).Reason != errs.InternalFault {
		t.Errorf("swapped input: %v", err)
	}
}
