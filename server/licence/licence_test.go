// SPDX-License-Identifier: Apache-2.0

package licence_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/koogate/koogate/server/clock/clocktest"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/licence"
	"github.com/koogate/koogate/server/vault/vaulttest"
	"github.com/koogate/koogate/store/sqlite"
	"github.com/koogate/koogate/store/sqlitetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	seller = "acme"
	code   = "canary-code-PL77316"
	client = "canary-client-13900000000"
)

// noon is 12:00 in Beijing.
var noon = time.Date(2026, 3, 14, 4, 0, 0, 0, time.UTC)

// market is a marketplace that knows one code. Each failure is returned once, by the name of the call.
type market struct {
	mu       sync.Mutex
	active   bool
	facts    licence.Facts
	failures map[string][]error
	slow     time.Duration
	calls    []string
	reports  []string
	refuse   map[string]string
	unread   bool
}

func (m *market) begin(name string) error {
	time.Sleep(m.slow) // lets others run
	m.mu.Lock()
	defer m.mu.Unlock()
	m.calls = append(m.calls, name)
	if list := m.failures[name]; len(list) > 0 {
		m.failures[name] = list[1:]
		return list[0]
	}
	return nil
}

func (m *market) ActivateCode(_ context.Context, _, c string, _ time.Time) (licence.Facts, error) {
	err := m.begin("activate")
	m.mu.Lock()
	defer m.mu.Unlock()
	if err != nil && !callError(err).Sent {
		return licence.Facts{}, err
	}
	switch {
	case c != code:
		return licence.Facts{}, &licence.CallError{Refusal: licence.Unknown, Code: "92020005"}
	case m.active:
		return licence.Facts{}, &licence.CallError{Refusal: licence.WrongState, Code: "92020003"}
	}
	m.active = true
	if err != nil {
		return licence.Facts{}, err
	}
	return licence.Facts{Status: licence.Alive, ExpireAt: m.facts.ExpireAt.Add(-time.Hour), ProductID: "P1", OrderID: "CS1", Amount: 2}, nil
}

func callError(err error) *licence.CallError {
	var e *licence.CallError
	if !errors.As(err, &e) {
		panic(err)
	}
	return e
}

func (m *market) QueryCode(_ context.Context, _, c string) (licence.Facts, error) {
	err := m.begin("query")
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case err != nil:
		return licence.Facts{}, err
	case c != code:
		return licence.Facts{}, &licence.CallError{Refusal: licence.Unknown, Code: "92020005"}
	case !m.active:
		return licence.Facts{}, &licence.CallError{Refusal: licence.NotActivated, Code: "92020011"}
	}
	return m.facts, nil
}

func (m *market) ReportUse(_ context.Context, _ string, uses []licence.CodeUse) (refused []licence.RefusedUse, unread int, err error) {
	if err := m.begin("report"); err != nil {
		return nil, 0, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var parts []string
	for _, u := range uses {
		parts = append(parts, fmt.Sprintf("%s=%d", u.Code, u.Clients))
		if reason, no := m.refuse[u.Code]; no && m.unread {
			unread++
		} else if no {
			refused = append(refused, licence.RefusedUse{Code: u.Code, Reason: reason})
		}
	}
	m.reports = append(m.reports, strings.Join(parts, " "))
	return refused, unread, nil
}

func (m *market) fail(call string, e ...*licence.CallError) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, err := range e {
		m.failures[call] = append(m.failures[call], err)
	}
}

var (
	lost   = &licence.CallError{Sent: true, Code: "NETWORK"}
	unsent = &licence.CallError{Code: "NETWORK"}
)

type rig struct {
	*licence.Service
	t      *testing.T
	market *market
	clock  *clocktest.Clock
	store  *sqlite.Store
	path   string
	sealer licence.Sealer
}

