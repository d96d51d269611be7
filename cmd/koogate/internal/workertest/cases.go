// SPDX-License-Identifier: Apache-2.0

package workertest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/koogallery/checker/rule"
	"github.com/koogate/koogate/koogallery/simulator/catalogue"
	"github.com/koogate/koogate/server/clock"
)

const (
	creates   = koogatev1.TaskKind_TASK_KIND_CREATE
	refreshes = koogatev1.TaskKind_TASK_KIND_REFRESH

	look       = 20 * time.Millisecond  // between two looks
	settling   = 400 * time.Millisecond // in which a second resource shows
	mostAppear = 3 * time.Second        // in which a resource shows that was answered too early
	mostAfter  = 3                      // calls about a task whose lease is lost: some may be on their way, and work that is done may be tried
	mostCrash  = 40 * time.Millisecond  // after a lease, until the crash
	slowAnswer = time.Second            // for which the worker waits in vain
)

// kit does things to a worker and judges what comes of them.
type kit struct {
	*site
	worker   *process // nil when it is not ours to kill
	hook     string   // empty for none
	patience time.Duration
	random   *rand.Rand
	progress func(rule string)

	found map[string]rule.Outcome
	made  map[string]int // calls of the worker, by the rule that they were for
}

// The reasons for which a rule is not found out.
func noHook() rule.Outcome {
	return rule.Unknown("没有 --resources，看不到厂商系统中存在什么", "without --resources nobody sees what exists in your system")
}
func noKill() rule.Outcome {
	return rule.Unknown("工作进程不是由本命令启动的，不能终止它", "the worker was not started by this command, which so cannot kill it")
}

// judge notes how a rule came out; what is broken stays so.
func (k *kit) judge(id string, o rule.Outcome) {
	if k.found[id].State != rule.Fail {
		k.found[id] = o
	}
}

// place buys a product; the plan is made before the marketplace calls.
func (k *kit) place(ctx context.Context, kind catalogue.Kind, p plan) (order string, err error) {
	o, err := k.market.Place(kind)
	if err != nil {
		return "", err
	}
	k.gate.will(o.ID, p)
	m, err := k.market.Opening(o.ID)
	if err != nil {
		return "", err
	}
	_, err = k.market.Deliver(ctx, m)
	return o.ID, err
}

// until waits for a condition; false when patience is over. Errors: the worker cannot be run, or ctx ended.
func (k *kit) until(ctx context.Context, patience time.Duration, cond func() bool) (bool, error) {
	for end := (clock.System{}).Now().Add(patience); ; {
		switch {
		case cond():
			return true, nil
		case !(clock.System{}).Now().Before(end):
			return false, nil
		}
		if k.worker != nil {
			if err := k.worker.broken(); err != nil {
				return false, err
			}
		}
		if err := clock.Sleep(ctx, clock.System{}, look); err != nil {
			return false, err
		}
	}
}

// ends waits until a task of an order ends, and returns the grants.
func (k *kit) ends(ctx context.Context, order string, kind koogatev1.TaskKind) (all []seen, ok bool, err error) {
	ok, err = k.until(ctx, k.patience, func() bool {
		all = k.gate.of(order, kind)
		return slices.ContainsFunc(all, func(x seen) bool { return (x.ended == done || x.ended == failed) && k.over(ctx, x) })
	})
	return all, ok, err
}

// count tells how many resources an instance has.
func (k *kit) count(ctx context.Context, instance string) (int, error) {
	all, err := resources(ctx, k.hook)
	n := 0
	for _, r := range all {
		if r.InstanceID == instance {
			n++
		}
	}
	return n, err
}

// settled tells the same once nothing more is to be expected.
func (k *kit) settled(ctx context.Context, instance string) (n int, err error) {
	_, waiting := k.until(ctx, mostAppear, func() bool {
		n, err = k.count(ctx, instance)
		return n > 0 || err != nil
	})
	if err != nil || waiting != nil {
		return n, errors.Join(err, waiting)
	}
	if err := clock.Sleep(ctx, clock.System{}, settling); err != nil {
		return n, err
	}
	return k.count(ctx, instance)
}

// errSilent says that no worker came.
var errSilent = errors.New("no worker has leased a task: is KOOGATE_ADDR (or KOOGATE_URL), KOOGATE_TOKEN and KOOGATE_QUEUE what it goes by?")

