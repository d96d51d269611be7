// SPDX-License-Identifier: Apache-2.0

package console

import (
	"context"
	"fmt"
	"strings"
	"time"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
)

// The most that one page shows of each list.
const (
	maxEvents    = 500
	maxTasks     = 100
	maxInstances = 100
)

// orderView is what the page of an order shows.
type orderView struct {
	Lang, Other string
	Verdict     verdict
	Account     []partView // what is going on
	Before      []partView // what happened before
	Order       *koogatev1.Order
	Query       string // the order query's state, in words
	Created     time.Time
	Instances   []instanceView
	Tasks       []taskView
	Events      []eventView
	MoreEvents  int64 // that are not shown
	TraceLink   string
	Picture     *picture // nil without a trace
	NoTrace     string   // why there is no picture; empty when there is one
}

// verdict is the sentence above everything else, and how bad it is: ok, waiting, risk or failed.
type verdict struct {
	Mark, Text string
}

// partView is a part of the order's account.
type partView struct {
	Title string
	Lines []lineView
}

type lineView struct {
	Time time.Time // zero where the text says it
	On   string    // whom it waits for; empty where that is not said
	Text string
	Seq  int64 // the event that tells it; 0 for none
}

type instanceView struct {
	ID, State, Word, Product, Reason string
	Expiry                           time.Time
}

type taskView struct {
	ID, Kind, State, Word, Queue, Worker, Reason string
	Attempt                                      int32
	Created, Updated                             time.Time
}

type eventView struct {
	Seq            int64
	Kind, Instance string
	Time           time.Time
	Data           string
}

// read collects everything about an order that the caller may see. A trace that cannot be had costs only the picture.
func (c *Console) read(ctx context.Context, id string, read reader) (*orderView, error) {
	found, err := c.orders.GetOrder(ctx, &koogatev1.GetOrderRequest{OrderId: id})
	if err != nil {
		return nil, err
	}
	o := found.GetOrder()
	v := &orderView{Lang: read.lang, Other: read.other(), Order: o, Query: read.word("query", strings.TrimPrefix(o.GetQueryState().String(), "QUERY_STATE_")), Created: o.GetCreateTime().AsTime()}
	filter := fmt.Sprintf("order_id = %q", o.GetOrderId())
	instances, err := c.instances.ListInstances(ctx, &koogatev1.ListInstancesRequest{PageSize: maxInstances, Filter: filter, OrderBy: "create_time asc"})
	if err != nil {
		return nil, err
	}
	tasks, err := c.tasks.ListTasks(ctx, &koogatev1.ListTasksRequest{PageSize: maxTasks, Filter: filter, OrderBy: "create_time asc"})
	if err != nil {
		return nil, err
	}
	events, err := c.orders.ListOrderEvents(ctx, &koogatev1.ListOrderEventsRequest{OrderId: id, PageSize: maxEvents})
	if err != nil {
		return nil, err
	}
	for _, i := range instances.GetInstances() {
		v.Instances = append(v.Instances, read.instance(i))
	}
	for _, t := range tasks.GetTasks() {
		v.Tasks = append(v.Tasks, read.task(t))
	}
	for _, e := range events.GetEvents() {
		v.Events = append(v.Events, eventView{e.GetSeq(), e.GetKind(), e.GetInstanceId(), e.GetTime().AsTime(), e.GetDataJson()})
	}
	v.MoreEvents = o.GetEventCount() - int64(len(v.Events))
	told, err := c.orders.ExplainOrder(ctx, &koogatev1.ExplainOrderRequest{OrderId: id})
	if err != nil {
		return nil, err
	}
	read.account(v, told.GetAccount())
	c.trace(ctx, v, read)
	return v, nil
}

// trace adds the picture of the order's trace, or why there is none.
func (c *Console) trace(ctx context.Context, v *orderView, read reader) {
	if c.Jaeger == "" {
		v.NoTrace = read.t("trace.none")
		return
	}
	spans, linked, err := c.traced(ctx, v.Order.GetTraceId())
	if err == nil && linked {
		v.TraceLink = c.Jaeger + "/trace/" + v.Order.GetTraceId()
	}
	switch {
	case err != nil:
		c.Log.WarnContext(ctx, "a trace was not read for the console", "error", err)
		v.NoTrace = read.t("trace.away")
	case len(spans) == 0:
		v.NoTrace = read.t("trace.empty")
	default:
		v.Picture = draw(spans, read)
	}
}

// account shows the order's account: what is pending, what comes and what can be done before what happened.
func (r reader) account(v *orderView, a *koogatev1.Account) {
	v.Verdict = verdict{strings.ToLower(strings.TrimPrefix(a.GetStanding().String(), "STANDING_")), a.GetSummaryZh()}
	if r.lang == "en" {
		v.Verdict.Text = a.GetSummary()
	}
	part := func(title string, statements []*koogatev1.Statement, show func(l *lineView, s *koogatev1.Statement)) partView {
		p := partView{Title: title}
		for _, s := range statements {
			l := lineView{Text: s.GetTextZh(), Seq: s.GetEventSeq()}
			if r.lang == "en" {
				l.Text = s.GetText()
			}
			show(&l, s)
			p.Lines = append(p.Lines, l)
		}
		return p
	}
	plain := func(*lineView, *koogatev1.Statement) {}
	whom := func(l *lineView, s *koogatev1.Statement) {
		l.On = r.word("owner", strings.TrimPrefix(s.GetOwner().String(), "OWNER_"))
	}
	when := func(l *lineView, s *koogatev1.Statement) {
		if s.GetTime() != nil {
			l.Time = s.GetTime().AsTime()
		}
	}
	v.Account = []partView{
		part(r.t("pending"), a.GetPending(), whom), part(r.t("next"), a.GetNext(), plain), part(r.t("you.can"), a.GetYouCan(), plain),
	}
	v.Before = []partView{
		part(r.t("arrived"), a.GetArrived(), when), part(r.t("answered"), a.GetAnswered(), when), part(r.t("done"), a.GetDone(), when),
	}
}

func (r reader) instance(i *koogatev1.Instance) instanceView {
	state := strings.TrimPrefix(i.GetState().String(), "INSTANCE_STATE_")
	v := instanceView{
		ID: i.GetInstanceId(), State: state, Word: r.word("instance", state), Product: strings.TrimSpace(i.GetProductId() + " " + i.GetSkuCode()),
		Reason: r.causes(i.GetReason()),
	}
	if i.GetExpireTime() != nil {
		v.Expiry = i.GetExpireTime().AsTime()
	}
	return v
}

func (r reader) task(t *koogatev1.Task) taskView {
	state := strings.TrimPrefix(t.GetState().String(), "TASK_STATE_")
	return taskView{
		ID: t.GetTaskId(), Kind: r.word("task", kindOf(t)), State: state, Word: r.word("state", state), Queue: t.GetQueue(), Worker: t.GetWorkerId(),
		Reason: t.GetReason(), Attempt: t.GetAttempt(), Created: t.GetCreateTime().AsTime(), Updated: t.GetUpdateTime().AsTime(),
	}
}

// kindOf is a task's kind as the words have it.
func kindOf(t *koogatev1.Task) string { return strings.TrimPrefix(t.GetKind().String(), "TASK_KIND_") }
