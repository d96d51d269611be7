// SPDX-License-Identifier: Apache-2.0

package fulfil

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"time"

	"github.com/koogate/koogate/koogallery/deadline"
	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/telemetry"
	"github.com/koogate/koogate/server/work"
	"github.com/koogate/koogate/store"
)

// An endpoint that adopts asks the provisioner about an instance that a call names and no row knows (ADR 53). The question is a task without an
// order, one for an instance however many calls name it, and until it is answered they are told to come again.

const (
	// askWindow is for how long a question is open that a call asks which the marketplace repeats not at all, or nobody knows how often. It is the
	// longest of the marketplace's retry windows.
	askWindow = 3 * time.Hour
	// rememberUnknown is for how long the answer counts that the provisioner does not know an instance.
	rememberUnknown = 24 * time.Hour
	// askAgain is what callers are told to wait; the marketplace has pauses of its own.
	askAgain = time.Minute
)

// Question is what a call told that is about an instance which nobody here knows.
type Question struct {
	Activity string `json:"activity"`
	Endpoint string `json:"endpoint"`
	Family   string `json:"family"`          // that of the instance, as the call tells
	Scene    string `json:"scene,omitempty"` // of a renewal

	// What else the call told of the instance stands on the task: the order and line that the call names, which are not those that created the
	// instance, the product and the expiry.
	orderID, lineID, productID string
	expireAt                   time.Time
	inside                     bool // Koogate itself acts, and no call; nobody is asked
}

// familyOf is the family of the instances that an activity is about: V1's calls are held.
func familyOf(ep *Endpoint, activity string, held bool) string {
	switch activity {
	case "refreshLicense", "expireLicense", "releaseLicense":
		return FamilyLicenseV1
	}
	if held {
		return FamilySaasV1
	}
	return ep.NewFamily
}

// nameable says whether calls can name an instance by an ID.
func nameable(id string) bool {
	return id != "" && len(id) <= 64 && store.Sound(id) && !strings.ContainsFunc(id, unnamed) && strings.TrimSpace(id) == id
}

// identifier is the queue of the provisioner that is asked about an instance: of the product that the call names, else of all others, else of the only
// provisioner that the endpoint has; empty when nobody can tell which it would be.
func (e *Endpoint) identifier(productID string) string {
	if r, ok := e.rule(productID); ok {
		return r.Provisioner
	}
	only := ""
	for _, r := range e.Products {
		if only != "" && only != r.Provisioner {
			return ""
		}
		only = r.Provisioner
	}
	return only
}

// unknown is the error about an instance that a call of the marketplace names and no row knows, after the provisioner was asked where the endpoint
// wants that. Errors: INSTANCE_NOT_FOUND, INSTANCE_UNCONFIRMED while there is no answer, RESTORE_GAP, STORE_UNAVAILABLE.
func (s *Service) unknown(ctx context.Context, ep *Endpoint, q Question, id string) error {
	err := s.Gaps.Unknown(ctx, ep.Seller, q.Activity, id)
	if !ep.AskUnknown || q.inside || errs.As(err).Reason != errs.InstanceNotFound || !nameable(id) {
		return err
	}
	there, lookErr := s.Store.Question(ctx, ep.Seller, id)
	switch {
	case lookErr == nil && !there.Over(s.now()):
		return answered(there, err)
	case lookErr != nil && !errors.Is(lookErr, store.ErrNotFound):
		return s.storeError(ctx, lookErr, errs.InstanceNotFound, "")
	}
	queue := ep.identifier(q.productID)
	if queue == "" {
		s.Log.WarnContext(ctx, "nobody is asked about an instance that is not known: the call names no product, and the endpoint has several provisioners and no product *",
			"endpoint", ep.Name, "activity", q.Activity, "instance_id", id)
		return unconfirmed(id)
	}
	row, task := s.question(ctx, ep, q, id, queue)
	stands, askErr := s.Store.Ask(ctx, row, task)
	switch {
	case askErr == nil && stands.TaskID == task.ID:
		s.Log.InfoContext(ctx, "a call names an instance that is not known, and its provisioner is asked", "endpoint", ep.Name, "activity", q.Activity,
			"instance_id", id, "task_id", task.ID, "queue", queue)
		return unconfirmed(id)
	case askErr == nil:
		return answered(stands, err)
	case errors.Is(askErr, store.ErrInstanceExists): // since it was missed
		return unconfirmed(id)
	case errors.Is(askErr, store.ErrConflict): // a gap was opened since
		return s.Gaps.Unknown(ctx, ep.Seller, q.Activity, id)
	case errors.Is(askErr, store.ErrExhausted):
		s.Log.WarnContext(ctx, "nobody is asked about an instance that is not known: too many questions of the endpoint are open", "endpoint", ep.Name,
			"activity", q.Activity, "instance_id", id, "most", store.MaxQuestions)
		return unconfirmed(id)
	}
	return s.storeError(ctx, askErr, errs.InstanceNotFound, "")
}

