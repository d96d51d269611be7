// SPDX-License-Identifier: Apache-2.0

package lives

import (
	"net/http"
	"time"

	"github.com/koogate/koogate/koogallery/checker/probe"
	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/resultcode"
)

// The promises that calls are held to.
const (
	promiseOne      = "an order line is one instance"
	promiseFirst    = "the first verdict wins"
	promiseAnswer   = "every call is answered as it should be"
	promiseShown    = "what was shown is shown again"
	promiseTaskOnce = "a task is completed once"
	promiseLease    = "a lease is one worker's"
)

// patience is how often the marketplace repeats a call whose answer it did not get.
const patience = 8

// buy opens the purchase once. The marketplace comes again by other steps, or at the end.
func (l *life) buy(s Step) error {
	seen := l.probe.Open(l.ctx, l.order)
	if s.Lost || l.dead() {
		return nil
	}
	return l.told(seen)
}

// told holds an answer to the purchase against all that were told before.
func (l *life) told(seen probe.Seen) error {
	code := resultcode.Code(seen.ResultCode)
	switch code {
	case resultcode.Internal: // call again
		return nil
	case resultcode.Success, resultcode.Processing:
	default:
		return broken(promiseAnswer, "the purchase is answered %s", seen.Why())
	}
	if seen.Problem != "" {
		return broken(promiseAnswer, "the debugger objects: %s", seen.Problem)
	}
	if l.instance != "" && seen.InstanceID != l.instance {
		return broken(promiseOne, "the marketplace was told %s and then %s", l.instance, seen.InstanceID)
	}
	if l.code == resultcode.Success && code != resultcode.Success {
		return broken(promiseFirst, "the purchase was answered %s and then %s", l.code, code)
	}
	l.instance, l.code = seen.InstanceID, code
	return nil
}

// query asks for the instance.
func (l *life) query(s Step) error {
	if l.instance == "" {
		return nil
	}
	seen := l.probe.Query(l.ctx, l.order, l.instance)
	switch {
	case s.Lost || l.dead() || l.released || seen.ResultCode == string(resultcode.Internal):
		return nil
	case seen.Problem != "":
		return broken(promiseAnswer, "the debugger objects to a query: %s", seen.Problem)
	case seen.Outcome == judge.OutcomeFailed:
		return broken(promiseAnswer, "a query of an instance in use is answered %s", seen.Why())
	case l.shown && !seen.Shows.Access:
		return broken(promiseShown, "a query does not show the instance any more: %s", seen.ResultCode)
	}
	l.shown = l.shown || seen.Shows.Access
	return nil
}

// insist makes a call until its answer arrives, as the marketplace does. It tells whether the call was answered with success.
func (l *life) insist(s Step, name string, call func() probe.Seen) (ok bool, err error) {
	for n := range patience {
		seen := call()
		if l.dead() {
			if err := l.again(); err != nil {
				return false, err
			}
			continue
		}
		switch resultcode.Code(seen.ResultCode) {
		case resultcode.Internal: // call again
		case resultcode.Success:
			if s.Lost && n == 0 {
				continue
			}
			if seen.Problem != "" {
				return false, broken(promiseAnswer, "the debugger objects to %s: %s", name, seen.Problem)
			}
			return true, nil
		default:
			if l.released {
				return false, nil
			}
			return false, broken(promiseAnswer, "%s is answered %s", name, seen.Why())
		}
	}
	return false, broken(promiseAnswer, "%s is not answered with success in %d attempts", name, patience)
}

func (l *life) renew(s Step) error {
	if l.instance == "" {
		return nil
	}
	order := l.later[s.Number]
	ok, err := l.insist(s, "a renewal", func() probe.Seen {
		return l.probe.Refresh(l.ctx, judge.SceneRenewal, l.order, order, l.instance, nil)
	})
	if ok && !l.released && !l.renewed[s.Number] && !order.ExpireTime.Before(l.expiry) {
		l.expiry = order.ExpireTime
	}
	l.renewed[s.Number] = l.renewed[s.Number] || ok
	return err
}

func (l *life) status(s Step) error {
	if l.instance == "" {
		return nil
	}
	status := judge.StatusFreeze
	if s.Op == OpUnfreeze {
		status = judge.StatusUnfreeze
	}
	ok, err := l.insist(s, status, func() probe.Seen { return l.probe.Status(l.ctx, status, l.order, l.instance) })
	if ok && !l.released {
		l.frozen = s.Op == OpFreeze
	}
	return err
}

