// SPDX-License-Identifier: Apache-2.0

package orders

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/storetest"
	"github.com/koogate/koogate/store/storetest/check"
)

var rowCases = []check.Case{
	check.WithStore("EveryColumn", everyColumn),
	check.WithStore("InstancesOfBuyers", instancesOfBuyers),
	check.WithStore("ZeroValues", func(t *testing.T, s store.Store) { roundTrip(t, s, zeroRows()) }),
	check.WithStore("UnicodeAndLongValues", func(t *testing.T, s store.Store) { roundTrip(t, s, longRows()) }),
	check.WithStore("EmptyBytesAreNil", emptyBytes),
	check.WithStore("TimesInOtherZonesAndNanoseconds", otherTimes),
	check.WithStore("NotFound", notFound),
	check.WithStore("InstancesAmongIDs", instancesAmongIDs),
	check.WithStore("EventsInPieces", eventsInPieces),
	check.WithStore("AggregateOrder", aggregateOrder),
	check.WithSQL("ThePreviousBinaryGoesOn", previousBinary),
}

// everyColumn also makes sure that a field added to a row is added to fullRows, or its column would go untested.
func everyColumn(t *testing.T, s store.Store) {
	c := fullRows("CS1")
	for _, row := range []any{*c.NewOrder, c.NewLines[0], c.NewInstances[0], c.NewTasks[0], c.Events[0]} {
		check.Filled(t, reflect.TypeOf(row).String(), reflect.ValueOf(row))
	}
	roundTrip(t, s, c)
}

// fullRows fills every column of every table with a value of its own.
func fullRows(orderID string) *store.Change {
	at := func(n int) time.Time { return storetest.Epoch.Add(time.Duration(n) * 1234567 * time.Microsecond) }
	product := func(n int64) store.Product {
		return store.Product{
			ProductID: fmt.Sprint("product-", n), SKUCode: fmt.Sprint("sku-", n), Name: fmt.Sprint("name-", n), ChargingMode: "PERIOD", LinearValue: n,
		}
	}
	return &store.Change{
		NewOrder: &store.Order{
			Seller: storetest.Seller, OrderID: orderID, Endpoint: "endpoint", OrderType: "NEW", QueryState: store.QueryDone, QueryReason: "reason",
			Buyer: []byte{0, 1, 254, 255, '\'', 0}, Head: store.Head{Seq: 7, Hash: strings.Repeat("ab", 32)}, CreatedAt: at(1), UpdatedAt: at(2),
			AnchoredSeq: 6,
		},
		NewLines: []store.Line{{
			LineKey: store.LineKey{
				Seller: storetest.Seller, OrderID: orderID + "-named", OrderLineID: "line", ProductID: "key-product", Action: "refreshInstance/TRIAL",
			},
			RootOrderID: orderID, InstanceID: "instance", Params: `{"a":1}`, Extra: []byte{7, 0, 200},
			Input: []byte{8, 0, 201}, Result: []byte{9, 0, 202}, Product: product(3), AnswerCode: "000000", CreatedAt: at(3),
			Admitted: 1<<40 + 7, Differs: "0a1b 2c3d", Purchase: `{"q":1}`,
		}},
		NewInstances: []store.Instance{{
			Seller: storetest.Seller, InstanceID: "instance", Endpoint: "endpoint", Family: "family", OrderID: orderID, OrderLineID: "line", State: store.InstanceFrozen,
			Frozen: true, Reason: "reason", FailureCode: "000005", FailureText: "told", BuyerKey: "key", Product: product(1 << 40), Trial: true, ExpireAt: at(4),
			Facts: `{"expiry":{"n":7}}`, Access: []byte{255, 0, 0}, AccessVersion: 3, TaskSeq: 9, CreatedAt: at(5), UpdatedAt: at(6),
		}},
		NewTasks: []store.Task{{
			ID: storetest.NewID(), Seller: storetest.Seller, Queue: "queue", Kind: store.TaskUpgrade, State: store.TaskLeased, OrderID: orderID,
			InstanceID: "instance", LineOrderID: orderID + "-named", LineID: "line", Seq: 9, DueAt: at(7), Deadline: at(8), RetryUntil: at(9), Attempt: 1<<31 - 1,
			Worker: "worker", Fence: 1<<62 + 1, Payload: `{"p":1}`, Result: `{"r":1}`, Reason: "reason",
			Traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", CreatedAt: at(9), UpdatedAt: at(10),
		}},
		Events: []store.Event{{
			Seller: storetest.Seller, OrderID: orderID, Seq: 7, Kind: "kind", InstanceID: "instance", At: at(11), Data: `{"d":1}`,
			PrevHash: strings.Repeat("cd", 32), Hash: strings.Repeat("ab", 32), Claims: `{"of":1}`, Signature: "key.signature", Sealed: []byte{6, 0, 199},
		}},
	}
}

