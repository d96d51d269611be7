// SPDX-License-Identifier: Apache-2.0

package market_test

import (
	"context"
	"fmt"
	"math/big"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/simulator"
	"github.com/koogate/koogate/koogallery/simulator/billing"
	"github.com/koogate/koogate/koogallery/simulator/catalogue"
	"github.com/koogate/koogate/koogallery/simulator/fault"
	"github.com/koogate/koogate/koogallery/simulator/market"
	"github.com/koogate/koogate/koogallery/simulator/simtest"
)

// bills prints bills, oldest first, with times in Beijing.
func bills(list []billing.Bill) []string {
	out := make([]string, len(list))
	for i, b := range list {
		out[len(list)-1-i] = fmt.Sprintf("%s %s %d %s late %d", b.At.Add(8*time.Hour).Format("02 15:04"), b.Billing, b.Records, b.Amount, b.Late)
	}
	return out
}

// Hourly usage is collected at minute 15 with the hour in which it ended; what
// comes later belongs to the next bill.
func TestHourlyBills(t *testing.T) {
	s := simtest.NewStall(t, nil) // at 20:00 in Beijing
	s.Adopt("i", market.Adoption{})
	sn := 0
	push := func(end time.Time, value string) {
		t.Helper()
		sn++
		s.Taken(s.Record("i", strconv.Itoa(sn), s.Clock.Now().Sub(end), 10*time.Minute, value))
	}
	at := simtest.Start()
	push(at, "1")                   // the hour that ends now
	push(at.Add(-time.Second), "2") // in it
	push(at.Add(-time.Hour), "4")   // ended with the hour before: late
	s.Clock.Advance(14*time.Minute + 59*time.Second)
	push(at.Add(time.Minute), "8") // of this hour
	push(at.Add(-time.Minute), "16")
	if got := s.Sim.Billed("i"); got.Billed != 0 || got.Pushed.String() != "31" || got.Waiting != got.Pushed {
		t.Errorf("%+v", got)
	}
	s.Clock.Advance(time.Second) // 20:15
	if got := s.Sim.Billed("i"); got.Billed.String() != "23" || got.Late.String() != "4" || got.LateRecords != 1 || got.Waiting.String() != "8" {
		t.Errorf("%+v", got)
	}
	push(at.Add(-2*time.Minute), "32") // its collection is just over
	s.Clock.Advance(10 * time.Hour)
	simtest.Equal(t, "bills", bills(s.Sim.Bills("i", 0)), []string{"30 20:15 hourly 4 23 late 1", "30 21:15 hourly 2 40 late 1"})
	if got := s.Sim.Billed("i"); got.Billed.String() != "63" || got.Waiting != 0 || got.WaitingRecords != 0 || got.BilledRecords != 6 || got.LateRecords != 2 {
		t.Errorf("%+v", got)
	}
	if got := s.Sim.Bills("i", 1); len(got) != 1 || got[0].Records != 2 {
		t.Errorf("%+v", got)
	}
	if got := s.Sim.Billed("nobody"); got != (billing.Totals{InstanceID: "nobody"}) {
		t.Errorf("%+v", got)
	}
	s.Audit()
}

// Daily usage is collected at 01:00 in Beijing with the day in which it ended.
func TestDailyBills(t *testing.T) {
	s := simtest.NewStall(t, nil) // at 20:00 on the 30th in Beijing
	s.Adopt("i", market.Adoption{Billing: billing.Daily})
	midnight := simtest.Start().Add(4 * time.Hour)
	s.Taken(s.Record("i", "1", 0, time.Hour, "1"))
	s.Clock.Advance(4 * time.Hour) // 00:00
	s.Taken(s.Record("i", "2", 0, time.Hour, "2"))
	s.Clock.Advance(59*time.Minute + 59*time.Second)
	s.Taken(s.Record("i", "3", s.Clock.Now().Sub(midnight.Add(time.Second)), time.Hour, "4")) // of the new day
	s.Taken(s.Record("i", "4", s.Clock.Now().Sub(midnight.Add(-time.Second)), time.Hour, "8"))
	if got := s.Sim.Billed("i"); got.Billed != 0 {
		t.Errorf("%+v", got)
	}
	s.Clock.Advance(time.Second) // 01:00
	simtest.Equal(t, "bills", bills(s.Sim.Bills("i", 0)), []string{"31 01:00 daily 3 11 late 0"})
	s.Taken(s.Record("i", "5", s.Clock.Now().Sub(midnight.Add(-2*time.Second)), time.Hour, "16"))
	s.Clock.Advance(24*time.Hour - time.Second)
	simtest.Equal(t, "bills", bills(s.Sim.Bills("i", 0)), []string{"31 01:00 daily 3 11 late 0"})
	s.Clock.Advance(time.Second)
	simtest.Equal(t, "bills", bills(s.Sim.Bills("i", 0)), []string{"31 01:00 daily 3 11 late 0", "01 01:00 daily 2 20 late 1"})
	s.Audit()
}

