// SPDX-License-Identifier: Apache-2.0

package fulfil

import (
	"context"
	"encoding/json"

	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/store"
)

// Access is how the customer reaches an instance (saas-v2 §5.2). It is sealed at rest and never logged.
type Access struct {
	FrontEndURL string `json:"frontEndUrl"`
	AdminURL    string `json:"adminUrl,omitempty"`
	UserName    string `json:"userName,omitempty"`
	Password    string `json:"password,omitempty"`
	Memo        string `json:"memo,omitempty"`
	Licence     string `json:"licence,omitempty"` // of an instance that is a licence
}

// String hides the credentials from every %v.
func (Access) String() string { return "[access information]" }

// GoString hides the credentials from every %#v.
func (Access) GoString() string { return "[access information]" }

// Verdict is a provisioner's word on a change.
type Verdict struct {
	Allowed bool   `json:"allowed"`
	Message string `json:"message,omitempty"`
}

// Completion is the end of a task. Access is required for CREATE and allowed for REFRESH and
// UPGRADE; Verdict is required for
// CHECK_CHANGE, Licence for ISSUE_LICENCE.
type Completion struct {
	Seller  string
	TaskID  string
	Fence   int64
	Access  *Access
	Verdict *Verdict
	Licence *Licence // required for ISSUE_LICENCE
	Known   *Import  // required for IDENTIFY: the instance as the provisioner knows it
}

// CompleteTask ends a task. Completing again under the token that completed it is no error. Errors: TASK_NOT_FOUND,
// FENCING_TOKEN_STALE, RESULT_INVALID.
func (s *Service) CompleteTask(ctx context.Context, c Completion) (store.Task, error) {
	t, err := s.Work.Task(ctx, c.Seller, c.TaskID)
	if err != nil {
		return t, err
	}
	if err := c.check(t); err != nil {
		return t, err
	}
	if err := s.Work.CheckForWorkers(t); err != nil {
		return t, err
	}
	if t.Kind == store.TaskIdentify {
		return s.identified(ctx, t, c)
	}
	if err := s.checkFamily(ctx, c, t); err != nil {
		return t, err
	}
	return s.finish(ctx, t, c.Fence, "complete", store.TaskDone, func(d *draft, t *store.Task) error {
		d.promoteAfter(t, func() { d.putTask(t, func(t *store.Task) { t.State, t.Reason = store.TaskDone, "" }) })
		switch t.Kind {
		case store.TaskCreate:
			return d.created(t, c.Access)
		case store.TaskIssueLicence:
			if creates(*t) {
				return d.created(t, &Access{Licence: c.Licence.Text})
			}
			return d.issued(ctx, t, *c.Licence)
		case store.TaskRefresh, store.TaskUpgrade:
			if c.Access != nil {
				if err := d.sealAccess(d.instance(t.InstanceID), *c.Access); err != nil {
					return err
				}
			}
		case store.TaskCheckChange:
			text, err := json.Marshal(c.Verdict)
			if err != nil {
				return errs.Wrap(err, errs.Internal, errs.InternalFault, "internal error")
			}
			d.putTask(t, func(t *store.Task) { t.Result = string(text) })
			d.event(EventChecked, t.InstanceID, fields{"task": t.ID, "allowed": c.Verdict.Allowed, "by": "provisioner"})
			return nil
		}
		d.completed(t)
		d.touch(d.instance(t.InstanceID))
		return nil
	})
}

// completed records that a provisioner finished.
func (d *draft) completed(t *store.Task) {
	d.event(EventTaskCompleted, t.InstanceID, fields{"task": t.ID, "kind": string(t.Kind), "attempt": t.Attempt})
}

const msgNoAccess = "a CREATE task is completed with access_info.front_end_url"

// creates says whether a task brings its instance into being: CREATE, or ISSUE_LICENCE where the licence is what was bought.
func creates(t store.Task) bool {
	return t.Kind == store.TaskCreate || t.Kind == store.TaskIssueLicence && PayloadOf(t).Action == ""
}

func (c Completion) check(t store.Task) error {
	kind := t.Kind
	if c.Licence != nil && kind != store.TaskIssueLicence {
		return invalid("licence belongs to ISSUE_LICENCE tasks only")
	}
	if c.Access != nil && kind != store.TaskCreate && kind != store.TaskRefresh && kind != store.TaskUpgrade {
		return invalid("access_info belongs to CREATE, REFRESH and UPGRADE tasks only")
	}
	if c.Known != nil && kind != store.TaskIdentify {
		return invalid("instance belongs to IDENTIFY tasks only")
	}
	if c.Verdict != nil && kind != store.TaskCheckChange {
		return invalid("change_verdict belongs to CHECK_CHANGE tasks only")
	}
	switch kind {
	case store.TaskCreate:
		if c.Access != nil && c.Access.FrontEndURL == "" { // whether it may be missing depends on the instance
			return invalid(msgNoAccess)
		}
	case store.TaskCheckChange:
		if c.Verdict == nil {
			return invalid("a CHECK_CHANGE task is completed with change_verdict")
		}
	case store.TaskIssueLicence:
		return c.Licence.check(creates(t))
	}
	return nil
}

func invalid(msg string) error { return errs.New(errs.Invalid, errs.ResultInvalid, "%s", msg) }

// checkFamily holds access information to what the instance's family can carry.
func (s *Service) checkFamily(ctx context.Context, c Completion, t store.Task) error {
	missing := t.Kind == store.TaskCreate && c.Access == nil
	if !missing && c.Access == nil {
		return nil
	}
	i, err := s.find(ctx, t.Seller, t.InstanceID)
	switch {
	case err != nil:
		return err
	case missing && i.Family != FamilyLicenseOnline:
		return invalid(msgNoAccess)
	case missing:
		return nil
	}
	return s.checkAccessOf(&i, *c.Access)
}

// created gives the instance its access information and newInstance its answer.
func (d *draft) created(t *store.Task, a *Access) error {
	d.completed(t)
	i := d.instance(t.InstanceID)
	if i.State == store.InstanceReleased { // the instance was released while it was being created: the release task behind this one cleans up
		return nil
	}
	i.State, i.Reason, i.FailureCode, i.FailureText = store.InstanceActive, frozenFor(i), "", ""
	if i.Frozen {
		i.State = store.InstanceFrozen
	}
	if l := d.creation(i.InstanceID); l != nil && l.AnswerCode == "" {
		l.AnswerCode = string(resultcode.Success)
		d.putLine(l)
	}
	if a == nil { // of an online licence
		d.putInstance(i)
		return nil
	}
	return d.sealAccess(i, *a)
}

// sealAccess is the only function that stores access information, and it refuses what cannot be sent.
func (d *draft) sealAccess(i *store.Instance, a Access) error {
	if err := d.s.checkAccessOf(i, a); err != nil {
		return err
	}
	text, err := json.Marshal(a) //nolint:gosec // sealed in the next line
	if err != nil {
		return errs.Wrap(err, errs.Internal, errs.InternalFault, "internal error")
	}
	if i.Access, err = d.s.seal(text, accessContext(i.Seller, i.InstanceID)); err != nil {
		return err
	}
	i.AccessVersion++
	d.putInstance(i)
	return nil
}

func accessContext(seller, instanceID string) string { return "access/" + seller + "/" + instanceID }

// promoteAfter ends a task by end and makes the instance's next one READY.
func (d *draft) promoteAfter(t *store.Task, end func()) {
	end()
	if t.Seq > 0 {
		d.promote(t.InstanceID)
	}
}