// zeroRows has nothing but keys.
func zeroRows() *store.Change {
	return &store.Change{
		NewOrder:     &store.Order{Seller: storetest.Seller, OrderID: "CS1"},
		NewLines:     []store.Line{{LineKey: store.LineKey{Seller: storetest.Seller, OrderID: "CS1"}, RootOrderID: "CS1"}},
		NewInstances: []store.Instance{{Seller: storetest.Seller, OrderID: "CS1"}},
		NewTasks:     []store.Task{{ID: storetest.NewID(), Seller: storetest.Seller, OrderID: "CS1"}},
		Events:       []store.Event{{Seller: storetest.Seller, OrderID: "CS1", Seq: 1}},
	}
}

// longRows has text of every width of UTF-8 and of the greatest sizes that the wire lets in.
func longRows() *store.Change {
	c := fullRows("订单-CS1-🎛-é-'\"\\%_\x1f")
	long := strings.Repeat("云商店🎛\n\t'\"", 4096)
	c.NewOrder.QueryReason, c.NewOrder.Endpoint = long, "端点"
	c.NewOrder.Buyer = []byte(long)
	c.NewLines[0].Params, c.NewLines[0].OrderLineID = long, strings.Repeat("行", 85)
	c.NewLines[0].Product.Name = long
	c.NewInstances[0].Reason, c.NewInstances[0].Access = long, []byte(strings.Repeat("\x00\xff", 32768))
	c.NewTasks[0].Payload, c.NewTasks[0].Result, c.NewTasks[0].Reason = long, long, long
	c.NewTasks[0].Queue = strings.Repeat("队", 85)
	c.Events[0].Data = long
	return c
}

// roundTrip writes rows and reads each of them back through every method that returns it.
func roundTrip(t *testing.T, s store.Store, c *store.Change) {
	ctx := check.Context(t)
	check.MustApply(t, s, c)
	a := check.MustAggregate(t, s, c.NewOrder.OrderID)
	check.Equal(t, "aggregate", *a, store.Aggregate{Order: *c.NewOrder, Lines: c.NewLines, Instances: c.NewInstances, Tasks: c.NewTasks})
	line, err := s.Line(ctx, c.NewLines[0].LineKey)
	check.Error(t, err, nil)
	check.Equal(t, "line", line, c.NewLines[0])
	instances, err := s.Instances(ctx, storetest.Seller, []string{c.NewInstances[0].InstanceID})
	check.Error(t, err, nil)
	check.Equal(t, "instances", instances, c.NewInstances)
	check.Equal(t, "task", check.MustTask(t, s, c.NewTasks[0].ID), c.NewTasks[0])
	events, err := s.Events(ctx, storetest.Seller, c.NewOrder.OrderID, 0, 1)
	check.Error(t, err, nil)
	check.Equal(t, "events", events, c.Events)

	q := store.ListQuery{Seller: storetest.Seller, Limit: 10}
	orders, err := s.ListOrders(ctx, q)
	check.Error(t, err, nil)
	check.Equal(t, "listed orders", orders, []store.Order{*c.NewOrder})
	instances, err = s.ListInstances(ctx, q)
	check.Error(t, err, nil)
	check.Equal(t, "listed instances", instances, c.NewInstances)
	tasks, err := s.ListTasks(ctx, q)
	check.Error(t, err, nil)
	check.Equal(t, "listed tasks", tasks, c.NewTasks)
}