// purchase is a purchase that nothing happens to, and its renewal.
func (k *kit) purchase(ctx context.Context) error {
	order, err := k.place(ctx, sold, plan{})
	if err != nil {
		return err
	}
	all, ok, err := k.ends(ctx, order, creates)
	switch {
	case err != nil:
		return err
	case len(all) == 0:
		return fmt.Errorf("%w; waited %s", errSilent, k.patience)
	case !ok && k.webhook != nil:
		return k.unfinished(len(all))
	case !ok:
		k.judge(finishes, rule.Broken("%s 之后仍未完成，已领取 %d 次", "it is not finished after %s; it was leased %d times", k.patience, len(all)))
		return nil
	}
	last := all[len(all)-1]
	if last.ended == failed && k.webhook != nil {
		_, status := k.webhook.silent()
		k.judge(finishes, rule.Broken("程序以 HTTP %d 最终结束了任务：它用的是 KOOGATE_WEBHOOK_SECRET 吗？该商品若不认识，请用 --product 和 --sku 指定", "the program ended it for good by HTTP %d: does it verify by KOOGATE_WEBHOOK_SECRET? If it does not know the product, name yours by --product and --sku", status))
		return nil
	}
	if last.ended == failed {
		k.judge(finishes, rule.Broken("工作进程以最终失败结束了任务；该商品若不认识，请用 --product 和 --sku 指定", "the worker failed it for good; if it does not know the product, name yours by --product and --sku"))
		return nil
	}
	k.judge(finishes, rule.Holds())
	if k.hook == "" {
		k.judge(renews, noHook())
		return nil
	}
	n, err := k.settled(ctx, last.task.GetInstanceId())
	switch {
	case err != nil:
		return err
	case n == 0:
		return fmt.Errorf("--resources: the hook lists nothing for instance %s, which the worker has completed", last.task.GetInstanceId())
	}
	return k.renewal(ctx, order)
}

// renewal renews the purchase and looks whether that is in effect.
func (k *kit) renewal(ctx context.Context, order string) error {
	k.progress(renews)
	shown, cancel := context.WithTimeout(ctx, k.patience)
	defer cancel()
	if _, err := k.market.Await(shown, order); err != nil {
		return err
	}
	m, err := k.market.Renewal(order)
	if err != nil {
		return err
	}
	if _, err := k.market.Deliver(ctx, m); err != nil {
		return err
	}
	all, ok, err := k.ends(ctx, order, refreshes)
	switch {
	case err != nil:
		return err
	case !ok:
		k.judge(renews, rule.Broken("续费任务 %s 之后仍未完成", "the renewal is not finished after %s", k.patience))
		return nil
	}
	task := all[len(all)-1].task
	if all[len(all)-1].ended == failed {
		k.judge(renews, rule.Broken("工作进程以最终失败结束了续费任务", "the worker failed the renewal for good"))
		return nil
	}
	want, told, late := task.GetExpireTime().AsTime(), false, false
	var have time.Time
	_, err = k.until(ctx, mostAfterRenewal, func() bool {
		list, failed := resources(ctx, k.hook)
		told, late, err = false, false, failed
		for _, r := range list {
			if r.InstanceID == task.GetInstanceId() && r.ExpiresAt != nil {
				told, have = true, *r.ExpiresAt
				late = late || have.Before(want.Add(-time.Second))
			}
		}
		return err != nil || told && !late
	})
	switch {
	case err != nil:
		return err
	case !told:
		k.judge(renews, rule.Unknown("--resources 没有列出 expiresAt", "--resources lists no expiresAt"))
	case late:
		k.judge(renews, rule.Broken("任务已完成，资源仍在 %s 到期，应为 %s", "the task is completed, and the resource still ends at %s instead of %s", have.UTC().Format(time.RFC3339), want.UTC().Format(time.RFC3339)))
	default:
		k.judge(renews, rule.Holds())
	}
	return nil
}

// mostAfterRenewal is how long a renewal may take to show.
const mostAfterRenewal = 2 * time.Second