func newRig(t *testing.T) *rig {
	t.Helper()
	path := sqlitetest.File(t)
	st, err := sqlite.Open(t.Context(), sqlite.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	sealer, err := vaulttest.New()
	if err != nil {
		t.Fatal(err)
	}
	m := &market{
		failures: map[string][]error{}, refuse: map[string]string{},
		facts: licence.Facts{Status: licence.Alive, ActivateAt: noon, ExpireAt: noon.AddDate(1, 0, 0), ProductID: "P1"},
	}
	r := &rig{t: t, market: m, clock: clocktest.New(noon), store: st, path: path, sealer: sealer}
	r.Service = r.service()
	return r
}

// service is another process over the same store.
func (r *rig) service() *licence.Service {
	return licence.New(licence.Deps{Store: r.store, Codes: r.market, Sealer: r.sealer, Clock: r.clock})
}

func (r *rig) activate() (licence.Info, error) {
	return r.Activate(r.t.Context(), seller, code, time.Time{})
}
func (r *rig) query(fresh bool) (licence.Info, error) {
	return r.Query(r.t.Context(), seller, code, fresh)
}

// made checks the calls since the last look.
func (r *rig) made(want ...string) {
	r.t.Helper()
	r.market.mu.Lock()
	defer r.market.mu.Unlock()
	if !slices.Equal(r.market.calls, want) {
		r.t.Fatalf("called %q, want %q", r.market.calls, want)
	}
	r.market.calls = nil
}

func want(t *testing.T, err error, reason errs.Reason) {
	t.Helper()
	if e := errs.As(err); err == nil || e.Reason != reason {
		t.Fatalf("got %v, want %s", err, reason)
	}
	if text := fmt.Sprintf("%v %+v %#v", err, errs.As(err), errs.ToStatus(err)); strings.Contains(text, "canary") {
		t.Fatalf("a secret in %s", text)
	}
}

func alive(t *testing.T, i licence.Info, err error) {
	t.Helper()
	if err != nil || i.Status != licence.Alive || !i.ActivateAt.Equal(noon) {
		t.Fatalf("got %+v, %v", i, err)
	}
}

func TestActivateOnce(t *testing.T) {
	r := newRig(t)
	r.market.slow = 20 * time.Millisecond
	var group sync.WaitGroup
	stop := make(chan struct{})
	go func() { // those who wait wait by the clock
		defer close(stop)
		for range 200 {
			r.clock.Advance(time.Millisecond)
			time.Sleep(time.Millisecond) // moves the fake clock along
		}
	}()
	for n := range 16 {
		s := r.Service
		if n%2 == 1 {
			s = r.service()
		}
		group.Go(func() {
			if i, err := s.Activate(t.Context(), seller, code, noon); err != nil || i.Status != licence.Alive || i.OrderID != "CS1" || i.Amount != 2 || !i.ActivateAt.Equal(noon) {
				t.Errorf("got %+v, %v", i, err)
			}
		})
	}
	group.Wait()
	<-stop
	r.made("activate")
	i, err := r.activate()
	alive(t, i, err)
	if !i.CheckedAt.IsZero() {
		t.Error("an estimate passes for a check")
	}
	r.made()
}

// TestUnknownOutcome: the activation had its effect although nobody was told.
func TestUnknownOutcome(t *testing.T) {
	r := newRig(t)
	r.market.fail("activate", lost)
	_, err := r.activate()
	want(t, err, errs.MarketplaceUnavailable)
	if e := errs.As(err); e.Kind != errs.Unavailable || e.Retry == 0 {
		t.Errorf("not retryable: %+v", e)
	}
	r.made("activate")
	r.market.fail("query", lost)
	_, err = r.activate()
	want(t, err, errs.MarketplaceUnavailable)
	r.made("query")
	i, err := r.activate()
	alive(t, i, err)
	r.made("query")
	i, err = r.activate()
	alive(t, i, err)
	r.made()
}

// TestCrashWhileActivating: the claim of a process that died is taken over after a while, and asked about first.
func TestCrashWhileActivating(t *testing.T) {
	for name, effect := range map[string]bool{"after the effect": true, "before the effect": false} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.market.fail("activate", lost)
			_, err := r.activate()
			want(t, err, errs.MarketplaceUnavailable)
			r.made("activate")
			r.market.active = effect
			r.claimed()
			done := make(chan struct{})
			go func() {
				defer close(done)
				i, err := r.activate()
				if err != nil || i.Status != licence.Alive {
					t.Errorf("got %+v, %v", i, err)
				}
			}()
			for moved := time.Duration(0); ; moved += 50 * time.Millisecond {
				select {
				case <-done:
					if moved < 30*time.Second {
						t.Errorf("taken over after %s", moved)
					}
					if effect {
						r.made("query")
					} else {
						r.made("query", "activate")
					}
					return
				default:
					r.clock.Advance(50 * time.Millisecond)
					time.Sleep(200 * time.Microsecond) // moves the fake clock along
				}
			}
		})
	}
}

