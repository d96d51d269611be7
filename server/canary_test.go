// SPDX-License-Identifier: Apache-2.0

package server_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/koogallery/seal"
	"github.com/koogate/koogate/server"
	"github.com/koogate/koogate/server/config"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/facade/family"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/server/usage"
	"github.com/koogate/koogate/server/work"
	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/sqlite"
)

// operators is what operators and workers write for operators, wherever they may.
const operators = "canary-operators 10.0.0.7 refused"

// withCanaries adds an endpoint that serves every family, whose products an outside worker provides, and which answers on
// completion where it can: then the outcome of a task is nearest to the answer.
func withCanaries(cfg *config.Config, d *server.Deps) {
	withEvery(cfg, d)
	e := cfg.Endpoints[len(cfg.Endpoints)-1]
	e.Name, e.HoldBudget, e.CheckBudget, e.Answers = "canaries", time.Second, time.Second, map[string]string{}
	e.Products = map[string]config.Product{"*": {Provisioner: "crm", SyncBudget: 500 * time.Millisecond}}
	for _, activity := range fulfil.CompletionActivities() {
		e.Answers[activity] = "completion"
	}
	cfg.Endpoints = append(cfg.Endpoints, e)
}

// inside is a rig whose worker gives every task back once, gives it up, and completes it when an operator retries it, with
// operators' words each time. It keeps every answer of the facade, with its header.
type inside struct {
	*rig

	mu    sync.Mutex
	heard []string
	told  int // how often the worker has written something
}

// work is the worker, until the test ends.
func (r *inside) work(ctx context.Context) {
	for ctx.Err() == nil {
		tasks, err := r.Core().Work.Lease(ctx, work.Ask{Seller: "acme", Queues: []string{"crm"}, Worker: operators, Max: 1, Wait: time.Second, For: time.Minute})
		if err != nil || len(tasks) == 0 {
			continue
		}
		task := tasks[0]
		if task.Attempt > 2 {
			c := fulfil.Completion{Seller: "acme", TaskID: task.ID, Fence: task.Fence}
			switch task.Kind {
			case store.TaskCreate:
				c.Access = &fulfil.Access{FrontEndURL: "https://app.example.com/1", UserName: "admin", Password: "pw"}
			case store.TaskIssueLicence:
				c.Licence = &fulfil.Licence{Text: "the-licence"}
			}
			_, err = r.Core().CompleteTask(ctx, c)
		} else {
			_, err = r.Core().FailTask(ctx, fulfil.Failure{
				Seller: "acme", TaskID: task.ID, Fence: task.Fence, Permanent: task.Attempt == 2 || task.Kind == store.TaskCheckChange, Code: resultcode.Internal,
				Message: operators, RetryAfter: time.Millisecond,
			})
		}
		if err != nil && ctx.Err() == nil {
			r.t.Errorf("%s, attempt %d: %v", task.Kind, task.Attempt, err)
		}
		r.mu.Lock()
		r.told++
		r.mu.Unlock()
	}
}

// hear keeps an answer and returns it.
func (r *inside) hear(a reply) reply {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.heard = append(r.heard, a.body)
	for name, values := range a.header {
		r.heard = append(r.heard, name+": "+strings.Join(values, ","))
	}
	return a
}

// recorded are the records of all calls, as text. None holds a key or what the calls say of the buyer.
func (r *inside) recorded(t *testing.T) []string {
	t.Helper()
	if err := r.stop(); err != nil { // which writes them
		t.Fatal(err)
	}
	st, err := sqlite.Open(t.Context(), sqlite.Options{Path: r.path})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = st.Close() }()
	calls, err := st.ListCalls(t.Context(), store.ListQuery{Seller: "acme", Limit: 10_000})
	if err != nil || len(calls) == 0 {
		t.Fatalf("%d calls are recorded, %v", len(calls), err)
	}
	var texts []string
	for _, c := range calls {
		text := fmt.Sprintf("%+v", c)
		for _, secret := range []string{acmeKey, "canary", "13900000000", "@example.com", "huaweicloud", "admin"} {
			if strings.Contains(strings.ReplaceAll(text, "Endpoint:canaries", ""), secret) {
				t.Errorf("%q is in the record %s", secret, text)
			}
		}
		texts = append(texts, text)
	}
	return texts
}

// tasks are those of acme in a state.
func (r *inside) tasks(state store.TaskState) []store.Task {
	list, err := r.Core().Tasks(context.Background(), store.ListQuery{Seller: "acme", Limit: 100, Filter: []store.Term{{Field: "state", Value: string(state)}}})
	if err != nil {
		r.t.Error(err)
	}
	return slices.DeleteFunc(list, func(t store.Task) bool { return t.Kind == usage.KindPush })
}