// Between the collection and the next one a clock that runs back changes nothing.
func TestBillsDoNotRunBack(t *testing.T) {
	s := simtest.NewStall(t, nil)
	s.Adopt("i", market.Adoption{})
	s.Taken(s.Record("i", "1", 0, time.Hour, "1"))
	s.Clock.Advance(time.Hour)
	if got := s.Sim.Billed("i"); got.Billed != 10000 {
		t.Errorf("%+v", got)
	}
	s.Clock.Advance(-50 * time.Minute)
	s.Taken(s.Record("i", "2", 0, time.Minute, "1"), s.Record("i", "3", 20*time.Minute, time.Minute, "1"))
	s.Clock.Advance(2 * time.Hour)
	simtest.Equal(t, "bills", bills(s.Sim.Bills("i", 0)), []string{"30 20:15 hourly 1 1 late 0", "30 21:15 hourly 2 2 late 1"})
	s.Audit()
}

// Sums over many records are exact to the last digit.
func TestSumsAreExact(t *testing.T) {
	s := simtest.NewStall(t, nil)
	random := rand.New(rand.NewPCG(1, 2))
	want := map[string]*big.Rat{}
	for call := range 20 {
		var records []simtest.Rec
		for n := range 250 {
			id := "i" + strconv.Itoa(random.IntN(3))
			if want[id] == nil {
				want[id] = new(big.Rat)
				s.Adopt(id, market.Adoption{Billing: []billing.Mode{billing.Hourly, billing.Daily}[len(want)%2]})
			}
			value := strconv.Itoa(random.IntN(100_000_000)) + "." + fmt.Sprintf("%04d", 1+random.IntN(9999))
			v, _ := new(big.Rat).SetString(value)
			want[id].Add(want[id], v)
			records = append(records, s.Record(id, fmt.Sprintf("%d-%d", call, n), time.Duration(n)*time.Second, time.Duration(call)*time.Minute, value))
		}
		s.Taken(records...)
		s.Clock.Advance(37 * time.Minute)
	}
	s.Clock.Advance(48 * time.Hour)
	for id, sum := range want {
		got := s.Sim.Billed(id)
		text, _ := new(big.Rat).SetString(got.Billed.String())
		if text.Cmp(sum) != 0 || got.Pushed != got.Billed || got.Waiting != 0 {
			t.Errorf("%s: %+v, want %s", id, got, sum.FloatString(4))
		}
		var billed billing.Amount
		for _, b := range s.Sim.Bills(id, 0) {
			billed += b.Amount
		}
		if billed != got.Billed {
			t.Errorf("%s: the bills say %v", id, billed)
		}
	}
	s.Audit()
}

// A package is deducted from beyond its quota; what was too much is told.
func TestPackages(t *testing.T) {
	s := simtest.NewStall(t, nil)
	s.Adopt("i", market.Adoption{})
	s.Adopt("p", market.Adoption{Kind: catalogue.Package, Quota: simtest.Amount(t, "10")})
	s.Adopt("q", market.Adoption{Kind: catalogue.Package, Quota: simtest.Amount(t, "10")})
	push := func(sn, pack, value string) {
		t.Helper()
		n, _ := strconv.Atoi(sn)
		s.Taken(s.Record("i", sn, time.Duration(n)*time.Second, time.Minute, value).With("relate_pkg_instance", pack))
	}
	push("1", "p", "9.9999")
	push("2", "q", "10")
	push("3", "p", "0.0001")
	if got := s.Sim.Oversold(); len(got) != 0 {
		t.Errorf("%+v", got)
	}
	push("4", "p", "0.0001")
	push("5", "p", "2")
	s.Taken(s.Record("i", "6", time.Hour, time.Minute, "100"))
	over := billing.PackageUse{PackageID: "p", Records: 4, Quota: 100000, Used: 120001, Oversold: 20001}
	if got := s.Sim.Oversold(); len(got) != 1 || got[0] != over {
		t.Errorf("%+v", got)
	}
	if got := s.Sim.PackageUses(); len(got) != 2 || got[1].Used.String() != "10" || got[1].Oversold != 0 {
		t.Errorf("%+v", got)
	}
	if got := s.Sim.UsageRecords("i", 2); got[1].MeteringSN != "5" || got[1].Oversold.String() != "2" {
		t.Errorf("%+v", got)
	}
	s.Clock.Advance(time.Hour)
	if got := s.Sim.Bills("i", 0); got[0].Packages.String() != "22.0001" || got[0].Oversold.String() != "2.0001" {
		t.Errorf("%+v", got)
	}
	s.Audit()
}