// claimed sets the only row back to what it is while somebody calls.
func (r *rig) claimed() {
	r.t.Helper()
	c, err := r.store.LicenceCode(r.t.Context(), seller, licence.Hash(seller, code))
	if err != nil {
		r.t.Fatal(err)
	}
	was := c.UpdatedAt
	c.Status, c.UpdatedAt = "ACTIVATING", was.Add(time.Second)
	if err := r.store.PutLicenceCode(r.t.Context(), c, was); err != nil {
		r.t.Fatal(err)
	}
}

func TestActivatedElsewhere(t *testing.T) {
	r := newRig(t)
	r.market.active = true
	i, err := r.activate()
	alive(t, i, err)
	r.made("activate", "query")
}

func TestRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		failure *licence.CallError
		reason  errs.Reason
		calls   []string // of the repeat, which succeeds
	}{
		"not collected yet": {&licence.CallError{Refusal: licence.NotReceived, Code: "92020004"}, errs.LicenceState, []string{"activate"}},
		"unknown":           {&licence.CallError{Refusal: licence.Unknown, Code: "92020005"}, errs.LicenceUnknown, []string{"activate"}},
		"refused":           {&licence.CallError{Refusal: licence.Other, Code: "92020002"}, errs.LicenceState, []string{"activate"}},
		"away":              {unsent, errs.MarketplaceUnavailable, []string{"activate"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.market.fail("activate", c.failure)
			_, err := r.activate()
			want(t, err, c.reason)
			r.made("activate")
			i, err := r.activate()
			alive(t, i, err)
			r.made(c.calls...)
		})
	}
}

func TestQueryOncePerDay(t *testing.T) {
	r := newRig(t)
	_, err := r.query(false)
	want(t, err, errs.LicenceState)
	_, err = r.Query(t.Context(), seller, "mistyped", false)
	want(t, err, errs.LicenceUnknown)
	r.made("query", "query")
	_, err = r.activate()
	if err != nil {
		t.Fatal(err)
	}
	r.made("activate")
	for range 3 { // the first asks for the binding expiry
		i, err := r.query(false)
		alive(t, i, err)
		if !i.ExpireAt.Equal(r.market.facts.ExpireAt) || !i.CheckedAt.Equal(noon) {
			t.Fatalf("got %+v", i)
		}
	}
	r.made("query")
	if _, err = r.query(true); err != nil {
		t.Fatal(err)
	}
	r.made("query")
	r.clock.Advance(11*time.Hour + 59*time.Minute)
	if _, err = r.query(false); err != nil {
		t.Fatal(err)
	}
	r.made()
	r.clock.Advance(time.Minute) // midnight in Beijing
	if _, err = r.query(false); err != nil {
		t.Fatal(err)
	}
	r.made("query")
}

func TestQueryWhileAway(t *testing.T) {
	r := newRig(t)
	r.market.active = true
	i, err := r.query(false)
	alive(t, i, err)
	r.made("query")
	for _, age := range []time.Duration{24 * time.Hour, 72 * time.Hour} {
		r.clock.Advance(noon.Add(age).Sub(r.clock.Now()))
		r.market.fail("query", lost)
		i, err = r.query(false)
		alive(t, i, err)
		if !i.CheckedAt.Equal(noon) {
			t.Errorf("the age is hidden: %+v", i)
		}
	}
	r.clock.Advance(time.Microsecond)
	r.market.fail("query", unsent)
	_, err = r.query(false)
	want(t, err, errs.MarketplaceUnavailable)
}

// TestQueryAfterExpiry: a renewal is found on the same day.
func TestQueryAfterExpiry(t *testing.T) {
	r := newRig(t)
	r.market.active, r.market.facts.ExpireAt = true, noon.Add(time.Hour)
	_, err := r.query(false)
	if err != nil {
		t.Fatal(err)
	}
	r.clock.Advance(time.Hour)
	r.market.facts.ExpireAt = noon.AddDate(1, 0, 0)
	i, err := r.query(false)
	alive(t, i, err)
	if !i.ExpireAt.Equal(noon.AddDate(1, 0, 0)) {
		t.Errorf("got %+v", i)
	}
}

