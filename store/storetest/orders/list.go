// SPDX-License-Identifier: Apache-2.0

package orders

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/storetest"
	"github.com/koogate/koogate/store/storetest/check"
)

var listCases = []check.Case{
	check.WithStore("Filters", listFilters),
	check.WithStore("UnknownFilterField", unknownField),
	check.WithStore("PagesJoinToTheWholeSet", pagesJoin),
	check.WithStore("AnEmptyPage", func(t *testing.T, s store.Store) {
		rows, err := s.ListOrders(check.Context(t), store.ListQuery{Seller: storetest.Seller, Limit: 10})
		check.Error(t, err, nil)
		check.Equal(t, "orders", len(rows), 0)
	}),
}

func listFilters(t *testing.T, s store.Store) {
	for i := range 24 {
		c := storetest.Admission(fmt.Sprintf("CS%02d", i), storetest.Epoch.Add(time.Duration(i)*time.Second))
		o, in, task := c.NewOrder, &c.NewInstances[0], &c.NewTasks[0]
		o.Endpoint, o.OrderType, o.QueryState = fmt.Sprint("e", i%2), fmt.Sprint("t", i%3), []store.QueryState{store.QueryDone, store.QueryFailed}[i%2]
		in.State = []store.InstanceState{store.InstanceActive, store.InstanceFailed, store.InstanceFrozen}[i%3]
		in.Product.ProductID, in.Endpoint, in.Product.ChargingMode = fmt.Sprint("p", i%4), fmt.Sprint("e", i%2), fmt.Sprint("m", i%3)
		task.State = []store.TaskState{store.TaskFailed, store.TaskReady}[i%2]
		task.Queue, task.Kind = fmt.Sprint("q", i%3), store.TaskUpgrade
		c.NewTasks = c.NewTasks[:1]
		check.MustApply(t, s, c)
	}
	for _, c := range []struct {
		list   string
		filter []store.Term
		want   int
	}{
		{"orders", nil, 24},
		{"orders", []store.Term{{Field: "endpoint", Value: "e1"}}, 12},
		{"orders", []store.Term{{Field: "order_type", Value: "t0"}}, 8},
		{"orders", []store.Term{{Field: "query_state", Value: "FAILED"}}, 12},
		{"orders", []store.Term{{Field: "endpoint", Value: "e1"}, {Field: "order_type", Value: "t0"}, {Field: "query_state", Value: "FAILED"}}, 4},
		{"orders", []store.Term{{Field: "endpoint", Value: "e1"}, {Field: "endpoint", Value: "e0"}}, 0},
		{"orders", []store.Term{{Field: "endpoint", Value: "' OR 1=1 --"}}, 0},
		{"instances", []store.Term{{Field: "state", Value: "FAILED"}}, 8},
		{"instances", []store.Term{{Field: "state", Value: "ACTIVE"}}, 8},
		{"instances", []store.Term{{Field: "order_id", Value: "CS07"}}, 1},
		{"instances", []store.Term{{Field: "product_id", Value: "p3"}}, 6},
		{"instances", []store.Term{{Field: "endpoint", Value: "e0"}, {Field: "charging_mode", Value: "m2"}}, 4},
		{"tasks", []store.Term{{Field: "state", Value: "FAILED"}}, 12},
		{"tasks", []store.Term{{Field: "state", Value: "READY"}, {Field: "queue", Value: "q0"}}, 4},
		{"tasks", []store.Term{{Field: "kind", Value: "UPGRADE"}}, 24},
		{"tasks", []store.Term{{Field: "kind", Value: "CREATE"}}, 0},
		{"tasks", []store.Term{{Field: "instance_id", Value: "inst-CS05"}}, 1},
		{"tasks", []store.Term{{Field: "order_id", Value: "CS05"}, {Field: "state", Value: "READY"}}, 1},
	} {
		for _, desc := range []bool{false, true} {
			check.Filtered(t, s, c.list, store.ListQuery{Seller: storetest.Seller, Filter: c.filter, Desc: desc, Browsing: desc, Limit: 100}, c.want)
		}
	}
}

