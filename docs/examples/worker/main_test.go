// SPDX-License-Identifier: Apache-2.0

package main

import (
	"reflect"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/koogate/koogate/client"
	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
)

// TestPerformIsIdempotent does one task of each kind, the create task twice, and one of a kind it cannot know.
func TestPerformIsIdempotent(t *testing.T) {
	p := &product{instances: make(map[string]*instance)}
	password := ""
	for n, kind := range []koogatev1.TaskKind{
		koogatev1.TaskKind_TASK_KIND_CREATE, koogatev1.TaskKind_TASK_KIND_CREATE, koogatev1.TaskKind_TASK_KIND_REFRESH,
		koogatev1.TaskKind_TASK_KIND_UPGRADE, koogatev1.TaskKind_TASK_KIND_FREEZE, koogatev1.TaskKind_TASK_KIND_UNFREEZE,
		koogatev1.TaskKind_TASK_KIND_RELEASE, koogatev1.TaskKind_TASK_KIND_CHECK_CHANGE, koogatev1.TaskKind(99),
	} {
		_, err := p.perform(t.Context(), &koogatev1.Task{Kind: kind, InstanceId: "i1"})
		if (err != nil) != (kind == 99) {
			t.Errorf("%s: %v", kind, err)
		}
		if n == 0 {
			password = p.instances["i1"].password
		}
	}
	if i := p.instances["i1"]; len(p.instances) != 1 || i.password != password || password == "" || !i.released || i.frozen {
		t.Errorf("%d instances, %+v", len(p.instances), i)
	}
}

// TestPurchase: who bought what for how long, in one line.
func TestPurchase(t *testing.T) {
	got := purchase(&koogatev1.Task{
		Input: &koogatev1.TaskInput{CustomerId: "c-1", MobilePhone: "canary"},
		Purchase: &koogatev1.Purchase{
			OrderId: "CS1", OrderType: "NEW", ProductId: "OFFI-1", SkuCode: "sku-1", ChargingMode: "PERIOD", LinearValue: 10,
			PeriodType: "year", PeriodNumber: 1, ExpireTime: timestamppb.New(time.Date(2027, 11, 23, 0, 0, 0, 0, time.UTC)),
		},
	})
	const want = `NEW CS1 by customer "c-1": 10 x product "OFFI-1", sku "sku-1", PERIOD, for 1 year, until 2027-11-23`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestAQuestionMakesNothing: what is not there is not made, and what is there is told as it is.
func TestAQuestionMakesNothing(t *testing.T) {
	p := &product{instances: make(map[string]*instance)}
	do := func(kind koogatev1.TaskKind) client.Result {
		t.Helper()
		r, err := p.perform(t.Context(), &koogatev1.Task{Kind: kind, InstanceId: "i1", CauseOrderId: "CS1", OrderLineId: "CS1-1", ProductId: "p", SkuCode: "s"})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	if got := do(koogatev1.TaskKind_TASK_KIND_IDENTIFY); !reflect.DeepEqual(got, client.Unknown()) || len(p.instances) != 0 {
		t.Errorf("%+v, %d instances", got, len(p.instances))
	}
	do(koogatev1.TaskKind_TASK_KIND_CREATE)
	do(koogatev1.TaskKind_TASK_KIND_FREEZE)
	want := client.Known(&koogatev1.KnownInstance{
		OrderId: "CS1", OrderLineId: "CS1-1", ProductId: "p", SkuCode: "s", State: koogatev1.ImportState_IMPORT_STATE_FROZEN, Access: p.instances["i1"].access("i1"),
	})
	if got := do(koogatev1.TaskKind_TASK_KIND_IDENTIFY); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
	do(koogatev1.TaskKind_TASK_KIND_RELEASE)
	if got := do(koogatev1.TaskKind_TASK_KIND_IDENTIFY); reflect.DeepEqual(got, want) || reflect.DeepEqual(got, client.Unknown()) {
		t.Errorf("%+v", got)
	}
}
