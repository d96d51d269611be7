// SPDX-License-Identifier: Apache-2.0

package fulfil

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/koogallery/wiretime"
	"github.com/koogate/koogate/server/call"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/telemetry"
	"github.com/koogate/koogate/server/work"
	"github.com/koogate/koogate/store"
)

// actionLicence begins the action of a getLicenseAsync line; the fingerprint follows.
const actionLicence = "getLicenseAsync"

// MaxLicenceText is how many characters a licence may have that is delivered as text (saas-v1 §6.1).
const MaxLicenceText = 1024

// modePeriod is the charging mode of products that expire (open-apis §2.4).
const modePeriod = "PERIOD"

// Licence is an issued licence: a text or a file.
type Licence struct {
	Text     string `json:"text,omitempty"`
	FileName string `json:"fileName,omitempty"`
	File     []byte `json:"file,omitempty"`
}

// String hides the licence from every %v.
func (Licence) String() string { return "[licence]" }

// GoString hides the licence from every %#v.
func (Licence) GoString() string { return "[licence]" }

// check holds a licence to what can be delivered. An instance that is itself a licence is answered as text of any length.
func (l *Licence) check(bought bool) error {
	switch {
	case l == nil || l.Text == "" && len(l.File) == 0:
		return invalid("an ISSUE_LICENCE task is completed with licence.text or licence.file")
	case l.Text != "" && (len(l.File) > 0 || l.FileName != ""):
		return invalid("a licence is a text or a file, not both")
	case bought && l.Text == "":
		return invalid("the licence of this product is a text")
	case len(l.File) > 0 && l.FileName == "":
		return invalid("a licence file needs licence.file_name")
	case !bought && utf8.RuneCountInString(l.Text) > MaxLicenceText:
		return invalid("the text of an online licence is at most 1024 characters; return a file instead")
	}
	return nil
}

// IssueLicence is one getLicenseAsync call (saas-v1 §6).
type IssueLicence struct {
	Endpoint   *Endpoint
	InstanceID string
	EventID    string
	Input      Input // DeviceFingerprint, EffectiveAt, LicenceExpireAt
	Extra      string
	Arrived    time.Time
}

// key is the line of one event and fingerprint; the fingerprint may be personal and cannot be read from it.
func (c IssueLicence) key(i *store.Instance) store.LineKey {
	h := sha256.Sum256([]byte(c.Input.DeviceFingerprint))
	return store.LineKey{
		Seller: i.Seller, OrderID: i.OrderID, OrderLineID: c.EventID, Action: actionLicence + "/" + hex.EncodeToString(h[:])[:16],
	}
}

// IssueLicence admits the event once per fingerprint and answers 000000 when the licence was issued within the product's
// sync budget, 000004 when it follows by upload, 000901 to 000903 when it is refused, and the provisioner's code when the
// provisioner gave up. Errors: INSTANCE_NOT_FOUND, STATE_CONFLICT, CONFLICTING_REPEAT, STORE_UNAVAILABLE.
func (s *Service) IssueLicence(ctx context.Context, c IssueLicence) (Answer, error) {
	c.Input.EventID = c.EventID
	want := map[string]string{
		"instanceId": c.InstanceID, "effectiveTime": wireTime(c.Input.EffectiveAt), "expireTime": wireTime(c.Input.LicenceExpireAt),
	}
	var line store.Line
	var refusal Answer
	var conflict error
	err := s.onInstance(ctx, c.Endpoint, Question{Activity: activityLicence}, c.InstanceID, func(d *draft, i *store.Instance) error {
		line, refusal = store.Line{}, Answer{}
		var old *store.Line
		if old, conflict = d.repeat(ctx, i, c.key(i), want); old != nil {
			line = *old
		}
		if line.AnswerCode != "" { // an earlier call was admitted and answered: its answer stands, also after the release
			return nil
		}
		if err := live(i); err != nil || old != nil {
			return err
		}
		if refusal = d.refuse(i, c.Input); refusal.Code != "" {
			return nil
		}
		var err error
		line, err = d.requested(ctx, i, c, want)
		return err
	})
	if err == nil {
		err = conflict
	}
	if err != nil || refusal.Code != "" {
		return refusal, err
	}
	return s.settleLicence(ctx, c, line)
}