// putReplaces writes zero rows and then replaces every column but keys and creation times.
func putReplaces(t *testing.T, s store.Store) {
	first := zeroRows()
	check.MustApply(t, s, first)
	want := fullRows("CS1")
	order, line, instance, task := *want.NewOrder, want.NewLines[0], want.NewInstances[0], want.NewTasks[0]
	line.LineKey, instance.InstanceID, task.ID = first.NewLines[0].LineKey, "", first.NewTasks[0].ID
	check.MustApply(t, s, &store.Change{
		PutOrder: &order, PutLines: []store.Line{line}, PutInstances: []store.Instance{instance}, PutTasks: []store.TaskPut{{Task: task}},
	})
	order.AnchoredSeq = 0 // only PutAnchor changes it
	order.CreatedAt, line.CreatedAt, instance.CreatedAt, task.CreatedAt = time.Time{}, time.Time{}, time.Time{}, time.Time{}
	a := check.MustAggregate(t, s, "CS1")
	check.Equal(t, "aggregate", *a, store.Aggregate{
		Order: order, Lines: []store.Line{line}, Instances: []store.Instance{instance}, Tasks: []store.Task{task},
	})
}

func emptyBytes(t *testing.T, s store.Store) {
	c := storetest.Admission("CS1", storetest.Epoch)
	c.NewOrder.Buyer, c.NewLines[0].Extra, c.NewInstances[0].Access = []byte{}, []byte{}, []byte{}
	c.NewLines[0].Input, c.NewLines[0].Result = []byte{}, []byte{}
	check.MustApply(t, s, c)
	a := check.MustAggregate(t, s, "CS1")
	l := a.Lines[0]
	if a.Order.Buyer != nil || l.Extra != nil || l.Input != nil || l.Result != nil || a.Instances[0].Access != nil {
		t.Fatalf("buyer %v, extra %v, input %v, result %v, access %v, want nil", a.Order.Buyer, l.Extra, l.Input, l.Result, a.Instances[0].Access)
	}
}

func otherTimes(t *testing.T, s store.Store) {
	at := time.Date(2026, 5, 1, 8, 0, 0, 123456789, time.FixedZone("CST", 8*3600))
	check.MustApply(t, s, storetest.Admission("CS1", at))
	want := time.Date(2026, 5, 1, 0, 0, 0, 123456000, time.UTC)
	check.Equal(t, "time", check.MustAggregate(t, s, "CS1").Order.CreatedAt, want)
}

func notFound(t *testing.T, s store.Store) {
	ctx := check.Context(t)
	_, err := s.Line(ctx, storetest.NewLine("CS1", storetest.Epoch).LineKey)
	check.Error(t, err, store.ErrNotFound)
	_, err = s.Aggregate(ctx, storetest.Seller, "CS1")
	check.Error(t, err, store.ErrNotFound)
	_, err = s.Task(ctx, storetest.NewID())
	check.Error(t, err, store.ErrNotFound)
	_, err = s.Heartbeat(ctx, storetest.NewID(), 1, time.Minute)
	check.Error(t, err, store.ErrNotFound)
	events, err := s.Events(ctx, storetest.Seller, "CS1", 0, 10)
	check.Error(t, err, nil)
	check.Equal(t, "events", len(events), 0)
	_, ok, err := s.NextDue(ctx, storetest.Seller, []string{storetest.Queue})
	check.Error(t, err, nil)
	check.Equal(t, "something due", ok, false)
}

func instancesAmongIDs(t *testing.T, s store.Store) {
	var among []string
	for i := range 100 {
		id := fmt.Sprintf("CS%03d", i)
		among = append(among, "inst-"+id)
		if i%3 == 0 {
			check.MustApply(t, s, storetest.Admission(id, storetest.Epoch))
		}
	}
	got, err := s.Instances(check.Context(t), storetest.Seller, among)
	check.Error(t, err, nil)
	check.Equal(t, "number of instances", len(got), 34)
	got, err = s.Instances(check.Context(t), "other", among)
	check.Error(t, err, nil)
	check.Equal(t, "instances of another seller", len(got), 0)
	got, err = s.Instances(check.Context(t), storetest.Seller, nil)
	check.Error(t, err, nil)
	check.Equal(t, "instances among none", len(got), 0)
}

