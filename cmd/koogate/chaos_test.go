// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/koogate/koogate/server/clock"
)

// promise is what one order was told.
type promise struct {
	order    string
	instance string
	code     string
	renewals []string // acknowledged renewal orders
	released bool
}

// House rules 3 and 4: kill -9 at random moments under load. After the restart every acknowledged call is present, every
// task completes, no order has two instances and every event chain verifies. KOOGATE_CHAOS_N kills; 3 by default.
func TestChaos(t *testing.T) {
	t.Parallel()
	kills := 3
	if text := os.Getenv("KOOGATE_CHAOS_N"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			t.Fatalf("KOOGATE_CHAOS_N=%q is not a number of kills", text)
		}
		kills = n
	}
	for _, database := range []string{"sqlite", "postgres"} {
		t.Run(database, func(t *testing.T) { chaos(t, newSite(t, database), kills) })
	}
}

func chaos(t *testing.T, s *site, kills int) {
	s.migrate()
	p := s.process(true)
	p.start()
	var (
		mu       sync.Mutex
		promises []*promise
	)
	stopWorkers := background(func(ctx context.Context) error { return p.work(ctx, "chaos") })
	stopLoad := background(func(ctx context.Context) error {
		var wg sync.WaitGroup
		for client := range 8 {
			wg.Go(func() {
				for n := 0; ctx.Err() == nil; n++ {
					o := &promise{order: fmt.Sprintf("CS2611231200C%dN%d", client, n)}
					o.live(ctx, t, p)
					mu.Lock()
					promises = append(promises, o)
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		return nil
	})
	seed := uint64(time.Now().UnixNano())
	random := rand.New(rand.NewPCG(seed, 1))
	began := time.Now()
	for k := range kills {
		time.Sleep(time.Duration(20+random.IntN(300)) * time.Millisecond)
		p.kill()
		p.start()
		if (k+1)%20 == 0 {
			t.Logf("%d of %d kills, %s", k+1, kills, time.Since(began).Round(time.Second))
		}
	}
	time.Sleep(200 * time.Millisecond)
	if err := stopLoad(); err != nil {
		t.Error(err)
	}
	open := func() int {
		n := 0
		for _, state := range []string{"READY", "WAITING", "LEASED"} { // the standing task of usage pushes is never done
			n += p.count("tasks", fmt.Sprintf("state = %q", state)) - p.count("tasks", fmt.Sprintf(`state = %q AND queue = "koogate-usage-push"`, state))
		}
		return max(n, 0)
	}
	for deadline := time.Now().Add(90 * time.Second); open() > 0 && time.Now().Before(deadline); {
		time.Sleep(200 * time.Millisecond)
	}
	if err := stopWorkers(); err != nil {
		t.Error(err)
	}
	if n := open(); n > 0 {
		t.Errorf("%d tasks are still open", n)
	}
	if n := p.count("tasks", `state = "FAILED"`); n > 0 {
		t.Errorf("%d tasks failed", n)
	}
	told := 0
	for _, o := range promises {
		if o.instance != "" {
			told++
			o.check(t, p)
		}
	}
	p.stop()
	t.Logf("seed %d: %d kills, %d orders, %d of them acknowledged, all kept", seed, kills, len(promises), told)
	if told < kills {
		t.Errorf("only %d orders were acknowledged: the load was too light to prove anything", told)
	}
}

func (s *site) migrate() {
	s.t.Helper()
	p := s.process(false)
	s.run("migrate", "--config", p.config)
}

// live drives one order as an impatient marketplace does, and notes every acknowledgement.
func (o *promise) live(ctx context.Context, t *testing.T, p *process) {
	until := func(body func() string, done func(answer)) bool {
		for ctx.Err() == nil {
			call, cancel := context.WithTimeout(ctx, 5*time.Second)
			signed := time.Now().UnixNano()
			a, err := p.call(call, body())
			cancel()
			if err == nil && a.ResultCode == "000001" && signed < p.born.Load() {
				continue // signed before a kill and sent after it: a new process takes that for a repeat, and the marketplace signs anew
			}
			if err == nil && (a.ResultCode == "000000" || a.ResultCode == "000004") {
				done(a)
				return true
			}
			if err == nil && a.ResultCode != "000005" {
				t.Errorf("%s: answer %+v", o.order, a)
				return false
			}
			_ = clock.Sleep(ctx, clock.System{}, 10*time.Millisecond)
		}
		return false
	}
	for range 2 { // every call is repeated: the second must be told the same
		ok := until(func() string { return newInstanceBody(o.order) }, func(a answer) {
			if o.instance == "" {
				o.instance, o.code = a.InstanceID, a.ResultCode
			}
			if !o.kept(a, nil) {
				t.Errorf("%s: first told %s %s, then %s %s", o.order, o.code, o.instance, a.ResultCode, a.InstanceID)
			}
		})
		if !ok {
			return
		}
	}
	renewal := o.order + "R"
	ok := until(func() string {
		return fmt.Sprintf(`{"activity":"refreshInstance","expireTime":"20301231155959","instanceId":"%s","orderId":"%s","orderLineId":"%s-000001","scene":"RENEWAL"}`,
			o.instance, renewal, renewal)
	}, func(answer) { o.renewals = append(o.renewals, renewal) })
	if !ok || len(o.order)%2 == 0 {
		return
	}
	until(func() string { return fmt.Sprintf(`{"activity":"releaseInstance","instanceId":"%s"}`, o.instance) }, func(answer) { o.released = true })
}

// kept reports whether an answer keeps what the first one promised. 000004 promised an instance and no more.
func (o *promise) kept(a answer, err error) bool {
	return err == nil && a.InstanceID == o.instance && (a.ResultCode == o.code || o.code == "000004" && a.ResultCode == "000000")
}

// check compares what was promised with what the database holds.
func (o *promise) check(t *testing.T, p *process) {
	t.Helper()
	a, err := p.call(t.Context(), newInstanceBody(o.order))
	if !o.kept(a, err) {
		t.Errorf("%s was told %s %s, is now told %+v (%v)", o.order, o.code, o.instance, a, err)
	}
	if n := p.count("instances", `order_id = "`+o.order+`"`); n != 1 {
		t.Errorf("%s has %d instances", o.order, n)
	}
	var verdict struct {
		Valid  bool   `json:"valid"`
		Detail string `json:"detail"`
	}
	p.get("/v1/orders/"+o.order+":verify", &verdict)
	if !verdict.Valid {
		t.Errorf("%s: %s", o.order, verdict.Detail)
	}
	var order struct {
		Lines []struct {
			OrderID string `json:"orderId"`
		} `json:"lines"`
	}
	var text json.RawMessage
	p.get("/v1/orders/"+o.order, &text)
	if err := json.Unmarshal(text, &order); err != nil {
		t.Fatal(err)
	}
	for _, r := range o.renewals {
		found := false
		for _, l := range order.Lines {
			found = found || l.OrderID == r
		}
		if !found {
			t.Errorf("%s: acknowledged renewal %s is gone", o.order, r)
		}
	}
	var instance struct {
		State string `json:"state"`
	}
	p.get("/v1/instances/"+o.instance, &instance)
	want := "INSTANCE_STATE_ACTIVE"
	if o.released {
		want = "INSTANCE_STATE_RELEASED"
	}
	if instance.State != want && (o.released || instance.State != "INSTANCE_STATE_RELEASED") {
		t.Errorf("%s is %s, want %s", o.instance, instance.State, want)
	}
}