// refuse checks what is asked for against the order (saas-v1 §6). A refusal claims no line, so the same event can come again
// with the parameter that was missing.
func (d *draft) refuse(i *store.Instance, in Input) Answer {
	beyond := func(t time.Time) bool { return !i.ExpireAt.IsZero() && t.After(i.ExpireAt) }
	rule, _ := d.rule(i)
	switch {
	case rule.NeedsFingerprint && in.DeviceFingerprint == "":
		return Answer{Code: resultcode.LicenseNeedsFingerprint, Message: "deviceFingerprint is required"}
	case i.Product.ChargingMode == modePeriod && in.LicenceExpireAt.IsZero():
		return Answer{Code: resultcode.LicenseNeedsExpiry, Message: "expireTime is required for a period product"}
	case i.Frozen:
		return Answer{Code: resultcode.LicenseOutsideOrder, Message: "the instance is frozen"}
	case beyond(in.EffectiveAt) || beyond(in.LicenceExpireAt):
		return Answer{Code: resultcode.LicenseOutsideOrder, Message: "the licence would outlive the order"}
	case !in.LicenceExpireAt.IsZero() && !in.LicenceExpireAt.After(in.EffectiveAt):
		return Answer{Code: resultcode.LicenseOutsideOrder, Message: "expireTime is not after effectiveTime"}
	}
	return Answer{}
}

// requested drafts the claim of the event and the task behind it.
func (d *draft) requested(ctx context.Context, i *store.Instance, c IssueLicence, want map[string]string) (store.Line, error) {
	l := d.newLine(i, c.key(i), want)
	if c.Endpoint.budget(i.Product.ProductID) == 0 {
		l.AnswerCode = string(resultcode.Processing)
	}
	if err := d.s.sealExtra(&l, c.Extra); err != nil {
		return l, err
	}
	if err := d.s.sealInput(&l, c.Input); err != nil {
		return l, err
	}
	d.addLine(l)
	d.event(EventRequested, i.InstanceID, fields{
		"eventId": c.EventID, "effectiveTime": want["effectiveTime"], "expireTime": want["expireTime"], "answer": l.AnswerCode,
	})
	d.queue(ctx, i, store.Task{
		Kind: store.TaskIssueLicence, LineOrderID: l.OrderID, LineID: l.OrderLineID, Payload: Payload{Action: l.Action}.text(),
	})
	return l, nil
}

// settleLicence answers from the line's committed answer. While there is none it waits for the task as long as the
// product's budget allows and then commits 000004. A failed task is told but not committed, as for newInstance.
func (s *Service) settleLicence(ctx context.Context, c IssueLicence, line store.Line) (Answer, error) {
	if line.AnswerCode != "" {
		return committed(line), nil
	}
	ctx, span := s.Tracer.Start(ctx, "await completion")
	defer span.End()
	until := c.Arrived.Add(c.Endpoint.budget(line.Product.ProductID))
	answer, ok, err := s.waitFor(ctx, line.Seller, line.InstanceID, until, func() (Answer, bool, error) {
		l, err := s.Store.Line(ctx, line.LineKey)
		if err != nil {
			return Answer{}, false, s.storeError(ctx, err, errs.OrderNotFound, "the order line is gone")
		}
		line = l
		if l.AnswerCode != "" {
			return committed(l), true, nil
		}
		tasks, err := s.tasksOf(ctx, l)
		if err != nil {
			return Answer{}, false, s.storeError(ctx, err, errs.TaskNotFound, "")
		}
		for _, t := range tasks {
			if t.State == store.TaskFailed && PayloadOf(t).Action == l.Action {
				return Answer{Code: licenceCode(t), InstanceID: l.InstanceID, Message: "the licence was not issued: " + class(t)}, true, nil
			}
		}
		return Answer{}, false, nil
	})
	if err != nil || ok {
		return answer, err
	}
	return s.commitProcessing(ctx, line)
}