// question is the question about an instance with the task that asks it.
func (s *Service) question(ctx context.Context, ep *Endpoint, q Question, id, queue string) (store.Question, store.Task) {
	now := s.now()
	q.Endpoint, q.Family = ep.Name, cmp.Or(q.Family, ep.NewFamily)
	p := Payload{ProductID: q.productID, ExpireAt: q.expireAt, Question: &q}
	until := now.Add(askWindow)
	if r, ok := deadline.Of(deadline.Family(q.Family), activitySteps[q.Activity]); ok && r.Window > 0 {
		until = now.Add(r.Window)
		p.Until = Deadline{At: until, End: r.End}
	}
	t := store.Task{
		ID: s.NewID(), Seller: ep.Seller, Queue: queue, Kind: store.TaskIdentify, State: store.TaskReady, InstanceID: id, LineOrderID: q.orderID,
		LineID: q.lineID, DueAt: now, Deadline: until, RetryUntil: until, Payload: p.text(), Traceparent: telemetry.Traceparent(ctx), CreatedAt: now, UpdatedAt: now,
	}
	return store.Question{
		Seller: ep.Seller, InstanceID: id, Endpoint: ep.Name, TaskID: t.ID, State: store.QuestionOpen, AskedAt: now, Until: until,
	}, t
}

// answered is the error while a question stands; missing is the one about an instance that is not known.
func answered(q store.Question, missing error) error {
	if q.State == store.QuestionUnknown {
		return missing
	}
	return unconfirmed(q.InstanceID)
}

// unconfirmed says that the call is to come again, since it is being found out whose the instance is.
func unconfirmed(id string) error {
	e := errs.New(errs.Unavailable, errs.InstanceUnconfirmed, "instance %s is not known yet, and its provisioner is asked; call again", id)
	e.Retry = askAgain
	return e
}

// checkIdentified holds the answer to a question to what a row of an import may say, and returns where the instance is placed. Errors: RESULT_INVALID,
// which names no value.
func (s *Service) checkIdentified(t store.Task, c Completion) (*Import, Adoption, error) {
	q := PayloadOf(t).Question
	if c.Known == nil || q == nil {
		return nil, Adoption{}, invalid("an IDENTIFY task is completed with instance, or failed with UNKNOWN_INSTANCE")
	}
	r := *c.Known
	switch {
	case r.InstanceID != "" && r.InstanceID != t.InstanceID:
		return nil, Adoption{}, inResult(errs.BadField("instance_id", "is another one than was asked about"))
	case r.Endpoint != "" && r.Endpoint != q.Endpoint:
		return nil, Adoption{}, inResult(errs.BadField("endpoint", "is another one than that of the call"))
	case r.Family != "" && r.Family != q.Family:
		return nil, Adoption{}, inResult(errs.BadField("family", "is another one than that of the call"))
	}
	r.InstanceID, r.Endpoint, r.Family = t.InstanceID, q.Endpoint, q.Family
	a, err := s.placeOf(&Imports{Seller: t.Seller, Why: whyIdentified}, &r)
	if err != nil {
		return nil, a, inResult(err)
	}
	a.AskedBy = t.ID
	return &r, a, nil
}

// whyIdentified is why an instance is adopted that its provisioner has named as its own.
const whyIdentified = "its provisioner was asked"

// inResult is an error about a field as one about a task's result.
func inResult(err error) error {
	e := errs.As(err)
	bad := errs.New(errs.Invalid, errs.ResultInvalid, "instance: %s", e.Msg)
	for _, f := range e.Fields {
		f.Path = "instance." + f.Path
		bad.Fields = append(bad.Fields, f)
	}
	return bad
}