func TestQueriesShareACall(t *testing.T) {
	r := newRig(t)
	r.market.active, r.market.slow = true, 50*time.Millisecond
	var group sync.WaitGroup
	for range 16 {
		group.Go(func() {
			i, err := r.query(false)
			if err != nil || i.Status != licence.Alive {
				t.Errorf("got %+v, %v", i, err)
			}
		})
	}
	group.Wait()
	r.made("query")
}

// TestUnknownNow: what was known before no longer counts.
func TestUnknownNow(t *testing.T) {
	r := newRig(t)
	r.market.active = true
	if _, err := r.query(false); err != nil {
		t.Fatal(err)
	}
	r.market.fail("query", &licence.CallError{Refusal: licence.Unknown, Code: "92020005"}, lost)
	_, err := r.query(true)
	want(t, err, errs.LicenceUnknown)
	_, err = r.query(false)
	want(t, err, errs.MarketplaceUnavailable)
}

func (r *rig) use(code, client string, counted bool) {
	r.t.Helper()
	if got, err := r.Use(r.t.Context(), seller, code, client); err != nil || got != counted {
		r.t.Fatalf("counted %v, %v, want %v", got, err, counted)
	}
}

func (r *rig) report(next time.Time, reports ...string) {
	r.t.Helper()
	got, err := r.ReportDays(r.t.Context(), seller)
	if err != nil || !got.Equal(next) {
		r.t.Fatalf("next %v, %v, want %v", got, err, next)
	}
	if !slices.Equal(r.market.reports, reports) {
		r.t.Fatalf("reported %q, want %q", r.market.reports, reports)
	}
	r.market.reports = nil
}

func TestUseIsReportedAfterTheDay(t *testing.T) {
	r := newRig(t)
	r.use("c1", "u1", true)
	r.use("c1", "u1", false)
	r.use("c1", "u2", true)
	r.use("c2", "u1", true)
	end := noon.Add(12 * time.Hour)
	begin := end.Add(5 * time.Minute)
	r.report(begin)
	r.clock.Advance(12 * time.Hour)
	r.use("c1", "u1", true) // a new day
	r.report(begin)
	r.clock.Advance(5 * time.Minute)
	r.market.fail("report", lost)
	if next, err := r.ReportDays(t.Context(), seller); errs.As(err).Reason != errs.MarketplaceUnavailable || !next.Equal(begin.Add(5*time.Minute)) {
		t.Fatalf("next %v, %v", next, err)
	}
	got, err := r.ReportDays(t.Context(), seller)
	if err != nil || !got.Equal(begin.Add(24*time.Hour)) || len(r.market.reports) != 1 {
		t.Fatalf("next %v, %v, %q", got, err, r.market.reports)
	}
	parts := strings.Fields(r.market.reports[0])
	slices.Sort(parts)
	if !slices.Equal(parts, []string{"c1=2", "c2=1"}) {
		t.Fatalf("got %q", parts)
	}
	r.market.reports = nil
	r.report(begin.Add(24 * time.Hour))
	// Two days without a run: each is told, in their order, in calls of their own.
	r.clock.Advance(24 * time.Hour)
	r.use("c1", "u1", true)
	r.use("c1", "u2", true)
	r.use("c1", "u3", true)
	r.clock.Advance(24 * time.Hour)
	r.report(begin.Add(72*time.Hour), "c1=1", "c1=3")
}

func TestRefusedDaysAreRecorded(t *testing.T) {
	for name, unread := range map[string]bool{"named": false, "not named": true} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			for _, c := range []string{"c1", "bad", "c2"} {
				r.use(c, "u1", true)
			}
			r.market.refuse["bad"], r.market.unread = "92020005", unread
			r.clock.Advance(13 * time.Hour)
			if _, err := r.ReportDays(t.Context(), seller); err != nil {
				t.Fatal(err)
			}
			calls := 1
			if unread {
				calls = 4
			}
			if len(r.market.reports) != calls {
				t.Errorf("got %q", r.market.reports)
			}
			r.days("bad REFUSED "+map[bool]string{false: "92020005", true: "UNSPECIFIED"}[unread], "c1 REPORTED ", "c2 REPORTED ")
			r.market.reports = nil
			r.report(noon.Add(36*time.Hour + 5*time.Minute))
		})
	}
}