// rest waits until nothing is going on.
func (r *inside) rest() {
	eventually(r.t, "nothing is going on", func() bool {
		return len(r.tasks(store.TaskReady))+len(r.tasks(store.TaskLeased)) == 0
	})
}

// step makes a call while its task fails, again when it has failed, and again when an operator has brought it to its end.
func (r *inside) step(calls ...func() reply) {
	all := func() {
		for _, call := range calls {
			r.hear(call())
		}
	}
	all()
	r.rest()
	all()
	for _, task := range r.tasks(store.TaskFailed) {
		if task.Kind == store.TaskCheckChange {
			continue
		}
		_, err := r.Core().RetryTask(context.Background(), fulfil.Retry{Seller: "acme", TaskID: task.ID, Force: true, Reason: operators, Who: operators})
		if err != nil && errs.As(err).Reason != errs.StateConflict { // what rests on an order query is retried with it
			r.t.Errorf("retry %s: %v", task.Kind, err)
		}
	}
	r.rest()
	all()
}

// change gives an instance another address, with a reason.
func (r *inside) change(id string) {
	var err error
	eventually(r.t, "the create task of "+id+" is done", func() bool { // which is not there before the order query has ended
		_, err = r.Core().UpdateAccess(context.Background(), fulfil.AccessUpdate{
			Seller: "acme", InstanceID: id, Access: fulfil.Access{FrontEndURL: "https://app.example.com/2"}, Fields: []string{"frontEndUrl"}, Reason: operators, Who: operators,
		})
		return err == nil || errs.As(err).Reason != errs.StateConflict
	})
	if err != nil {
		r.t.Errorf("change %s: %v", id, err)
	}
	err = r.Core().RecordUsageRetry(context.Background(), "acme", id, map[string]any{"reason": operators, "who": operators})
	if err != nil {
		r.t.Error(err)
	}
}