func (l *life) release(s Step) error {
	if l.instance == "" || s.Number != 0 { // rarely, or every life would be short
		return nil
	}
	l.mayBeReleased = true
	ok, err := l.insist(s, "a release", func() probe.Seen { return l.probe.Release(l.ctx, l.order, l.order, l.instance) })
	l.released = l.released || ok
	return err
}

// lease has a worker lease a task, which it keeps.
func (l *life) lease() error {
	var got struct {
		Tasks []struct {
			TaskID       string `json:"taskId"`
			Kind         string `json:"kind"`
			FencingToken int64  `json:"fencingToken,string"`
		} `json:"tasks"`
	}
	status, err := l.api(l.ctx, "/v1/tasks:lease", map[string]any{
		"queue": workQueue, "workerId": "worker", "maxTasks": 1, "leaseDuration": leaseTime.String(),
	}, &got)
	if err != nil || status != http.StatusOK {
		return err
	}
	now := l.clock.Now()
	for _, t := range got.Tasks {
		if until := l.leased[t.TaskID]; now.Before(until) {
			return broken(promiseLease, "a task was leased again %s before its lease ends", until.Sub(now))
		}
		l.leased[t.TaskID] = now.Add(leaseTime)
		l.held = append(l.held, held{t.TaskID, t.Kind, t.FencingToken})
		l.newest[t.TaskID] = t.FencingToken
	}
	return nil
}

// hopeful is how long after its beginning a life's creation is given back at most. What is given back later may be tried again only when the
// marketplace has refunded the order; then it fails for good, which is the worker's doing and nothing that Koogate could keep.
const hopeful = 2 * time.Hour

// work has a worker lease a task and complete it, or give it back.
func (l *life) work(s Step, complete bool) error {
	had := len(l.held)
	if err := l.lease(); err != nil || len(l.held) == had || l.dead() {
		return err
	}
	last := l.held[had]
	if complete || last.kind == "TASK_KIND_CREATE" && l.clock.Now().Sub(l.began) > hopeful {
		l.held = append([]held{last}, l.held[:had]...)
		return l.complete(s)
	}
	l.held = l.held[:had]
	delete(l.leased, last.id)
	_, err := l.api(l.ctx, "/v1/tasks/"+last.id+":fail", map[string]any{"fencingToken": last.fence, "code": "FAILURE_CODE_INTERNAL", "message": "busy"}, nil)
	return err
}

// complete has the worker complete the task that it has kept longest.
func (l *life) complete(s Step) error {
	t := l.held[0]
	l.held = l.held[1:]
	delete(l.leased, t.id)
	body := map[string]any{"fencingToken": t.fence}
	if t.kind == "TASK_KIND_CREATE" {
		body["accessInfo"] = map[string]any{"frontEndUrl": "https://app.example.com", "userName": "admin", "password": "initial"}
	}
	status, err := l.api(l.ctx, "/v1/tasks/"+t.id+":complete", body, nil)
	if err != nil || status != http.StatusOK || s.Lost {
		return err
	}
	if newest := l.newest[t.id]; newest != t.fence {
		return broken(promiseTaskOnce, "the completion of a task was acknowledged under the token %d, and it had been leased under %d since", t.fence, newest)
	}
	if token, ok := l.done[t.id]; ok && token != t.fence {
		return broken(promiseTaskOnce, "the completion of a task was acknowledged under the tokens %d and %d", token, t.fence)
	}
	l.done[t.id] = t.fence
	return nil
}

// beat has the worker prolong the lease of the task that it has kept longest.
func (l *life) beat() error {
	if len(l.held) == 0 {
		return nil
	}
	t := l.held[0]
	status, err := l.api(l.ctx, "/v1/tasks/"+t.id+":heartbeat", map[string]any{"fencingToken": t.fence, "leaseDuration": leaseTime.String()}, nil)
	if err != nil || status != http.StatusOK {
		return err
	}
	if newest := l.newest[t.id]; newest != t.fence {
		return broken(promiseLease, "a lease was prolonged under the token %d, and the task had been leased under %d since", t.fence, newest)
	}
	if _, ok := l.leased[t.id]; ok {
		l.leased[t.id] = l.clock.Now().Add(leaseTime)
	}
	return nil
}