// TestRefusedCall: a call that is refused whole is taken apart.
func TestRefusedCall(t *testing.T) {
	r := newRig(t)
	r.use("c1", "u1", true)
	r.use("c2", "u1", true)
	r.clock.Advance(13 * time.Hour)
	no := &licence.CallError{Refusal: licence.Other, Code: "92020020"}
	r.market.fail("report", no, no)
	if _, err := r.ReportDays(t.Context(), seller); err != nil {
		t.Fatal(err)
	}
	if len(r.market.reports) != 1 {
		t.Fatalf("got %q", r.market.reports)
	}
}

// days checks what the database says of each code's day.
func (r *rig) days(want ...string) {
	r.t.Helper()
	names := map[string]string{}
	for _, c := range []string{"c1", "c2", "bad"} {
		names[licence.Hash(seller, c)] = c
	}
	got := []string{}
	for _, d := range licenceDays(r.t, r.path) {
		got = append(got, names[d.Hash]+" "+d.State+" "+d.Reason)
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		r.t.Fatalf("got %q, want %q", got, want)
	}
}

func TestMoreThanABatch(t *testing.T) {
	r := newRig(t)
	for n := range 130 {
		r.use(fmt.Sprintf("c%03d", n), "u1", true)
	}
	r.clock.Advance(13 * time.Hour)
	if _, err := r.ReportDays(t.Context(), seller); err != nil {
		t.Fatal(err)
	}
	if len(r.market.reports) != 2 || len(strings.Fields(r.market.reports[0])) != 100 || len(strings.Fields(r.market.reports[1])) != 30 {
		t.Fatalf("%d reports", len(r.market.reports))
	}
}

// TestACodeThatDoesNotOpen does not hold up the others.
func TestACodeThatDoesNotOpen(t *testing.T) {
	r := newRig(t)
	r.use("c1", "u1", true)
	other, err := vaulttest.New()
	if err != nil {
		t.Fatal(err)
	}
	r.sealer = other
	r.Service = r.service()
	r.use("c2", "u1", true)
	r.clock.Advance(13 * time.Hour)
	r.report(noon.Add(36*time.Hour+5*time.Minute), "c2=1")
	r.days("c1 REFUSED CODE_SEALED", "c2 REPORTED ")
}

// TestSecretsStayInside: neither code nor client is in the database, in hashes that another seller shares, or in what
// is printed.
func TestSecretsStayInside(t *testing.T) {
	r := newRig(t)
	if _, err := r.activate(); err != nil {
		t.Fatal(err)
	}
	i, err := r.query(true)
	if err != nil {
		t.Fatal(err)
	}
	r.use(code, client, true)
	c, err := r.store.LicenceCode(t.Context(), seller, licence.Hash(seller, code))
	if err != nil {
		t.Fatal(err)
	}
	printed := fmt.Sprintf("%v %+v %#v %v %+v %#v %v", i, i, i, licence.CodeUse{Code: code}, []licence.CodeUse{{Code: code}},
		licence.RefusedUse{Code: code}, c)
	if strings.Contains(printed, "canary") {
		t.Errorf("printed: %s", printed)
	}
	if licence.Hash(seller, code) == licence.Hash("other", code) || licence.Hash("a", "bc") == licence.Hash("ab", "c") {
		t.Error("hashes are shared")
	}
	if plain, err := r.sealer.Open(c.Code, "licence/code/"+seller+"/"+c.Hash); err != nil || string(plain) != code {
		t.Errorf("sealed: %v", err)
	}
	if _, err := r.sealer.Open(c.Code, "licence/code/other/"+c.Hash); err == nil {
		t.Error("the code opens at another row")
	}
	if err := r.store.Close(); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(r.path + "*")
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	for _, name := range files {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(raw, []byte("canary")) {
			t.Errorf("a secret in %s", filepath.Base(name))
		}
	}
}