// stolen takes the task away at the first sign of the worker, and gives it back to it later: a lost lease and a duplicate.
func (k *kit) stolen(ctx context.Context) error {
	var theft sync.Once
	take := func(x *grant) { theft.Do(func() { k.gate.steal(x) }) }
	p := plan{beat: take, report: func(x *grant, forward func() error) error {
		take(x)
		return forward()
	}}
	if k.webhook != nil {
		p = plan{detach: true}
	}
	order, err := k.place(ctx, sold, p)
	if err != nil {
		return err
	}
	all, ok, err := k.ends(ctx, order, creates)
	if err != nil {
		return err
	}
	if !ok {
		k.judge(once, rule.Broken("租约丢失后，再次到达的任务 %s 内未完成", "the task that came again after a lost lease is not finished within %s", k.patience))
	} else if err := k.one(ctx, once, all[0].task.GetInstanceId()); err != nil {
		return err
	}
	if k.webhook != nil && k.gate.askedByAPI() == 0 {
		k.judge(stops, rule.Unknown("程序在应答里结束任务，没有租约可丢", "it ends tasks by its answers, and so holds no lease that could be lost"))
		return nil
	}
	first := k.gate.of(order, creates)[0]
	if first.after > mostAfter {
		k.judge(stops, rule.Broken("得知租约丢失后，仍以旧令牌调用了 %d 次", "after it was told that its lease is lost, it called %d times under the old token", first.after))
	} else {
		k.judge(stops, rule.Holds())
	}
	return nil
}

// slow lets the worker wait for its answer, and then answers nothing: the report has arrived all the same.
func (k *kit) slow(ctx context.Context) error {
	if k.webhook != nil {
		return k.unheard(ctx)
	}
	answered := make(chan struct{})
	order, err := k.place(ctx, sold, plan{report: func(_ *grant, forward func() error) error {
		defer close(answered)
		if err := forward(); err != nil {
			return err
		}
		sleep(slowAnswer)
		return status.Error(codes.Unavailable, "the answer was lost")
	}})
	if err != nil {
		return err
	}
	all, ok, err := k.ends(ctx, order, creates)
	if err != nil {
		return err
	}
	if !ok {
		k.judge(finishes, rule.Broken("一次普通的任务 %s 内未完成", "a plain task is not finished within %s", k.patience))
		return nil
	}
	select {
	case <-answered:
	case <-ctx.Done():
		return ctx.Err()
	}
	return k.one(ctx, once, all[0].task.GetInstanceId())
}

// one judges a rule by the resources of an instance.
func (k *kit) one(ctx context.Context, id, instance string) error {
	if k.hook == "" {
		k.judge(id, noHook())
		return nil
	}
	n, err := k.settled(ctx, instance)
	if err != nil {
		return err
	}
	switch {
	case n > 1:
		k.judge(id, rule.Broken("实例有 %d 份资源", "the instance has %d resources", n))
		return nil
	case n == 0: // says nothing of how often it is made
		k.judge(durable, rule.Broken("任务已完成，资源不存在", "the task is completed, and the resource is not there"))
	}
	if k.found[id].State == "" {
		k.judge(id, rule.Holds())
	}
	return nil
}

// errGone is what a worker would hear that is not there any more.
var errGone = status.Error(codes.Unavailable, "the worker was killed")

// crash kills the worker, at its answer or some time after the lease, and starts it again.
func (k *kit) crash(ctx context.Context, atAnswer bool) error {
	if k.worker == nil {
		k.judge(resumes, noKill())
		return nil
	}
	crashed := make(chan error, 1)
	var first sync.Once
	kill := func() {
		k.worker.kill()
		k.gate.died()
		crashed <- k.worker.start()
	}
	p := plan{report: func(_ *grant, forward func() error) error {
		err := errGone
		var mine bool
		first.Do(func() { mine = true; kill() })
		if !mine {
			err = forward()
		}
		return err
	}}
	if !atAnswer {
		pause := time.Duration(k.random.Int64N(int64(mostCrash)))
		p = plan{leased: func(*grant) { go first.Do(func() { sleep(pause); kill() }) }}
	}
	order, err := k.place(ctx, sold, p)
	if err != nil {
		return err
	}
	all, ok, err := k.ends(ctx, order, creates)
	if ok { // then it was reported, and before that came the lease
		select {
		case failed := <-crashed:
			err = errors.Join(err, failed)
		case <-ctx.Done():
		}
	}
	switch {
	case err != nil:
		return err
	case !ok:
		k.judge(resumes, rule.Broken("崩溃后重新启动的工作进程 %s 内未完成任务", "the worker that was started again after a crash did not finish the task within %s", k.patience))
		return nil
	case k.found[once].State == rule.Fail:
		k.judge(resumes, rule.Unknown("再次到达的任务本来就会多创建资源", "a task that comes again makes another resource anyway"))
		return nil
	}
	return k.one(ctx, resumes, all[0].task.GetInstanceId())
}