func unknownField(t *testing.T, s store.Store) {
	for name, list := range check.Lists {
		for _, field := range []string{"", "seller", "buyer", "payload", "created_at", "state = state OR state", "STATE"} {
			_, err := list(check.Context(t), s, store.ListQuery{Seller: storetest.Seller, Filter: []store.Term{{Field: field, Value: "x"}}, Limit: 1})
			if err == nil {
				t.Fatalf("%s: filter field %q was taken", name, field)
			}
		}
	}
}

// pagesJoin: whatever rows there are, also with equal creation times, reading page by page gives each of them once and in
// order, in both directions and with a filter.
func pagesJoin(t *testing.T, s store.Store) {
	ctx := check.Context(t)
	sellers := 0
	rapid.Check(t, func(rt *rapid.T) {
		sellers++
		seller := fmt.Sprint("seller-", sellers)
		ages := rapid.SliceOfN(rapid.IntRange(0, 4), 0, 12).Draw(rt, "ages")
		var want []check.Listed
		for i, age := range ages {
			c := storetest.Admission(fmt.Sprintf("CS-%d-%c", i*7%11, 'a'+i), storetest.Epoch.Add(time.Duration(age)*time.Microsecond))
			c.NewOrder.Seller, c.NewInstances[0].Seller, c.NewInstances[0].InstanceID = seller, seller, c.NewOrder.OrderID
			c.NewLines, c.Events = nil, nil
			c.NewTasks = c.NewTasks[:1]
			c.NewTasks[0].Seller, c.NewTasks[0].ID = seller, seller+c.NewOrder.OrderID
			if i%3 == 0 {
				c.NewOrder.Endpoint, c.NewInstances[0].Endpoint, c.NewTasks[0].Queue = "rare", "rare", "rare"
			}
			if err := s.Apply(ctx, c); err != nil {
				rt.Fatalf("Apply: %v", err)
			}
			want = append(want, check.Listed{ID: c.NewOrder.OrderID, At: c.NewOrder.CreatedAt})
		}
		q := store.ListQuery{
			Seller: seller, Limit: rapid.IntRange(1, 5).Draw(rt, "limit"), Desc: rapid.Bool().Draw(rt, "descending"),
			Browsing: rapid.Bool().Draw(rt, "browsing"),
		}
		filtered := rapid.Bool().Draw(rt, "filtered")
		if filtered {
			rare := want[:0:0]
			for i, w := range want {
				if i%3 == 0 {
					rare = append(rare, w)
				}
			}
			want = rare
		}
		slices.SortFunc(want, func(a, b check.Listed) int {
			return check.Sign(q.Desc) * cmp.Or(a.At.Compare(b.At), strings.Compare(a.ID, b.ID))
		})
		for name, field := range map[string]string{"orders": "endpoint", "instances": "endpoint", "tasks": "queue"} {
			list := check.Lists[name]
			if filtered {
				q.Filter = []store.Term{{Field: field, Value: "rare"}}
			}
			got := []check.Listed{}
			for q.After = nil; ; {
				page, err := list(ctx, s, q)
				if err != nil || len(page) > q.Limit {
					rt.Fatalf("%s: page of %d rows within a limit of %d, %v", name, len(page), q.Limit, err)
				}
				if len(page) == 0 {
					break
				}
				last := page[len(page)-1]
				q.After = &store.Cursor{CreatedAt: last.At, ID: last.ID}
				for _, p := range page {
					got = append(got, check.Listed{ID: strings.TrimPrefix(p.ID, seller), At: p.At})
				}
			}
			if !slices.Equal(got, want) {
				rt.Fatalf("%s by pages of %d:\n got %v\nwant %v", name, q.Limit, got, want)
			}
		}
	})
}