// licenceCode is what getLicenseAsync may say of a failed task: one of its documented codes.
func licenceCode(t store.Task) resultcode.Code {
	code := failureOf(t).Code
	if code == resultcode.NoResource || slices.Contains(resultcode.License(), code) {
		return code
	}
	return resultcode.Internal
}

// wireTime renders a time that a repeat must bring again; empty when there is none.
func wireTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return wiretime.Format17(t)
}

// issued keeps the licence of an event and queues its delivery.
func (d *draft) issued(ctx context.Context, t *store.Task, licence Licence) error {
	i := d.instance(t.InstanceID)
	action := PayloadOf(*t).Action
	l := lineOf(d.agg, *t, action)
	if l == nil || i.State == store.InstanceReleased { // the instance was released meanwhile: the licence must not be delivered
		d.completed(t)
		return nil
	}
	text, err := json.Marshal(licence)
	if err != nil {
		return errs.Wrap(err, errs.Internal, errs.InternalFault, "internal error")
	}
	if l.Result, err = d.s.seal(text, lineContext("result", l.LineKey)); err != nil {
		return err
	}
	if l.AnswerCode == "" {
		l.AnswerCode = string(resultcode.Success)
	}
	d.putLine(l)
	form := "CHARACTERS"
	if licence.Text == "" {
		form = "FILE"
	}
	d.event(EventIssued, t.InstanceID, fields{
		"task": t.ID, "kind": string(t.Kind), "attempt": t.Attempt, "eventId": l.OrderLineID, "form": form, "answer": l.AnswerCode,
	})
	d.queueOwn(ctx, store.Task{
		Queue: QueueLicenceUpload, Kind: store.TaskLicenceUpload, InstanceID: t.InstanceID, LineOrderID: l.OrderID,
		LineID: l.OrderLineID, Payload: Payload{Action: action}.text(),
	})
	return nil
}

// RunLicenceUpload does one leased upload: delivers the licence to the marketplace or gives the task back.
func (s *Service) RunLicenceUpload(ctx context.Context, t store.Task) work.Outcome {
	ctx = s.Work.Under(ctx, t)
	err := s.uploadLicence(ctx, t)
	if err == nil {
		_, err = s.finish(ctx, t, t.Fence, "complete", store.TaskDone, func(d *draft, t *store.Task) error {
			d.event(EventUploaded, t.InstanceID, fields{"task": t.ID, "eventId": t.LineID, "attempt": t.Attempt})
			d.putTask(t, func(t *store.Task) { t.State, t.Reason = store.TaskDone, "" })
			return nil
		})
		s.logJob(ctx, t, err)
		return work.Settled()
	}
	q := queryError(err)
	s.Log.WarnContext(ctx, "licence upload failed", "event_id", t.LineID, "code", q.Code, "retryable", q.Retryable,
		"attempt", t.Attempt, "error", q.Cause)
	_, err = s.finish(ctx, t, t.Fence, "fail", store.TaskReady, func(d *draft, t *store.Task) error {
		d.failTask(t, Failure{Permanent: !q.Retryable, Message: q.Code})
		return nil
	})
	s.logJob(ctx, t, err)
	return work.Settled()
}

func (s *Service) uploadLicence(ctx context.Context, t store.Task) (err error) {
	ctx, span := s.Tracer.Start(ctx, "licence upload")
	defer func() {
		if err != nil {
			q := queryError(err)
			telemetry.Set(span, telemetry.Reason(q.Code))
			telemetry.Fail(span, q.Code)
		}
		span.End()
	}()
	agg, err := s.Store.Aggregate(ctx, t.Seller, t.OrderID)
	if err != nil {
		return err
	}
	l := lineOf(agg, t, PayloadOf(t).Action)
	if l == nil || len(l.Result) == 0 {
		return &QueryError{Code: "LICENCE_MISSING", Cause: errors.New("the line holds no licence")}
	}
	var licence Licence
	if err := s.unseal(l.Result, lineContext("result", l.LineKey), &licence); err != nil {
		return err
	}
	began := s.Clock.Now()
	asked, heard := call.Listen(ctx)
	err = s.Marketplace.UploadLicence(asked, t.Seller, t.LineID, licence)
	s.sent(ctx, t, call.LicenceUpload, began, *heard, err)
	return err
}