// Instances of orders: they begin when they were opened, and end.
func TestUsageOfOrders(t *testing.T) {
	s := simtest.NewStall(t, func(c *simulator.Config) {
		p := catalogue.DemoProducts()
		metered, pack := p[catalogue.OnDemand], p[catalogue.Package]
		metered.Billing, pack.LinearValue = billing.Daily, 3
		c.Products = map[catalogue.Kind]catalogue.Product{catalogue.OnDemand: metered, catalogue.Package: pack}
	})
	ctx := context.Background()
	var opened []market.Order
	for _, kind := range []catalogue.Kind{catalogue.OnDemand, catalogue.Package, catalogue.Period} {
		o, err := simtest.OpenOrder(t, s.Sim, kind)
		if err != nil {
			t.Fatal(err)
		}
		opened = append(opened, o)
	}
	id, pack, period := opened[0].InstanceID, opened[1].InstanceID, opened[2].InstanceID
	begin := s.Clock.Now()
	s.Clock.Advance(time.Hour)
	sn := 0
	push := func(id, pack string, from, to time.Duration) string {
		t.Helper()
		sn++
		_, a := s.Push(s.Record(id, strconv.Itoa(sn), s.Clock.Now().Sub(begin.Add(to)), to-from, "2").With("relate_pkg_instance", pack))
		if len(a.Data.Abnormal) == 0 {
			return a.Code
		}
		return a.Data.Abnormal[0].Code
	}
	minute := time.Minute
	want := func(got, code string) {
		t.Helper()
		if got != code {
			t.Errorf("%s, want %s", got, code)
		}
	}
	want(push(id, "", 0, 10*minute), "MKT.0000")
	want(push(id, "", -time.Second, 10*minute), "011")
	want(push(pack, "", 0, 10*minute), "012")
	want(push(period, "", 0, 10*minute), "012")
	want(push(id, pack, 10*minute, 20*minute), "MKT.0000")
	want(push(id, pack, 20*minute, 30*minute), "MKT.0000")
	want(push(id, period, 30*minute, 40*minute), "001")
	if got := s.Sim.Oversold(); len(got) != 1 || got[0].Quota.String() != "3" || got[0].Oversold.String() != "1" {
		t.Errorf("%+v", got)
	}

	if err := s.Sim.Freeze(ctx, opened[0].ID); err != nil { // after an hour
		t.Fatal(err)
	}
	s.Clock.Advance(time.Hour)
	if err := s.Sim.Freeze(ctx, opened[0].ID); err != nil { // once more: it is frozen since then all the same
		t.Fatal(err)
	}
	want(push(id, "", 50*minute, 60*minute), "MKT.0000")
	want(push(id, "", 50*minute, 61*minute), "013")
	if err := s.Sim.Unfreeze(ctx, opened[0].ID); err != nil { // after two
		t.Fatal(err)
	}
	s.Clock.Advance(time.Hour)
	want(push(id, "", 120*minute, 130*minute), "MKT.0000")
	if err := s.Sim.Release(ctx, opened[0].ID); err != nil { // after three
		t.Fatal(err)
	}
	s.Clock.Advance(time.Hour)
	want(push(id, "", 170*minute, 180*minute), "MKT.0000")
	want(push(id, "", 175*minute, 185*minute), "011")
	want(push(id, "", 180*minute, 185*minute), "013")
	s.Clock.Advance(48 * time.Hour)
	if got := s.Sim.Bills(id, 0); len(got) == 0 || got[0].Billing != billing.Daily {
		t.Errorf("%+v", got)
	}
	s.Audit()
}

// An order that was cancelled has no customer.
func TestUsageOfACancelledOrder(t *testing.T) {
	c := simtest.NewClock()
	h := simtest.Failing("queryInstance", 1<<20, simtest.Raw(200, "application/json", `{"resultCode":"000005","resultMsg":"no"}`))
	sel := simtest.NewSeller(t, c, func(w http.ResponseWriter, activity string, n int) bool {
		if activity == "newInstance" {
			simtest.Reply(w, map[string]any{"resultCode": "000004", "resultMsg": "later", "instanceId": "i"})
			return true
		}
		return h(w, activity, n)
	})
	sim := simtest.NewSimulator(t, simtest.Config(sel))
	server := httptest.NewServer(sim.Handler())
	defer server.Close()
	s := &simtest.Stall{T: t, Sim: sim, Server: server, Clock: c}
	o, err := simtest.OpenOrder(t, sim, catalogue.OnDemand)
	if err == nil || o.State != market.Cancelled {
		t.Fatalf("%+v, %v", o, err)
	}
	if _, a := s.Push(s.Record("i", "1", 0, time.Minute, "1")); len(a.Data.Abnormal) != 1 || a.Data.Abnormal[0].Code != "013" {
		t.Errorf("%+v", a)
	}
}

