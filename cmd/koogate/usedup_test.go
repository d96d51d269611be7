// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc/status"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/server/usage"
	"github.com/koogate/koogate/store"
)

// Packages that stop when they are used up: 64 consumers draw on three of them until nothing is left. The server is killed
// with -9 in the middle. With real services the database is PostgreSQL, and Redis is flushed every 10 ms and killed half-way;
// without, the database is SQLite and the guard in the process's memory. Nothing is oversold, no unit is lost, and the
// instance freezes once.
func TestStopWhenUsedUp(t *testing.T) {
	database := "sqlite"
	if os.Getenv("KOOGATE_TEST_POSTGRES") != "" || os.Getenv("KOOGATE_TEST_SERVICES") == "required" {
		database = "postgres"
	}
	s := newSite(t, database)
	var r *redisServer
	if database == "postgres" {
		r = startRedis(t)
		s.redis = r.addr
	}
	all := newVendor("vendor", 1, 300_0000, 200_5000, 500_0003)
	s.seedUsage([]*vendor{all})
	p := s.usageProcess([]*vendor{all}, s.market.URL)
	p.start()
	conn, err := p.dial()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	client := koogatev1.NewQuotaServiceClient(conn)
	if err := all.putQuotas(t.Context(), client); err != nil {
		t.Fatal(err)
	}
	var drawn atomic.Int64
	half, quarter := make(chan struct{}), make(chan struct{})
	if r != nil {
		defer flushing(t, r, half)()
		defer killing(t, r, half)()
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	const total = store.Units(1000_5003)
	consumers := make([]*vendor, 64)
	var wg sync.WaitGroup
	var onceHalf, onceQuarter sync.Once
	for n := range consumers {
		v := newVendor("vendor", uint64(n)+2)
		v.tag = fmt.Sprintf("c%d", n)
		consumers[n] = v
		wg.Go(func() {
			amount := store.Units(3_0000)
			for amount > 0 && ctx.Err() == nil && !t.Failed() {
				before := v.committed
				switch err := v.draw(ctx, client, store.Units(1+v.Int64N(int64(amount)))); {
				case reason(err) == "QUOTA_EXHAUSTED":
					amount /= 2
				case err != nil:
					t.Errorf("consumer %d: %v %v", n, err, status.Convert(err).Details())
					return
				}
				switch sum := store.Units(drawn.Add(int64(v.committed - before))); {
				case sum > total/2:
					onceHalf.Do(func() { close(half) })
				case sum > total/4:
					onceQuarter.Do(func() { close(quarter) })
				}
			}
		})
	}
	select {
	case <-quarter:
	case <-ctx.Done():
		t.Error("a quarter is never used")
	}
	p.kill()
	p.start()
	wg.Wait()
	all.rest(ctx, t, client)
	draws := all.made + all.collect(consumers)
	t.Logf("%d reservations asked for, %s of %s used", draws, usage.FormatAmount(all.committed), usage.FormatAmount(total))
	if all.committed != total {
		t.Errorf("committed %s of %s", usage.FormatAmount(all.committed), usage.FormatAmount(total))
	}
	all.checkQuotas(t, p)
	var proof proof
	if all.ask(t, p, "/v1/usage:prove", &proof); proof.Raw != usage.FormatAmount(total) || proof.Difference != "0" {
		t.Errorf("booked %+v, committed %s", proof, usage.FormatAmount(all.committed))
	}
	all.checkFrozenOnce(t, p)
	p.stop()
	s.drain(p, func() { all.settled(t, p) })
	if over := s.sim.Oversold(); len(over) > 0 {
		t.Errorf("oversold: %+v", over)
	}
	s.ahead.Store(int64(4 * time.Hour))
	all.checkBills(t, s.sim)
	if err := s.sim.AuditBills(); err != nil {
		t.Error(err)
	}
}

// rest takes what the others left behind: what was given back when they had stopped.
func (v *vendor) rest(ctx context.Context, t *testing.T, client koogatev1.QuotaServiceClient) {
	t.Helper()
	for ctx.Err() == nil && !t.Failed() {
		var response *koogatev1.CheckQuotaResponse
		if _, err := v.retry(ctx, func(ctx context.Context) (err error) {
			response, err = client.CheckQuota(ctx, &koogatev1.CheckQuotaRequest{InstanceId: v.stopping, Amount: "0.0001"})
			return err
		}); err != nil {
			t.Fatal(err)
		}
		left, _ := usage.ParseAmount(response.GetLeft())
		if left == 0 {
			return
		}
		if err := v.draw(ctx, client, left); err != nil {
			t.Error(err)
		}
	}
}

// collect adds up what consumers did.
func (v *vendor) collect(consumers []*vendor) (draws int) {
	for _, c := range consumers {
		draws += c.made
		v.committed += c.committed
		for id, used := range c.used {
			v.used[id] += used
		}
	}
	return draws
}

// checkFrozenOnce looks for the one freeze and the one task that asks for it.
func (v *vendor) checkFrozenOnce(t *testing.T, p *process) {
	t.Helper()
	var instance struct{ State string }
	if v.ask(t, p, "/v1/instances/"+v.stopping, &instance); instance.State != "INSTANCE_STATE_FROZEN" {
		t.Errorf("the instance is %s", instance.State)
	}
	p.kill() // a file can only be opened when nobody else has it
	p.site.open(func(st store.Store) error {
		events, err := st.Events(t.Context(), v.name, v.stopping[len("inst-"):], 0, 1000)
		if err != nil {
			return err
		}
		frozen := 0
		for _, e := range events {
			if e.Kind == fulfil.EventFrozen {
				frozen++
			}
		}
		tasks, err := st.ListTasks(t.Context(), store.ListQuery{Seller: v.name, Filter: []store.Term{{Field: "instance_id", Value: v.stopping}}, Limit: 1000})
		if err != nil {
			return err
		}
		freezes := 0
		for _, task := range tasks {
			if task.Kind == store.TaskFreeze {
				freezes++
			}
		}
		if frozen != 1 || freezes != 1 {
			t.Errorf("frozen %d times by %d tasks", frozen, freezes)
		}
		return nil
	})
	p.start()
}