func eventsInPieces(t *testing.T, s store.Store) {
	check.MustApply(t, s, storetest.Admission("CS1", storetest.Epoch))
	for range 9 {
		check.MustApply(t, s, check.Next(check.MustAggregate(t, s, "CS1")))
	}
	var all []store.Event
	for after := int64(0); ; {
		piece, err := s.Events(check.Context(t), storetest.Seller, "CS1", after, 4)
		check.Error(t, err, nil)
		if len(piece) == 0 {
			break
		}
		all, after = append(all, piece...), piece[len(piece)-1].Seq
	}
	check.Equal(t, "number of events", len(all), 10)
	wantChain(t, all)
	none, err := s.Events(check.Context(t), storetest.Seller, "CS1", 0, 0)
	check.Error(t, err, nil)
	check.Equal(t, "events within a limit of 0", len(none), 0)
}

// wantChain checks that events are numbered without gaps from 1 and linked.
func wantChain(t *testing.T, events []store.Event) {
	t.Helper()
	for i, e := range events {
		if e.Seq != int64(i+1) || (i > 0 && e.PrevHash != events[i-1].Hash) {
			t.Fatalf("link %d of the chain is %+v", i+1, e)
		}
	}
}

func aggregateOrder(t *testing.T, s store.Store) {
	c := storetest.Admission("CS1", storetest.Epoch)
	c.NewLines, c.NewInstances, c.NewTasks = nil, nil, nil
	for _, n := range []int{3, 1, 2} {
		l := storetest.NewLine("CS1", storetest.Epoch.Add(time.Duration(n)*time.Second))
		l.OrderLineID = fmt.Sprint(9 - n)
		c.NewLines = append(c.NewLines, l)
		id := fmt.Sprint("inst-", n)
		c.NewInstances = append(c.NewInstances, storetest.NewInstance("CS1", id, storetest.Epoch))
		for _, seq := range []int64{2, 3, 1} {
			task := storetest.NewTask("CS1", id, seq, storetest.Epoch)
			c.NewTasks = append(c.NewTasks, task)
		}
	}
	for i, state := range []store.TaskState{store.TaskDone, store.TaskCancelled, store.TaskFailed, store.TaskWaiting, store.TaskLeased} {
		task := storetest.NewTask("CS1", "inst-1", int64(10+i), storetest.Epoch)
		task.State = state
		c.NewTasks = append(c.NewTasks, task)
	}
	check.MustApply(t, s, c)
	check.MustApply(t, s, storetest.Admission("CS2", storetest.Epoch))
	a := check.MustAggregate(t, s, "CS1")
	check.Equal(t, "lines", check.IDs(a.Lines, func(l store.Line) string { return l.OrderLineID }), []string{"8", "7", "6"})
	check.Equal(t, "number of instances", len(a.Instances), 3)
	check.Equal(t, "tasks", check.IDs(a.Tasks, func(x store.Task) string { return fmt.Sprint(x.InstanceID, "/", x.Seq) }), []string{
		"inst-1/1", "inst-1/2", "inst-1/3", "inst-1/12", "inst-1/13", "inst-1/14",
		"inst-2/1", "inst-2/2", "inst-2/3", "inst-3/1", "inst-3/2", "inst-3/3",
	})
}