// Records that are billed and too old to come again make room; others do not.
func TestUsageMemoryIsBounded(t *testing.T) {
	s := simtest.NewStall(t, func(c *simulator.Config) { c.MaxUsage, c.MaxCalls, c.MaxOrders = 10, 5, 3 })
	s.Adopt("i", market.Adoption{})
	push := func(sn string, n int) (int, string) {
		records := make([]simtest.Rec, n)
		for i := range records {
			records[i] = s.Record("i", sn+strconv.Itoa(i), time.Duration(i)*time.Second, 0, "1")
		}
		status, a := s.Push(records...)
		return status, a.Code
	}
	if status, code := push("a", 10); status != 200 || code != "MKT.0000" {
		t.Fatalf("%d %s", status, code)
	}
	s.Clock.Advance(21 * 24 * time.Hour)
	if status, code := push("b", 1); status != 500 || code != "94060001" {
		t.Errorf("%d %s", status, code)
	}
	s.Clock.Advance(time.Hour)
	if status, code := push("b", 11); status != 500 || code != "94060001" {
		t.Errorf("%d %s", status, code)
	}
	if status, code := push("c", 4); status != 200 || code != "MKT.0000" {
		t.Errorf("%d %s", status, code)
	}
	s.Clock.Advance(time.Hour)
	for n := range 20 {
		push("d"+strconv.Itoa(n), 9) // no room
		s.Push(s.Record("nobody", "x", 0, 0, "1"))
	}
	if got := s.Sim.Billed("i"); got.Records != 14 || got.Billed.String() != "14" {
		t.Errorf("%+v", got)
	}
	if n := len(s.Sim.UsageRecords("", 0)); n > 15 || len(s.Sim.Requests(0)) != 5 {
		t.Errorf("%d rows, %d requests", n, len(s.Sim.Requests(0)))
	}
	for n := range 30 { // a bill each
		s.Clock.Advance(22 * 24 * time.Hour)
		s.Taken(s.Record("i", "e"+strconv.Itoa(n), 0, 0, "0.5"))
	}
	s.Clock.Advance(time.Hour)
	if got := s.Sim.Billed("i"); got.Billed.String() != "29" || len(s.Sim.Bills("i", 0)) != 10 {
		t.Errorf("%+v, %d bills", got, len(s.Sim.Bills("i", 0)))
	}
	s.Audit()
}

// Many pushers at once, with answers that get lost, send the same records until
// they hear of them: each is billed once.
func TestEachRecordIsBilledOnce(t *testing.T) {
	s := simtest.NewStall(t, nil)
	s.Sim.SetChaos(fault.Chaos{Seed: 7, Drop: .1, RateLimit: .1, Fail: .1, DropAfter: .1, FailAfter: .1, Record: .05})
	const pushers, records = 4, 60
	s.Adopt("i", market.Adoption{})
	all := make([]simtest.Rec, records)
	for i := range all {
		all[i] = s.Record("i", "sn"+strconv.Itoa(i), time.Duration(i)*time.Minute, time.Minute, "0.3333")
	}
	var group sync.WaitGroup
	for range pushers {
		group.Go(func() {
			left := all
			for tries := 0; len(left) > 0 && tries < 500; tries++ {
				n := min(len(left), 20)
				status, a := s.Push(left[:n]...)
				if status != 200 {
					continue
				}
				codes := a.Codes()
				var again []simtest.Rec
				for _, r := range left[:n] {
					if codes[r["metering_sn"].(string)] == "013" {
						again = append(again, r)
					}
				}
				left = append(again, left[n:]...)
			}
			if len(left) > 0 {
				t.Errorf("%d records are left", len(left))
			}
		})
	}
	group.Wait()
	s.Clock.Advance(3 * time.Hour)
	if got := s.Sim.Billed("i"); got.Records != records || got.Billed.String() != "19.998" {
		t.Errorf("%+v", got)
	}
	// Which faults come depends on how often the pushers had to try: the same records go on until each kind has come.
	missing := func() bool {
		c := s.Sim.FaultCounts()
		return c.Drop == 0 || c.DropAfter == 0 || c.Fail == 0 || c.FailAfter == 0 || c.RateLimit == 0 || c.Records == 0
	}
	for tries := 0; missing(); tries++ {
		if tries == 1000 {
			t.Fatalf("%+v", s.Sim.FaultCounts())
		}
		s.Push(all[:20]...)
	}
	if got := s.Sim.Billed("i"); got.Records != records || got.Billed.String() != "19.998" {
		t.Errorf("%+v", got)
	}
	s.Audit()
}