// insides are the lives of the families, each with every call that it has.
func insides() map[string]func(r *inside) {
	post := func(r *inside, p params) func() reply { return func() reply { return r.post("canaries", p) } }
	get := func(r *inside, p params) func() reply { return func() reply { return r.get("canaries", p) } }
	created := params{"activity": "newInstance", "orderId": "CS1", "orderLineId": "CS1-1", "businessId": "i-1"}
	query := params{"activity": "queryInstance", "instanceId": "i-1"}
	v2 := func(r *inside) {
		r.step(post(r, created), post(r, query))
		r.change("i-1")
		r.step(post(r, created), post(r, query))
	}
	kit := func(family string) func(r *inside) {
		return func(r *inside) {
			v2(r)
			call := func(activity, more string) func() reply {
				return func() reply {
					return r.kit(family, "canaries", activity, `{"instanceId":"i-1","tenantId":"t-1",`+more+`"flag":1,"testFlag":0,"timeStamp":"20220413093539534"}`)
				}
			}
			list := map[string]string{"kit_v1": `"[{\"userName\":\"u-1\",\"name\":\"x\",\"role\":\"user\"}]"`, "kit_v2": `[{"userName":"u-1","name":"x","role":"user"}]`}[family]
			units := strings.NewReplacer("userName", "orgCode", "name", "orgName").Replace(list)
			r.step(
				call("tenantSync", `"orderId":"CS1","tenantCode":"x","name":"x","domainName":"https://x.example",`), call("applicationSync", `"appId":"a-1","clientId":"c","clientSecret":"bm8=",`),
				call("authSync", `"appId":"a-1","currentSyncTime":"20220413093539534","userList":`+list+`,`), call("singleOrgSync", `"orgCode":"d-1","orgName":"x",`),
				call("allOrgSync", `"orgInfoList":`+units+`,`), call("authSync", `"userList":7,`), post(r, query),
			)
		}
	}
	return map[string]func(r *inside){
		"saas_v2": func(r *inside) {
			v2(r)
			for _, p := range []params{
				{"activity": "refreshInstance", "scene": "RENEWAL", "orderId": "CS2", "orderLineId": "CS2-1", "instanceId": "i-1", "expireTime": "20300523201932"},
				{"activity": "upgradeInstance", "orderId": "CS3", "orderLineId": "CS3-1", "instanceId": "i-1"},
				{"activity": "updateInstanceStatus", "instanceId": "i-1", "status": "FREEZE"}, {"activity": "updateInstanceStatus", "instanceId": "i-1", "status": "UNFREEZE"},
				{"activity": "changeInstanceCheck", "instanceId": "i-1", "productInfo": `[{"productId":"p"}]`}, {"activity": "releaseInstance", "instanceId": "i-1"},
			} {
				r.step(post(r, p), post(r, query), post(r, created))
			}
		},
		"saas_v1": func(r *inside) {
			created := v1Purchase.with(params{"businessId": "i-1"})
			query := get(r, params{"activity": "queryInstance", "instanceId": "i-1"})
			r.step(get(r, created), query)
			r.change("i-1")
			for _, p := range []params{
				{"activity": "refreshInstance", "orderId": "CS2", "instanceId": "i-1", "expireTime": "20310523201932"},
				{"activity": "upgrade", "orderId": "CS3", "instanceId": "i-1", "skuCode": "s-2", "productId": "p-2", "amount": "5"},
				{"activity": "expireInstance", "orderId": "CS1", "instanceId": "i-1"}, {"activity": "instanceStatus", "instanceId": "i-1", "instanceStatus": "FREEZE"},
				{"activity": "instanceStatus", "instanceId": "i-1", "instanceStatus": "NORMAL"}, {"activity": "releaseInstance", "orderId": "CS1", "instanceId": "i-1"},
			} {
				r.step(get(r, p), query, get(r, created))
			}
		},
		"license_v1": func(r *inside) {
			created := params{"activity": "getLicense", "customerId": "c-1", "orderId": "CS1", "productId": "p-1", "businessId": "i-1",
				"saasExtendParams": seal.FormatExtendParams([]seal.Param{{Name: "identificationCode", Value: "HW-1"}})}
			r.step(get(r, created))
			for _, p := range []params{
				{"activity": "refreshLicense", "orderId": "CS2", "instanceId": "i-1", "expireTime": "20310523201932"},
				{"activity": "expireLicense", "orderId": "CS1", "instanceId": "i-1"}, {"activity": "releaseLicense", "orderId": "CS1", "instanceId": "i-1"},
			} {
				r.step(get(r, p), get(r, created))
			}
		},
		"license_code": func(r *inside) {
			for _, p := range []params{
				{"activity": "refreshLicenseCode", "scene": "RENEWAL", "orderId": "CS2", "orderLineId": "CS2-1", "license": "PL-1", "expireTime": "20300523201932"},
				{"activity": "updateLicenseCodeStatus", "license": "PL-1", "status": "FREEZE"}, {"activity": "releaseLicenseCode", "license": "PL-1"},
			} {
				r.step(post(r, p))
			}
		},
		"license_online": func(r *inside) {
			v2(r)
			for _, p := range []params{
				{"activity": "getLicenseAsync", "instanceId": "i-1", "effectiveTime": "2026-10-27 10:30:15 z", "expireTime": "2027-10-27 10:30:15 z", "eventId": "e-1"},
				{"activity": "refreshInstance", "scene": "RENEWAL", "orderId": "CS2", "orderLineId": "CS2-1", "instanceId": "i-1", "expireTime": "20300523201932"},
				{"activity": "releaseInstance", "instanceId": "i-1"},
			} {
				r.step(post(r, p), post(r, query))
			}
		},
		"order_notify": func(r *inside) {
			r.market.mu.Lock() // what is told of a failed query is Koogate's own and the marketplace's, and is for operators too
			r.market.err = &fulfil.QueryError{Code: operators}
			r.market.mu.Unlock()
			notify := post(r, params{"activity": "orderNotify", "orderId": "CS1", "orderLineId": "CS1-1", "testFlag": "0"})
			r.step(notify, post(r, created))
			r.market.mu.Lock()
			r.market.err = nil
			r.market.mu.Unlock()
			r.step(notify, post(r, created), post(r, query))
		},
		"kit_v1": kit("kit_v1"), "kit_v2": kit("kit_v2"),
	}
}

// What operators write stays inside: in no family does a byte of it leave by the facade, whatever fails, is retried, changed,
// repeated or asked for later.
func TestOperatorsTextLeavesByNoListener(t *testing.T) {
	lives := insides()
	if len(lives) != len(family.Names()) {
		t.Errorf("%d families are driven, %d are served", len(lives), len(family.Names()))
	}
	for _, name := range family.Names() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &inside{rig: start(t, withCanaries)}
			ctx, cancel := context.WithCancel(t.Context())
			var worker sync.WaitGroup
			worker.Go(func() { r.work(ctx) })
			lives[name](r)
			cancel()
			worker.Wait()
			calls := r.recorded(t)
			codes := map[string]bool{}
			for _, text := range append(calls, r.heard...) {
				for _, part := range strings.Fields(operators) {
					if len(part) > 7 && strings.Contains(text, part) {
						t.Errorf("%q left in %s", part, text)
					}
				}
				if _, code, ok := strings.Cut(text, `"resultCode":"`); ok {
					codes[code[:6]] = true
				}
			}
			if !codes["000000"] || len(r.heard) < 10 || r.told == 0 && name != "order_notify" {
				t.Errorf("%d texts were heard, %d told, codes %v", len(r.heard), r.told, codes)
			}
			if failing := name != "order_notify" && !strings.HasPrefix(name, "kit"); failing && len(codes) < 2 {
				t.Errorf("no failure was heard of: %v", codes)
			}
		})
	}
}