// identified takes the answer that an instance is the provisioner's: it is placed as an import places it, and the task is part of its order from then
// on. What is there already stays as it is. Errors: RESULT_INVALID, FENCING_TOKEN_STALE, STORE_UNAVAILABLE.
func (s *Service) identified(ctx context.Context, t store.Task, c Completion) (store.Task, error) {
	r, a, err := s.checkIdentified(t, c)
	if err != nil {
		return t, err
	}
	return s.Work.Finish(ctx, t, work.Finish{Fence: c.Fence, Verb: "complete", Want: store.TaskDone, Write: func(ctx context.Context) (done store.Task, why string, err error) {
		for try := 0; ; try++ {
			done, err = s.place(ctx, t, c.Fence, r, a)
			if err == nil || !retryable(err) && !errors.Is(err, store.ErrOrderExists) || try >= 20 {
				break
			}
		}
		if err != nil {
			err = s.storeError(ctx, err, errs.OrderNotFound, "")
		}
		return done, "", err
	}})
}

// place writes the end of a question together with the instance that it is about.
func (s *Service) place(ctx context.Context, t store.Task, fence int64, r *Import, a Adoption) (store.Task, error) {
	t, err := s.Work.Task(ctx, t.Seller, t.ID)
	if err != nil {
		return t, err
	}
	if err := work.Held(t, fence); err != nil {
		return t, err
	}
	owners, err := s.ownersOf(ctx, t.Seller, []string{t.InstanceID})
	if err != nil {
		return t, err
	}
	if owner := owners[t.InstanceID]; owner != "" && owner != r.OrderID {
		return t, inResult(errs.BadField("order_id", "the instance belongs to another order"))
	}
	d, err := s.draftOf(ctx, t.Seller, r.OrderID, a.Endpoint)
	if err != nil {
		return t, err
	}
	v, err := d.imported(r, a, time.Time{})
	if err != nil {
		return t, err
	}
	if v.Verdict == ImportInvalid {
		return t, inResult(errs.BadField(v.Fields[0], "%s", v.Message))
	}
	d.putTask(&t, func(t *store.Task) { t.State, t.Reason, t.OrderID = store.TaskDone, "", r.OrderID })
	d.change.Questions = []store.Question{{Seller: t.Seller, InstanceID: t.InstanceID, TaskID: t.ID}}
	d.completed(&t)
	return t, (&batch{s: s, drafts: []*draft{d}}).commit(ctx)
}

// unidentified gives a question back, or takes the answer that the provisioner does not know the instance, which is remembered for a while. Errors:
// FENCING_TOKEN_STALE, STORE_UNAVAILABLE.
func (s *Service) unidentified(ctx context.Context, t store.Task, f Failure, want store.TaskState) (store.Task, error) {
	k, _ := s.Work.Kind(t.Kind)
	return s.Work.Finish(ctx, t, work.Finish{Fence: f.Fence, Verb: "fail", Want: want, Write: func(ctx context.Context) (store.Task, string, error) {
		now := s.now()
		v := k.Judge(t, now, work.Failure{Permanent: f.Permanent, Reason: f.Message, After: f.RetryAfter})
		next := t
		next.State, next.Reason, next.DueAt, next.UpdatedAt = store.TaskReady, v.Reason, v.DueAt, now
		c := store.Change{}
		if v.Final {
			q := store.Question{Seller: t.Seller, InstanceID: t.InstanceID, TaskID: t.ID, State: store.QuestionFailed, Until: t.Deadline}
			if f.Code == resultcode.InstanceNotFound {
				q.State, q.Until = store.QuestionUnknown, now.Add(rememberUnknown)
			}
			next.State, next.DueAt, next.Result = store.TaskFailed, t.DueAt, failureResult(f.Code, "")
			c.Questions = []store.Question{q}
		}
		c.PutTasks = []store.TaskPut{{Task: next, ExpectState: t.State, ExpectFence: t.Fence}}
		if err := s.apply(ctx, &c); err != nil {
			return t, "", s.storeError(ctx, err, errs.TaskNotFound, "")
		}
		return next, string(f.Code), nil
	}})
}
