// SPDX-License-Identifier: Apache-2.0

package limit

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/server/access"
	"github.com/koogate/koogate/server/clock/clocktest"
	"github.com/koogate/koogate/store"
)

// counts are what metrics were told.
type counts map[string]int

func (c counts) CallCounted(class, by string, limited bool) {
	c[fmt.Sprint(class, " ", by, " ", limited)]++
}
func (c counts) StrangerLimited() { c["strangers"]++ }

var start = time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)

func bearer(seller, name string) access.Principal {
	return access.Principal{Kind: access.Token, Seller: seller, Subject: name}
}

// TestABudgetIsWhatItSays: the burst at once, then one by one, and the wait is exact: a moment earlier there is nothing.
func TestABudgetIsWhatItSays(t *testing.T) {
	c := clocktest.New(start)
	l := New(Limits{Reads: Rate{4, 3}}, nil, c, counts{})
	spend := func() time.Duration { return l.Spend(t.Context(), bearer("acme", "a"), Reads) }
	for i := range 3 {
		if wait := spend(); wait != 0 {
			t.Errorf("call %d waits %s", i, wait)
		}
	}
	for range 3 { // what is refused takes nothing
		if wait := spend(); wait != 250*time.Millisecond {
			t.Errorf("the fourth waits %s", wait)
		}
	}
	c.Advance(250*time.Millisecond - 1)
	if wait := spend(); wait != 1 {
		t.Errorf("a moment too early it waits %s", wait)
	}
	c.Advance(1)
	if wait := spend(); wait != 0 {
		t.Errorf("in time it waits %s", wait)
	}
	if wait := spend(); wait != 250*time.Millisecond {
		t.Errorf("and the next %s", wait)
	}
	c.Advance(time.Hour) // it holds no more than the burst
	taken := 0
	for spend() == 0 {
		taken++
	}
	if taken != 3 {
		t.Errorf("after an hour %d are taken", taken)
	}
	c.Advance(-24 * time.Hour) // a clock that is set back keeps nobody out for a day
	if wait := spend(); wait <= 0 || wait > 250*time.Millisecond {
		t.Errorf("after the clock was set back it waits %s", wait)
	}
}

// TestNoMoreThanTheRate: whatever the times at which a caller calls, in no span does it get more than rate times span and the burst.
func TestNoMoreThanTheRate(t *testing.T) {
	c := clocktest.New(start)
	l := New(Limits{Writes: Rate{7, 5}}, nil, c, counts{})
	random := rand.New(rand.NewPCG(1, 2))
	var taken []time.Time
	for range 5000 {
		c.Advance(time.Duration(random.IntN(200)) * time.Millisecond * time.Duration(random.IntN(2)))
		if l.Spend(t.Context(), bearer("acme", "a"), Writes) == 0 {
			taken = append(taken, c.Now())
		}
	}
	for i := range taken {
		for k := i + 5; k < min(len(taken), i+60); k++ {
			if most := taken[k].Sub(taken[i]).Seconds()*7 + 5 + 1e-6; float64(k-i+1) > most {
				t.Fatalf("%d calls in %s", k-i+1, taken[k].Sub(taken[i]))
			}
		}
	}
	if len(taken) < 1000 {
		t.Errorf("only %d are taken", len(taken))
	}
}

// TestEveryBudgetIsItsOwn: sellers, callers and classes share nothing, and a rule is for one caller and the classes that it names.
func TestEveryBudgetIsItsOwn(t *testing.T) {
	c := clocktest.New(start)
	m := counts{}
	l := New(Limits{Reads: Rate{1, 2}, Writes: Rate{1, 1}, Leases: Rate{}, Exports: Rate{1, 1}, Rules: []Rule{
		{Seller: "acme", Caller: "token big", Reads: &Rate{1, 5}}, {Seller: "acme", Caller: "token none", Reads: &Rate{}},
	}}, nil, c, m)
	for _, x := range []struct {
		p     access.Principal
		class Class
		burst int // 0 for no limit
	}{
		{bearer("acme", "a"), Reads, 2}, {bearer("acme", "b"), Reads, 2}, {bearer("other", "a"), Reads, 2}, {bearer("acme", "a"), Writes, 1},
		{bearer("acme", "a"), Leases, 0}, {bearer("acme", "a"), Exports, 1}, {bearer("acme", "big"), Reads, 5}, {bearer("acme", "big"), Writes, 1},
		{bearer("other", "big"), Reads, 2}, {bearer("acme", "none"), Reads, 0}, {bearer("acme", "none"), Writes, 1}, {bearer("acme", ""), Reads, 2},
		{access.Principal{Kind: access.Certificate, Seller: "acme", Subject: "a"}, Reads, 2},
		{access.Principal{Kind: access.OIDC, Seller: "acme", Issuer: "https://i", Subject: "a"}, Reads, 2},
	} {
		taken := 0
		for taken < 100 && l.Spend(t.Context(), x.p, x.class) == 0 {
			taken++
		}
		if want := x.burst; taken != want && (want != 0 || taken != 100) {
			t.Errorf("%s of %s may make %d %s, want %d", x.p.Actor(), x.p.Seller, taken, x.class, want)
		}
	}
	if m["reads process false"] != 2*7+5 || m["reads process true"] != 8 || m["exports process true"] != 1 {
		t.Errorf("counted are %v", m)
	}
}