// House rule 14: previousBinary writes as the binary before does, which knows the columns of migration 1 only.
func previousBinary(t *testing.T, s store.Store, exec func(string) int) {
	check.MustApply(t, s, storetest.Admission("CS1", storetest.Epoch))
	check.Equal(t, "lines", exec(`INSERT INTO order_lines (
		seller, order_id, order_line_id, product_id, action, root_order_id, instance_id, params, extra, bought_product_id,
		sku_code, product_name, charging_mode, linear_value, answer_code, created_at
	) VALUES ('demo', 'CS1', 'old', '', 'newInstance', 'CS1', 'inst-old', '{}', NULL, '', '', '', '', 0, '', 1)`), 1)
	check.Equal(t, "instances", exec(`INSERT INTO instances (
		seller, instance_id, endpoint, order_id, order_line_id, state, frozen, reason, failure_code, product_id, sku_code,
		product_name, charging_mode, linear_value, trial, expire_at, access, task_seq, created_at, updated_at
	) VALUES ('demo', 'inst-old', 'demo', 'CS1', 'old', 'ACTIVE', 0, '', '', '', '', '', '', 0, 0, 0, NULL, 0, 1, 1)`), 1)
	check.Equal(t, "events", exec(`INSERT INTO events (seller, order_id, seq, kind, instance_id, at, data, prev_hash, hash)
		VALUES ('demo', 'CS1', 2, 'k', 'inst-old', 1, '{}', 'p', 'h')`), 1)
	check.Equal(t, "orders", exec(`UPDATE orders SET head_seq = 2, head_hash = 'h', updated_at = 1 WHERE order_id = 'CS1'`), 1)
	events, err := s.Events(check.Context(t), storetest.Seller, "CS1", 1, 10)
	check.Error(t, err, nil)
	check.Equal(t, "events", events, []store.Event{{
		Seller: storetest.Seller, OrderID: "CS1", Seq: 2, Kind: "k", InstanceID: "inst-old", At: time.UnixMicro(1).UTC(), Data: "{}", PrevHash: "p", Hash: "h",
	}})
	a := check.MustAggregate(t, s, "CS1")
	check.Equal(t, "instances", a.Instances[0], store.Instance{
		Seller: storetest.Seller, InstanceID: "inst-old", Endpoint: "demo", OrderID: "CS1", OrderLineID: "old", State: store.InstanceActive,
		CreatedAt: time.UnixMicro(1).UTC(), UpdatedAt: time.UnixMicro(1).UTC(),
	})
	if l := a.Lines[0]; l.OrderLineID != "old" || l.Input != nil || l.Result != nil {
		t.Fatalf("the old binary's line reads as %+v", l)
	}
}

func instancesOfBuyers(t *testing.T, s store.Store) {
	at := func(n int) time.Time { return storetest.Epoch.Add(time.Duration(n) * time.Second) }
	for _, x := range []struct {
		id, product, buyer string
		state              store.InstanceState
		at                 int
	}{
		{"a", "sms", "ann", store.InstanceActive, 1}, {"b", "sms", "ann", store.InstanceProvisioning, 1}, {"c", "sms", "ann", store.InstanceReleased, 2},
		{"d", "sms", "ben", store.InstanceFrozen, 3}, {"e", "sms", "", store.InstanceActive, 4}, {"f", "mms", "ann", store.InstanceActive, 5},
		{"g", "sms", "ann", store.InstanceFailed, 6},
	} {
		c := storetest.Admission("CS"+x.id, at(x.at))
		i := &c.NewInstances[0]
		i.Product.ProductID, i.BuyerKey, i.State = x.product, x.buyer, x.state
		check.Error(t, s.Apply(check.Context(t), c), nil)
	}
	names := func(list []store.Instance, err error) []string {
		t.Helper()
		check.Error(t, err, nil)
		return check.IDs(list, func(i store.Instance) string { return i.InstanceID })
	}
	ctx := check.Context(t)
	check.Equal(t, "of a buyer", names(s.InstancesOfBuyer(ctx, storetest.Seller, "sms", "ann", 9)), []string{"inst-CSa", "inst-CSb"})
	check.Equal(t, "at most one", names(s.InstancesOfBuyer(ctx, storetest.Seller, "sms", "ann", 1)), []string{"inst-CSa"})
	check.Equal(t, "of nobody", len(names(s.InstancesOfBuyer(ctx, storetest.Seller, "sms", "", 9))), 0)
	check.Equal(t, "of another seller", len(names(s.InstancesOfBuyer(ctx, "other", "sms", "ann", 9))), 0)
	check.Equal(t, "of all buyers", names(s.InstancesBought(ctx, storetest.Seller, "sms", store.Cursor{CreatedAt: at(0)}, 9)), []string{"inst-CSa", "inst-CSb", "inst-CSd"})
	check.Equal(t, "after a place", names(s.InstancesBought(ctx, storetest.Seller, "sms", store.Cursor{CreatedAt: at(1), ID: "inst-CSa"}, 1)), []string{"inst-CSb"})
	check.Equal(t, "after the last", len(names(s.InstancesBought(ctx, storetest.Seller, "sms", store.Cursor{CreatedAt: at(3), ID: "inst-CSd"}, 9))), 0)
}