// early kills the worker the moment its answer arrives, and looks whether what it has answered is there.
func (k *kit) early(ctx context.Context) error {
	switch {
	case k.worker == nil:
		k.judge(durable, noKill())
		return nil
	case k.hook == "":
		k.judge(durable, noHook())
		return nil
	}
	type sight struct {
		n   int
		err error
	}
	looked := make(chan sight, 1)
	order, err := k.place(ctx, sold, plan{report: func(x *grant, forward func() error) error {
		k.worker.kill()
		err := forward()
		var s sight
		s.n, s.err = k.count(context.WithoutCancel(ctx), x.task.GetInstanceId())
		k.gate.died()
		s.err = errors.Join(s.err, err, k.worker.start())
		looked <- s
		return errGone
	}})
	if err != nil {
		return err
	}
	if _, ok, err := k.ends(ctx, order, creates); err != nil || !ok {
		k.judge(durable, rule.Unknown("任务 %s 内未完成", "the task was not finished within %s", k.patience))
		return err
	}
	select {
	case s := <-looked:
		if s.err != nil {
			return s.err
		}
		if s.n == 0 {
			k.judge(durable, rule.Broken("完成任务后立刻终止工作进程，资源不存在", "the worker was killed right after its answer, and the resource is not there"))
		} else {
			k.judge(durable, rule.Holds())
		}
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

// refusal sells what the worker is to refuse.
func (k *kit) refusal(ctx context.Context) error {
	if k.hook == "" {
		k.judge(leaksNone, noHook())
		return nil
	}
	order, err := k.place(ctx, refused, plan{})
	if err != nil {
		return err
	}
	all, ok, err := k.ends(ctx, order, creates)
	if err != nil {
		return err
	}
	if !ok || all[len(all)-1].ended != failed {
		k.judge(leaksNone, rule.Unknown("没有开通任务被最终失败；请用 --refused-product 指定一个工作进程会拒绝的商品", "no purchase was failed for good: name a product that your worker refuses by --refused-product"))
		return nil
	}
	if err := clock.Sleep(ctx, clock.System{}, settling); err != nil {
		return err
	}
	n, err := k.count(ctx, all[0].task.GetInstanceId())
	if err != nil {
		return err
	}
	if n > 0 {
		k.judge(leaksNone, rule.Broken("最终失败的开通留下了 %d 份资源", "the purchase that failed for good has left %d resources", n))
	} else {
		k.judge(leaksNone, rule.Holds())
	}
	return nil
}

// whole judges what every case has told of.
func (k *kit) whole() {
	if calls := k.gate.strangers(); len(calls) > 0 {
		k.judge(own, rule.Broken("以从未得到的任务或令牌调用了 %d 次（%s）", "it called %d times about a task or a token that it was not given (%s)", len(calls), calls[0]))
	} else {
		k.judge(own, rule.Holds())
	}
	if k.webhook != nil {
		k.inTime()
		return
	}
	var longest seen
	prolonged := false
	for _, x := range k.gate.all() {
		if x.lapsed {
			k.judge(beats, rule.Broken("一个任务在 %s 的租约到期之后仍在处理，没有心跳", "a task was held beyond the end of its lease of %s", x.length.Round(time.Millisecond)))
			return
		}
		prolonged = prolonged || x.beaten
		if x.took > longest.took {
			longest = x
		}
	}
	if prolonged {
		k.judge(beats, rule.Holds())
		return
	}
	k.judge(beats, rule.Unknown("没有任务需要续期：最长的用了 %s，租约为 %s", "no task needed it: the longest took %s of a lease of %s",
		longest.took.Round(time.Millisecond), longest.length))
}