// shared are budgets of all processes that may be away.
type shared struct {
	asked map[string]int
	wait  time.Duration
	err   error
	hangs bool
}

func (s *shared) Spend(ctx context.Context, name string, b store.Budget) (time.Duration, error) {
	s.asked[name]++
	if s.hangs {
		<-ctx.Done()
		return 0, ctx.Err()
	}
	if b.Burst != 3 || b.Every != time.Second/2 {
		return 0, errors.New("another budget")
	}
	return s.wait, s.err
}

// TestTheSharedBudgetDecidesWhileItIsThere, and this process's when it is not: never none, and never a refusal because it is away.
func TestTheSharedBudgetDecidesWhileItIsThere(t *testing.T) {
	c := clocktest.New(start)
	s, m := &shared{asked: map[string]int{}}, counts{}
	l := New(Limits{Reads: Rate{2, 3}}, s, c, m)
	spend := func() time.Duration { return l.Spend(t.Context(), bearer("acme", "a"), Reads) }
	for range 10 {
		if wait := spend(); wait != 0 {
			t.Errorf("waits %s", wait)
		}
	}
	s.wait = time.Minute
	if wait := spend(); wait != time.Minute {
		t.Errorf("waits %s", wait)
	}
	s.err = errors.New("away")
	for i := range 4 {
		if wait := spend(); (wait > 0) != (i == 3) || wait > time.Second/2 {
			t.Errorf("call %d without the shared budget waits %s", i, wait)
		}
	}
	s.err, s.hangs = nil, true
	c.Advance(time.Second)
	began := time.Now()
	if wait := spend(); wait != 0 || time.Since(began) > 2*time.Second {
		t.Errorf("waits %s, after %s", wait, time.Since(began))
	}
	if s.asked["acme/reads/token a"] != 16 || len(s.asked) != 1 {
		t.Errorf("asked for %v", s.asked)
	}
	want := counts{"reads shared false": 10, "reads shared true": 1, "reads process false": 4, "reads process true": 1}
	for k, n := range want {
		if m[k] != n || len(m) != len(want) {
			t.Errorf("counted are %v, want %v", m, want)
		}
	}
}

// TestAddressesOfStrangers: each has refusals of its own, a network of version 6 counts as one, and memory is bounded however many there are.
func TestAddressesOfStrangers(t *testing.T) {
	c := clocktest.New(start)
	m := counts{}
	l := New(Limits{Strangers: Rate{1, 2}}, nil, c, m)
	for range 2 {
		if wait := l.Refused("192.0.2.1"); wait != 0 || l.Weary("192.0.2.2") != 0 {
			t.Errorf("waits %s", wait)
		}
	}
	if l.Weary("192.0.2.1") != time.Second || l.Refused("192.0.2.1") != time.Second || l.Weary("::ffff:192.0.2.1") != 0 {
		t.Error("an address that was refused too often is not weary, or another is")
	}
	l.Refused("2001:db8::1")
	l.Refused("2001:db8::2%eth0")
	if l.Weary("2001:db8::ffff:3") != time.Second || l.Weary("2001:db8:0:1::3") != 0 {
		t.Error("a network of version 6 is not one")
	}
	for i := range 10 * mostNames {
		l.Refused(fmt.Sprint(i))
	}
	if n := len(l.refused.young) + len(l.refused.older); n > 2*mostNames || m["strangers"] != 1 {
		t.Errorf("%d addresses are remembered; counted are %v", n, m)
	}
	c.Advance(time.Second)
	if l.Weary("") != 0 || l.Refused(strings.Repeat("x", 1000)) != 0 {
		t.Error("what is no address is refused")
	}
	off := New(Limits{}, nil, c, m)
	for range 100 {
		if off.Refused("192.0.2.1") != 0 || off.Weary("192.0.2.1") != 0 {
			t.Fatal("without a rate there is a limit")
		}
	}
}

func BenchmarkSpend(b *testing.B) {
	l := New(Default(), nil, clocktest.New(start), discard{})
	p := bearer("acme", "crm-worker")
	b.ReportAllocs()
	for b.Loop() {
		l.Spend(b.Context(), p, Writes)
	}
}

type discard struct{}

func (discard) CallCounted(string, string, bool) {}
func (discard) StrangerLimited()                 {}
