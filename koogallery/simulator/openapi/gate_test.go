// SPDX-License-Identifier: Apache-2.0

package openapi_test

import (
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/simulator"
	"github.com/koogate/koogate/koogallery/simulator/fault"
	"github.com/koogate/koogate/koogallery/simulator/market"
	"github.com/koogate/koogate/koogallery/simulator/simtest"
)

// requests prints the record of the open APIs, oldest first.
func requests(sim *simulator.Simulator) []string {
	var out []string
	for _, r := range sim.Requests(0) {
		out = append(out, fmt.Sprintf("%s %d %s %s %d/%d", r.API, r.Status, r.Code, r.Fault, r.Accepted, r.Records))
	}
	slices.Reverse(out)
	return out
}

// Each fault, what the seller sees of it, and what the marketplace has then.
func TestUsageFaults(t *testing.T) {
	s := simtest.NewStall(t, nil)
	s.Adopt("i", market.Adoption{})
	one := func(sn string) simtest.Rec {
		n, _ := strconv.Atoi(sn)
		return s.Record("i", sn, time.Duration(n)*time.Minute, time.Minute, "1")
	}
	s.Sim.SetFaults(fault.Plan{Drop: 1, RateLimit: 1, Fail: 1, DropAfter: 1, FailAfter: 1})
	var got []string
	for _, sn := range []string{"1", "1", "1", "1", "1", "2", "2", "3"} {
		status, a := s.Push(one(sn))
		got = append(got, fmt.Sprintf("%d %s %v", status, a.Code, a.Codes()))
	}
	simtest.Equal(t, "answers", got, []string{
		"0  map[]", "406 MKT.0250 map[]", "500 94060001 map[]", "0  map[]", "500 94060001 map[]",
		"200 MKT.0000 map[]", "200 94060999 map[2:005]", "200 MKT.0000 map[]",
	})
	simtest.Equal(t, "requests", requests(s.Sim), []string{
		"usage 0  drop 0/0", "usage 406 MKT.0250 rate-limit 0/0", "usage 500 94060001 fail 0/0", "usage 0  drop-after 1/1",
		"usage 500 94060001 fail-after 0/1", "usage 200 MKT.0000  1/1", "usage 200 94060999  0/1", "usage 200 MKT.0000  1/1",
	})
	if c := s.Sim.FaultCounts(); c != (fault.Counts{Drop: 1, RateLimit: 1, Fail: 1, DropAfter: 1, FailAfter: 1}) {
		t.Errorf("%+v", c)
	}
	if b := s.Sim.Billed("i"); b.Records != 3 || b.Pushed.String() != "3" {
		t.Errorf("%+v", b)
	}
	s.Sim.SetFaults(fault.Plan{FailAfter: 1, Status: 502, Code: "94060003"})
	if status, a := s.Push(one("4")); status != 502 || a.Code != "94060003" {
		t.Errorf("%d %+v", status, a)
	}
	if b := s.Sim.Billed("i"); b.Records != 4 {
		t.Errorf("%+v", b)
	}
	s.Audit()
}

func TestRateLimitStatus(t *testing.T) {
	s := simtest.NewStall(t, nil)
	s.Sim.SetFaults(fault.Plan{RateLimit: 2, RateStatus: 429, RetryAfter: 1500 * time.Millisecond})
	status, a, h := s.Send(s.Request(simtest.UsageBody(t, simtest.Rec{})))
	if status != 429 || a.Code != "MKT.0250" || h.Get("Retry-After") != "2" {
		t.Errorf("%d %+v %v", status, a, h)
	}
	if status, a := s.Signed("POST", activatePath, "application/json", []byte("{}")); status != 429 || a["error_code"] != "CBC.0250" {
		t.Errorf("%d %v", status, a)
	}
}

