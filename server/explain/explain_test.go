// SPDX-License-Identifier: Apache-2.0

package explain_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/koogate/koogate/koogallery/deadline"
	"github.com/koogate/koogate/server/explain"
	"github.com/koogate/koogate/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var noon = time.Date(2026, 11, 28, 4, 0, 0, 0, time.UTC)

// situation is of an order with one instance and these events, a second apart.
func situation(events ...store.Event) explain.Situation {
	for k := range events {
		if events[k].Seq == 0 {
			events[k].Seq = int64(k) + 1
		}
		events[k].OrderID, events[k].At = "CS1", noon.Add(time.Duration(k)*time.Second)
	}
	head := int64(len(events))
	if len(events) > 0 {
		head = events[len(events)-1].Seq
	}
	return explain.Situation{
		Order: &store.Aggregate{
			Order:     store.Order{OrderID: "CS1", Endpoint: "demo", Head: store.Head{Seq: head}},
			Instances: []store.Instance{{InstanceID: "i1", State: store.InstanceActive}},
		},
		Events: events, Now: noon.Add(time.Hour),
	}
}

func failing(attempt int, permanent bool) store.Event {
	return store.Event{Kind: "task.failed", InstanceID: "i1", Data: fmt.Sprintf(
		`{"attempt":%d,"kind":"CREATE","permanent":%v,"reason":"no room %d","task":"t1"}`, attempt, permanent, attempt)}
}