// Chosen records fail once, whatever they hold; the others are taken.
func TestFailRecords(t *testing.T) {
	s := simtest.NewStall(t, nil)
	s.Adopt("i", market.Adoption{})
	var records []simtest.Rec
	for n := range 4 {
		records = append(records, s.Record("i", strconv.Itoa(n), time.Duration(n)*time.Minute, time.Minute, "1"))
	}
	s.Sim.FailRecords("099", 1, 3, 17)
	_, a := s.Push(records...)
	if got := a.Codes(); len(got) != 2 || got["1"] != "099" || got["3"] != "099" || a.Code != "94060999" {
		t.Errorf("%+v", a)
	}
	_, a = s.Push(records...)
	if got := a.Codes(); len(got) != 2 || got["0"] != "005" || got["2"] != "005" {
		t.Errorf("%+v", a)
	}
	simtest.Equal(t, "requests", requests(s.Sim), []string{"usage 200 94060999 records 2/4", "usage 200 94060999  2/4"})
	if c := s.Sim.FaultCounts(); c.Records != 2 {
		t.Errorf("%+v", c)
	}
	s.Audit()
}

// The marketplace's clock is off: signatures are stale, and records of the last
// minutes lie in its future. The header Date tells.
func TestSkew(t *testing.T) {
	s := simtest.NewStall(t, nil)
	s.Adopt("i", market.Adoption{})
	for _, skew := range []time.Duration{16 * time.Minute, -16 * time.Minute} {
		s.Sim.SetFaults(fault.Plan{Skew: skew})
		status, a, h := s.Send(s.Request(simtest.UsageBody(t, s.Record("i", "1", 0, time.Minute, "1"))))
		if status != 401 || a.Code != "94060002" {
			t.Errorf("%v: %d %+v", skew, status, a)
		}
		if at, err := time.Parse(time.RFC1123, h.Get("Date")); err != nil || !at.Equal(s.Clock.Now().Add(skew)) {
			t.Errorf("Date %q: %v", h.Get("Date"), err)
		}
		if status, a := s.Signed("POST", simtest.UsageOldPath, "application/json", []byte("{}")); status != 401 || a["error_code"] != "APIGW.0301" {
			t.Errorf("%v: %d %v", skew, status, a)
		}
	}
	s.Sim.SetFaults(fault.Plan{Skew: -10 * time.Minute})
	if _, a := s.Push(s.Record("i", "1", 9*time.Minute, time.Minute, "1")); a.Codes()["1"] != "011" {
		t.Errorf("%+v", a)
	}
	s.Sim.SetFaults(fault.Plan{})
	s.Taken(s.Record("i", "1", 9*time.Minute, time.Minute, "1"))
}

func TestOutages(t *testing.T) {
	s := simtest.NewStall(t, nil)
	s.Adopt("i", market.Adoption{})
	now := s.Clock.Now()
	s.Sim.SetFaults(fault.Plan{RetryAfter: time.Minute})
	s.Sim.SetOutages(fault.Outage{From: now.Add(time.Hour), Until: now.Add(2 * time.Hour)}, fault.Outage{From: now.Add(3 * time.Hour), Until: now.Add(4 * time.Hour)})
	var got []string
	for n := range 10 {
		status, _, h := s.Send(s.Request(simtest.UsageBody(t, s.Record("i", strconv.Itoa(n), 0, time.Minute, "1"))))
		got = append(got, strconv.Itoa(status)+h.Get("Retry-After"))
		s.Clock.Advance(30 * time.Minute)
	}
	simtest.Equal(t, "answers", got, []string{"200", "200", "50360", "50360", "200", "200", "50360", "50360", "200", "200"})
	if b := s.Sim.Billed("i"); b.Records != 6 || s.Sim.FaultCounts().Outage != 4 {
		t.Errorf("%+v", b)
	}
	s.Sim.SetOutages()
	s.Audit()
}

// The same seed makes the same faults, another one others.
func TestChaosIsSeeded(t *testing.T) {
	run := func(seed uint64) []string {
		s := simtest.NewStall(t, nil)
		s.Adopt("i", market.Adoption{})
		s.Sim.SetChaos(fault.Chaos{Seed: seed, Drop: .1, RateLimit: .1, Fail: .1, DropAfter: .1, FailAfter: .1, Record: .2})
		for n := range 60 {
			s.Push(s.Record("i", strconv.Itoa(n), time.Duration(n)*time.Minute, time.Minute, "1"))
		}
		s.Sim.SetChaos(fault.Chaos{})
		s.Taken(s.Record("i", "last", 2*time.Hour, time.Minute, "1"))
		s.Audit()
		return requests(s.Sim)
	}
	first := run(1)
	simtest.Equal(t, "the same seed", run(1), first)
	if slices.Equal(first, run(2)) {
		t.Error("another seed makes the same faults")
	}
}