// Attempts that fail one after the other are one statement, until somebody has the task done again.
func TestWhatRepeatsIsOneStatement(t *testing.T) {
	a := explain.Of(situation(
		failing(1, false), failing(2, false), failing(3, true),
		store.Event{Kind: "task.retried", InstanceID: "i1", Data: `{"kind":"CREATE","task":"t1"}`},
		failing(4, false),
	))
	var got []string
	for _, l := range a.Done {
		got = append(got, fmt.Sprintf("%d %s", l.Seq, l.Text.EN))
	}
	want := []string{
		"2 An attempt to create instance i1 failed: “no room 2”. This happened 2 times; the first was at 2026-11-28 12:00:00 Beijing time (UTC+8).",
		"3 The task to create instance i1 failed for good: “no room 3”.",
		"4 An operator had the failed task done again, to create instance i1.",
		"5 An attempt to create instance i1 failed: “no room 4”.",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// A call that an operator has let in again is told as such, and one of the marketplace is not.
func TestACallThatWasLetInAgainIsTold(t *testing.T) {
	for actor, want := range map[string]bool{"marketplace endpoint demo": false, "": false, "api token": true, "token ops": true, "certificate crm": true} {
		a := explain.Of(situation(store.Event{Kind: "instance.admitted", InstanceID: "i1", Data: fmt.Sprintf(`{"actor":%q,"orderLineId":"1","answer":"000004"}`, actor)}))
		if len(a.Arrived) != 1 || strings.Contains(a.Arrived[0].Text.EN, "let in again") != want || strings.Contains(a.Arrived[0].Text.ZH, "重放") != want ||
			want && !strings.Contains(a.Arrived[0].Text.EN, actor) {
			t.Errorf("%q: %+v", actor, a.Arrived)
		}
	}
}

// The query of an order that is in use was given up without a task that is left of it.
func TestAnOrderThatNobodyKnowsIsNotWell(t *testing.T) {
	s := situation()
	s.Order.Order.QueryState, s.Order.Order.QueryReason = store.QueryFailed, "overtaken"
	if a := explain.Of(s); a.Standing != explain.Failed || !strings.Contains(a.Summary.EN, "“overtaken”") {
		t.Errorf("%s: %s", a.Standing, a.Summary.EN)
	}
	s.Order.Instances[0].State = store.InstanceReleased
	if a := explain.Of(s); a.Standing != explain.OK {
		t.Errorf("%s: %s", a.Standing, a.Summary.EN)
	}
}

// A template's work is Koogate's own.
func TestWhoDidATaskIsNamed(t *testing.T) {
	a := explain.Of(situation(
		store.Event{Kind: "task.completed", InstanceID: "i1", Data: `{"actor":"koogate","kind":"CREATE","task":"t1"}`},
		store.Event{Kind: "task.completed", InstanceID: "i1", Data: `{"actor":"token crm","kind":"REFRESH","task":"t2"}`},
	))
	if len(a.Done) != 2 || a.Done[0].Owner != explain.Koogate || a.Done[1].Owner != explain.Provisioner ||
		a.Done[0].Text.EN != "Koogate itself did the task: create instance i1." {
		t.Errorf("done: %+v", a.Done)
	}
}

// A later release's events and data of another form are no reason to say nothing.
func TestWhatIsNotKnownIsNamed(t *testing.T) {
	a := explain.Of(situation(
		store.Event{Kind: "moon.risen", Data: `{"phase":3}`},
		store.Event{Kind: "call.misheard", Data: `{}`},
		store.Event{Kind: "task.completed", InstanceID: "i1", Data: `{"kind":"POLISH","task":7}`},
		store.Event{Kind: "instance.refreshed", InstanceID: "i1", Data: `{"scene":"GIFT","expireTime":"soon"}`},
		store.Event{Kind: "order.queried", Data: `not JSON`},
	))
	for _, want := range []string{
		"An event of kind moon.risen was recorded.", "An event of kind call.misheard was recorded.", "do a task of kind POLISH",
		"The marketplace set a new end for instance i1 (call refreshInstance): soon.", "in order CS1: nothing about the product.",
	} {
		if !strings.Contains(a.Whole.EN, want) {
			t.Errorf("%q is missing in\n%s", want, a.Whole.EN)
		}
	}
}

// What others wrote stays on its line and within bounds, in both languages.
func TestForeignTextIsOneBoundedLine(t *testing.T) {
	s := situation(store.Event{Kind: "call.quarantined", Data: `{"activity":"newInstance","field":"x","value":"a\nb\u202ec %s %!d(MISSING)"}`})
	s.Order.Order.OrderID = "CS\n- 2026"
	s.Order.Tasks = []store.Task{{ID: "t1", Kind: store.TaskCreate, State: store.TaskFailed, InstanceID: "i1", Queue: "q", Reason: strings.Repeat("原", 5000)}}
	a := explain.Of(s)
	for _, text := range []string{a.Whole.EN, a.Whole.ZH} {
		if !strings.Contains(text, "“a b c %s %!d(MISSING)”") || strings.Contains(text, "CS\n") || len(text) > 10_000 {
			t.Errorf("%d bytes:\n%s", len(text), text)
		}
	}
}

// Events that were not read are counted where they are missing.
func TestWhatIsLeftOutIsSaid(t *testing.T) {
	a := explain.Of(situation(
		store.Event{Seq: 1, Kind: "instance.accepted", InstanceID: "i1", Data: `{}`},
		store.Event{Seq: 9, Kind: "instance.unfrozen", InstanceID: "i1", Data: `{}`},
	))
	if len(a.Arrived) != 3 || a.Arrived[1].Text.EN != "7 events in between are left out here. GET /v1/orders/CS1/events lists all." {
		t.Errorf("arrived %+v", a.Arrived)
	}
}

// An order with more of everything than an account has room for.
func TestPartsAreBounded(t *testing.T) {
	s := situation()
	for k := range 3 * explain.MaxLines {
		s.Order.Tasks = append(s.Order.Tasks, store.Task{
			ID: fmt.Sprint(k), Kind: store.TaskFreeze, State: store.TaskWaiting, InstanceID: fmt.Sprint("i", k), Seq: 1,
		})
	}
	a := explain.Of(s)
	if n := len(a.Pending); n != explain.MaxLines || a.Pending[n-1].Text.EN != "2001 more statements are left out." {
		t.Errorf("%d pending, the last is %q", n, a.Pending[n-1].Text.EN)
	}
}

// The same rows give the same account, and Of changes none of them.
func TestAnAccountFollowsFromItsRows(t *testing.T) {
	s := situation(failing(1, false), failing(2, true))
	s.Order.Tasks = []store.Task{{ID: "t1", Kind: store.TaskCreate, State: store.TaskFailed, InstanceID: "i1", Queue: "q"}}
	before := fmt.Sprintf("%+v %+v", *s.Order, s.Events)
	first, second := explain.Of(s), explain.Of(s)
	if first.Whole != second.Whole || fmt.Sprintf("%+v %+v", *s.Order, s.Events) != before {
		t.Error("two accounts of the same rows differ, or the rows changed")
	}
}

// What the marketplace counts is told with what saves it; each of these texts stands for itself.
func TestWhatTheMarketplaceCountsIsSaid(t *testing.T) {
	until := noon.Add(90 * time.Minute)
	c := explain.Counted{OrderID: "CS1", InstanceID: "i1", Activity: "newInstance", Code: "000005", Attempts: 2, Until: until, End: deadline.Refund, Next: noon.Add(time.Minute)}
	unknown, goes, failed := c, c, c
	unknown.OrderID, unknown.Activity, unknown.Code, unknown.End, unknown.Next = "", "refreshInstance", "000003", deadline.Restart, time.Time{}
	released := c
	goes.Waiting, goes.Code = true, "000004"
	released.Released, released.Code = true, "000004"
	failed.Failing, failed.Code = true, "000100"
	month := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	for _, x := range []struct {
		text   explain.Text
		en, zh string
	}{
		{explain.OrderCounted(c, noon, false), "Order CS1: the call newInstance was last answered 000005 (other internal service error), attempt 2. Unless it is told of success by 2026-11-28 13:30:00 Beijing time (UTC+8), in 1 h 30 min, the marketplace cancels and refunds the order, and the order counts as failed. Put right what the calls failed on; the next call comes at about 2026-11-28 12:01:00 Beijing time (UTC+8) and needs nobody else.", "下一次调用约在北京时间 2026-11-28 12:01:00（UTC+8）到达"},
		{explain.OrderCounted(unknown, noon, false), "An order of instance i1, which is not known here: the call refreshInstance", "实例 i1（此处没有该实例）的订单：调用 refreshInstance"},
		{explain.OrderCounted(unknown, noon, false), "then press 重新启动", "点击“重新启动”"},
		{explain.OrderCounted(goes, noon, false), "is being made, and it is not ready. Unless", "尚未就绪。若"},
		{explain.OrderCounted(goes, noon, false), "See to it that whoever makes it delivers", "请督促开通方完成"},
		{explain.OrderCounted(failed, noon, false), "its creation has failed with 000100 (no instance resource can be allocated).", "但开通失败，结果码 000100"},
		{explain.OrderCounted(failed, noon, false), "have its failed task done again", "重新执行其失败的任务"},
		{explain.OrderCounted(released, until.Add(time.Hour), true), "it was released and had never been ready. The marketplace's time ended", "从未就绪即被释放。云商店的时限已于"},
		{explain.OrderCounted(c, until.Add(time.Hour), true), "The marketplace's time ended at 2026-11-28 13:30:00 Beijing time (UTC+8): the marketplace cancels and refunds the order.", "云商店取消订单并退款。"},
		{explain.ProductSanction("OFFI-1", month, 2, 5, 1, until, noon), "Product OFFI-1: failed orders in November 2026: 2 of the 5 that the marketplace allows. 3 more may fail; with one beyond that it takes the product off the catalogue. Orders that are going to count: 1, the first at 2026-11-28 13:30:00 Beijing time (UTC+8), in 1 h 30 min.", "本月还可有 3 个失败订单，再多一个商品将被下架。"},
		{explain.ProductSanction("OFFI-1", month, 5, 5, 0, noon, noon), "The next failed order of this month takes the product off the catalogue.", "本月再有一个失败订单"},
		{explain.ProductSanction("", month, 6, 5, 0, noon, noon), "so that their product is not known: failed orders in November 2026: 6 of the 5 that the marketplace allows. That is more than it allows", "已超过允许的数量"},
		{explain.EndpointSanction("main", 0, 5, "", 0), "no test call of the last days has failed", "最近没有失败的拨测"},
		{explain.EndpointSanction("main", 3, 5, "2026-11-28", 7), "On day 5 the marketplace freezes the trade and hides the products. Calls refused this month: 7.", "本月被拒绝的调用：7 次"},
		{explain.EndpointSanction("main", 6, 5, "2026-11-28", 0), "6, the last on 2026-11-28. From day 5 on the marketplace may freeze", "达到 5 天"},
		{explain.Sanctions(explain.Tally{Month: month}, 5), "Failed orders in November 2026: 0. At risk now: 0. Nothing counts against you.", "2026 年 11 月失败订单：0 个；目前有风险：0 个。没有计入的问题。"},
		{explain.Sanctions(explain.Tally{Month: month, Failed: 6, Waiting: 1}, 5), "6. At risk now: 1. If they all belong to one listing, that is more than the 5 that the marketplace allows.", "如果这些订单属于同一个商品"},
		{explain.Sanctions(explain.Tally{Month: month, Failed: 9, Products: 1, Probing: 1, Days: 5, Truncated: true}, 5), "may act now: 2. Days in a row with failing test calls: 5. There was more to read", "现可采取措施的商品和端点：2 个。拨测已连续失败 5 天。"},
	} {
		if !strings.Contains(x.text.EN, x.en) || !strings.Contains(x.text.ZH, x.zh) {
			t.Errorf("got  %s %s\nwant %s %s", x.text.EN, x.text.ZH, x.en, x.zh)
		}
	}
}
