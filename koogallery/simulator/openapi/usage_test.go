// SPDX-License-Identifier: Apache-2.0

package openapi_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/koogallery/simulator"
	"github.com/koogate/koogate/koogallery/simulator/billing"
	"github.com/koogate/koogate/koogallery/simulator/catalogue"
	"github.com/koogate/koogate/koogallery/simulator/fault"
	"github.com/koogate/koogate/koogallery/simulator/market"
	"github.com/koogate/koogate/koogallery/simulator/simtest"
)

// Every record code of open-apis §3.5, each alone and all in one call.
func TestRecordCodes(t *testing.T) {
	s := simtest.NewStall(t, nil)
	now := s.Clock.Now()
	s.Adopt("i", market.Adoption{Start: now.Add(-30 * 24 * time.Hour), Close: now.Add(-time.Hour)})
	s.Adopt("open", market.Adoption{})
	s.Adopt("foreign", market.Adoption{Owner: "another seller"})
	s.Adopt("pack", market.Adoption{Kind: catalogue.Package, Quota: 1000_0000})
	s.Adopt("closed pack", market.Adoption{Kind: catalogue.Package, Close: now.Add(-3 * time.Hour)})
	s.Adopt("foreign pack", market.Adoption{Kind: catalogue.Package, Owner: "another seller"})
	s.Adopt("prepaid", market.Adoption{Kind: catalogue.Period})
	s.Adopt("delisted", market.Adoption{Delisted: true})
	s.Adopt("withdrawn", market.Adoption{ProductID: "P"})
	s.Adopt("frozen", market.Adoption{FrozenAt: now.Add(-90 * time.Minute)})
	s.Adopt("released", market.Adoption{Released: true, Close: now.Add(-90 * time.Minute)})
	if err := s.Sim.Withdraw("P"); err != nil {
		t.Fatal(err)
	}
	s.Taken(s.Record("open", "first", 2*time.Hour, time.Hour, "1"))
	young := now.Add(-10 * 24 * time.Hour)
	s.Adopt("young", market.Adoption{Start: young})

	good := func(instance string) simtest.Rec { return s.Record(instance, "sn", 2*time.Hour, time.Hour, "1.5") }
	hour := simtest.UTC(now.Add(-time.Hour))
	cases := []struct {
		name, code string
		r          simtest.Rec
	}{
		{"unknown instance", "001", good("nobody")},
		{"no instance", "001", good("i").With("instance_id", nil)},
		{"unknown package", "001", good("i").With("relate_pkg_instance", "nobody")},
		{"package that is none", "001", good("i").With("relate_pkg_instance", "open")},
		{"time with zone", "002", good("i").With("record_time", now.Format(time.RFC3339))},
		{"time missing", "002", good("i").With("begin_time", nil)},
		{"time a number", "002", good("i").With("end_time", 20260130)},
		{"month 13", "002", good("i").With("begin_time", "20261330T100000Z")},
		{"fraction of a second", "002", good("i").With("begin_time", "20260130T100000.5Z")},
		{"value zero", "003", good("i").With("usage_value", "0.0000")},
		{"value negative", "003", good("i").With("usage_value", "-1")},
		{"value missing", "003", good("i").With("usage_value", nil)},
		{"value no number", "003", good("i").With("usage_value", "ten")},
		{"value an object", "003", good("i").With("usage_value", map[string]any{})},
		{"five decimals", "003", good("i").With("usage_value", "1.00000")},
		{"thirteen digits", "003", good("i").With("usage_value", "123456789.0001")},
		{"exponent", "003", good("i").With("usage_value", 1e21)},
		{"no number", "004", good("i").With("metering_sn", nil)},
		{"empty number", "004", good("i").With("metering_sn", "")},
		{"same number", "005", good("i").With("metering_sn", "first")},
		{"same record", "005", s.Record("open", "first", 2*time.Hour, time.Hour, "1")},
		{"delisted", "006", good("delisted")},
		{"withdrawn", "006", good("withdrawn")},
		{"22 days", "007", s.Record("i", "sn", 22*24*time.Hour, time.Hour, "1")},
		{"begin a second too old", "007", s.Record("i", "sn", 2*time.Hour, 21*24*time.Hour-2*time.Hour+time.Second, "1")},
		{"foreign", "009", good("foreign")},
		{"foreign package", "009", good("i").With("relate_pkg_instance", "foreign pack")},
		{"same period", "010", good("open").With("metering_sn", "second")},
		{"end before begin", "011", good("i").With("begin_time", hour, "end_time", simtest.UTC(now.Add(-61*time.Minute)))},
		{"future", "011", good("open").With("end_time", simtest.UTC(now.Add(time.Second)))},
		{"before the start", "011", good("young").With("begin_time", simtest.UTC(young.Add(-time.Second)))},
		{"after the close", "011", good("i").With("end_time", simtest.UTC(now.Add(-time.Hour+time.Second)))},
		{"after the close of the package", "011", good("i").With("relate_pkg_instance", "closed pack")},
		{"over the release", "011", s.Record("released", "sn", time.Hour, time.Hour, "1")},
		{"package's id", "012", good("pack")},
		{"prepaid", "012", good("prepaid")},
		{"frozen", "013", s.Record("frozen", "sn", 89*time.Minute, time.Minute, "1")},
		{"released", "013", s.Record("released", "sn", time.Hour, time.Minute, "1")},
	}
	all := make([]simtest.Rec, 0, len(cases)+1)
	for _, tc := range cases {
		status, a := s.Push(tc.r)
		if status != 200 || a.Code != "94060999" || len(a.Data.Abnormal) != 1 || a.Data.Abnormal[0].Code != tc.code || a.Data.Abnormal[0].Message == "" {
			t.Errorf("%s: %d %+v", tc.name, status, a)
		}
		all = append(all, tc.r)
	}
	// The good one among them is taken all the same. It comes last: only what was
	// taken makes a later one a duplicate.
	status, a := s.Push(append(all, good("i"))...)
	if status != 200 || a.Code != "94060999" || len(a.Data.Abnormal) != len(cases) {
		t.Fatalf("%d %s, %d abnormal", status, a.Code, len(a.Data.Abnormal))
	}
	for i, tc := range cases {
		if r := a.Data.Abnormal[i]; r.Code != tc.code {
			t.Errorf("%s: %+v", tc.name, r)
		}
	}
	if got := s.Sim.Billed("i"); got.Records != 1 || got.Pushed != 15000 {
		t.Errorf("%+v", got)
	}
	if got := s.Sim.Requests(1)[0]; got.API != market.APIUsage || got.Records != len(cases)+1 || got.Accepted != 1 || got.Code != "94060999" {
		t.Errorf("%+v", got)
	}
	for _, r := range s.Sim.UsageRecords("i", 0) {
		if (r.State == billing.Abnormal) == (r.Code == "") {
			t.Errorf("%+v", r)
		}
	}
	s.Audit()
}

// What just fits.
func TestRecordsAtTheLimits(t *testing.T) {
	s := simtest.NewStall(t, nil)
	now := s.Clock.Now()
	s.Adopt("i", market.Adoption{Start: now.Add(-21 * 24 * time.Hour), Close: now})
	s.Adopt("frozen", market.Adoption{FrozenAt: now.Add(-time.Hour)})
	s.Adopt("released", market.Adoption{Released: true, Close: now.Add(-time.Hour)})
	long := strings.Repeat("字", 64)
	s.Adopt(long, market.Adoption{})
	s.Taken(
		s.Record("i", "1", 0, time.Hour, "99999999.9999"),
		s.Record("i", "2", 0, 0, "0.0001"),
		s.Record("i", "3", 0, 21*24*time.Hour, 12.5),
		s.Record("i", "4", time.Hour, time.Hour, 7),
		s.Record("frozen", "5", time.Hour, time.Hour, "1"),
		s.Record("released", "6", time.Hour, time.Hour, "1"),
		s.Record(long, strings.Repeat("n", 64), 0, time.Hour, "1"),
	)
	many := make([]simtest.Rec, 1000)
	for i := range many {
		many[i] = s.Record(long, "m"+strconv.Itoa(i), time.Duration(i+1)*time.Second, time.Minute, "0.0001")
	}
	s.Taken(many...)
	if got := s.Sim.Billed("i"); got.Pushed.String() != "100000019.5" {
		t.Errorf("%v", got)
	}
	if got := s.Sim.Billed(long); got.Pushed.String() != "1.1" {
		t.Errorf("%v", got)
	}
	s.Audit()
}

// Call-level errors of the present and of the older table (open-apis §3.6).
func TestUsageCallCodes(t *testing.T) {
	for _, old := range []bool{false, true} {
		s := simtest.NewStall(t, func(c *simulator.Config) { c.OldUsageCodes = old })
		s.Adopt("i", market.Adoption{})
		good := simtest.UsageBody(t, s.Record("i", "sn", time.Hour, time.Hour, "1"))
		many := make([]simtest.Rec, 1001)
		for i := range many {
			many[i] = s.Record("i", strconv.Itoa(i), 0, time.Hour, "1")
		}
		send := func(spoil func(*http.Request)) *http.Request {
			r := s.Request(good)
			spoil(r)
			return r
		}
		again := s.Request(good)
		resign := func(at time.Time) func(*http.Request) {
			return func(r *http.Request) {
				ts := strconv.FormatInt(at.UnixMilli(), 10)
				r.Header.Set("ts", ts)
				r.Header.Set("signature", sign.UsageSign(simtest.FacadeKey, ts, r.Header.Get("nonce"), good))
			}
		}
		for _, tc := range []struct {
			name      string
			r         *http.Request
			status    int
			code      string
			oldStatus int
			oldCode   string
		}{
			{"no signature", send(func(r *http.Request) { r.Header.Del("signature") }), 401, "94060002", 400, "MKT.0102"},
			{"no ts", send(func(r *http.Request) { r.Header.Del("ts") }), 401, "94060002", 400, "MKT.0102"},
			{"no nonce", send(func(r *http.Request) { r.Header.Del("nonce") }), 401, "94060002", 400, "MKT.0102"},
			{"other signature", send(func(r *http.Request) { r.Header.Set("nonce", "other") }), 401, "94060002", 400, "MKT.0102"},
			{"ts in seconds", send(func(r *http.Request) { r.Header.Set("ts", strconv.FormatInt(s.Clock.Now().Unix(), 10)) }), 401, "94060002", 400, "MKT.0102"},
			{"16 minutes old", send(resign(s.Clock.Now().Add(-16 * time.Minute))), 401, "94060002", 400, "MKT.0102"},
			{"16 minutes ahead", send(resign(s.Clock.Now().Add(16 * time.Minute))), 401, "94060002", 400, "MKT.0102"},
			{"14 minutes old", send(resign(s.Clock.Now().Add(-14 * time.Minute))), 200, "MKT.0000", 200, "MKT.0000"},
			{"once", again, 200, "94060999", 200, "MKT.0000"}, // its record came before
			{"nonce again", send(func(r *http.Request) {
				for _, name := range []string{"ts", "nonce", "signature"} {
					r.Header[http.CanonicalHeaderKey(name)] = again.Header[http.CanonicalHeaderKey(name)]
				}
			}), 401, "94060002", 400, "MKT.0102"},
			{"other type", send(func(r *http.Request) { r.Header.Set("Content-Type", "text/plain") }), 400, "94060004", 400, "MKT.0199"},
			{"no JSON", s.Request([]byte("{")), 400, "94060004", 400, "MKT.0199"},
			{"no records", s.Request([]byte("{}")), 400, "94060004", 400, "MKT.0199"},
			{"empty list", s.Request([]byte(`{"usage_records":[]}`)), 400, "94060004", 400, "MKT.0199"},
			{"no objects", s.Request([]byte(`{"usage_records":[1]}`)), 400, "94060004", 400, "MKT.0199"},
			{"id a number", s.Request(simtest.UsageBody(t, simtest.Rec{"instance_id": 1})), 400, "94060004", 400, "MKT.0199"},
			{"long number", s.Request(simtest.UsageBody(t, s.Record("i", strings.Repeat("n", 65), 0, 0, "1"))), 400, "94060004", 400, "MKT.0199"},
			{"1001 records", s.Request(simtest.UsageBody(t, many...)), 400, "94060004", 500, "MKT.9003"},
			{"too long", s.Request(make([]byte, 3<<20)), 400, "94060004", 400, "MKT.0199"},
		} {
			if old {
				tc.status, tc.code = tc.oldStatus, tc.oldCode
			}
			if status, a, h := s.Send(tc.r); status != tc.status || a.Code != tc.code || a.Message == "" || h.Get("X-Request-Id") == "" {
				t.Errorf("old %v, %s: %d %+v", old, tc.name, status, a)
			}
		}
		s.Sim.SetFaults(fault.Plan{Fail: 1})
		want := map[bool]string{false: "94060001", true: "MKT.0999"}[old]
		if status, a, _ := s.Send(s.Request(good)); status != 500 || a.Code != want {
			t.Errorf("old %v, internal: %d %+v", old, status, a)
		}
	}
}

// A signature over the sorted body fits also if the body was sent in another
// order; Strict wants the sorted one.
func TestUsageSignatureForms(t *testing.T) {
	for _, strict := range []bool{false, true} {
		s := simtest.NewStall(t, func(c *simulator.Config) { c.Strict = strict })
		s.Adopt("i", market.Adoption{})
		at := simtest.UTC(s.Clock.Now())
		body := []byte(`{ "usage_records": [{"usage_value":"1","metering_sn":"a","instance_id":"i","record_time":"` + at + `","end_time":"` + at + `","begin_time":"` + at + `"}]}`)
		sorted, err := sign.Canonical(body)
		if err != nil {
			t.Fatal(err)
		}
		raw := s.Request(body)
		if status, a, _ := s.Send(raw); (status == 200) == strict {
			t.Errorf("strict %v, as sent: %d %+v", strict, status, a)
		}
		r := s.Request(body)
		r.Header.Set("signature", sign.UsageSign(simtest.FacadeKey, r.Header.Get("ts"), r.Header.Get("nonce"), sorted))
		if status, a, _ := s.Send(r); status != 200 {
			t.Errorf("strict %v, sorted: %d %+v", strict, status, a)
		}
	}
}

// AK/SK is checked if it is there, and demanded if so configured.
func TestUsageAKSK(t *testing.T) {
	for _, demanded := range []bool{false, true} {
		s := simtest.NewStall(t, func(c *simulator.Config) { c.UsageAKSK = demanded })
		s.Adopt("i", market.Adoption{})
		for n, tc := range []struct {
			keys   *sign.Credentials
			status int
			code   string
		}{
			{nil, map[bool]int{false: 200, true: 401}[demanded], map[bool]string{false: "MKT.0000", true: "APIGW.0301"}[demanded]},
			{&sign.Credentials{AccessKey: simtest.OpenAK, SecretKey: simtest.OpenSK}, 200, "MKT.0000"},
			{&sign.Credentials{AccessKey: simtest.OpenAK, SecretKey: "other"}, 401, "APIGW.0301"},
			{&sign.Credentials{AccessKey: "other", SecretKey: simtest.OpenSK}, 401, "MKT.0154"},
		} {
			body := simtest.UsageBody(t, s.Record("i", strconv.Itoa(n), time.Duration(n)*time.Hour, time.Hour, "1"))
			r := s.Request(body)
			if tc.keys != nil {
				if err := sign.SignRequest(r, body, *tc.keys, s.Clock.Now()); err != nil {
					t.Fatal(err)
				}
			}
			if status, a, _ := s.Send(r); status != tc.status || a.Code != tc.code {
				t.Errorf("demanded %v, %d: %d %+v", demanded, n, status, a)
			}
		}
	}
}

// The manner of 2023: some errors fail the call as a whole, the others show in the
// seller centre only; both on the old interface and on the new one with old codes.
func TestUsageOfTheOlderTable(t *testing.T) {
	for _, path := range []string{simtest.UsageOldPath, simtest.UsagePath} {
		s := simtest.NewStall(t, func(c *simulator.Config) { c.OldUsageCodes = true })
		now := s.Clock.Now()
		s.Adopt("i", market.Adoption{ProductID: "P", Close: now.Add(-time.Minute)})
		s.Adopt("foreign", market.Adoption{Owner: "another seller"})
		s.Adopt("frozen", market.Adoption{FrozenAt: now.Add(-24 * time.Hour)})
		push := func(records ...simtest.Rec) (int, string) {
			body := simtest.UsageBody(t, records...)
			if path == simtest.UsagePath {
				status, a, _ := s.Send(s.Request(body))
				return status, a.Code
			}
			status, a := s.Signed("POST", path, "application/json", body)
			if a["data"] != nil {
				t.Errorf("data: %v", a)
			}
			return status, a["error_code"].(string)
		}
		n := 0
		good := func(instance string) simtest.Rec {
			n++
			r := s.Record(instance, strconv.Itoa(n), time.Hour+time.Duration(n)*time.Second, time.Hour, "1")
			return r.With("product_id", "P")
		}
		for _, tc := range []struct {
			name   string
			r      simtest.Rec
			status int
			code   string
		}{
			{"no instance", good("").With("instance_id", nil), 400, "MKT.0101"},
			{"no number", good("i").With("usage_value", "x"), 400, "MKT.0101"},
			{"no time", good("i").With("end_time", "x"), 400, "MKT.0101"},
			{"no begin", good("i").With("begin_time", nil), 400, "MKT.0199"},
			{"no value", good("i").With("usage_value", nil), 400, "MKT.0199"},
			{"foreign", good("foreign"), 401, "MKT.0150"},
			{"unknown", good("nobody"), 500, "MKT.9001"},
			{"zero", good("i").With("usage_value", "0"), 500, "MKT.9002"},
			{"22 days", good("i").With("begin_time", simtest.UTC(now.Add(-22*24*time.Hour))), 500, "MKT.9004"},
		} {
			if status, code := push(good("i"), tc.r); status != tc.status || code != tc.code {
				t.Errorf("%s %s: %d %s", path, tc.name, status, code)
			}
		}
		if path == simtest.UsageOldPath {
			if status, code := push(good("i").With("product_id", "Q")); status != 401 || code != "MKT.0150" {
				t.Errorf("other product: %d %s", status, code)
			}
			if status, code := push(good("i").With("product_id", nil)); status != 400 || code != "MKT.0199" {
				t.Errorf("no product: %d %s", status, code)
			}
		} else if status, code := push(good("i").With("metering_sn", nil)); status != 400 || code != "MKT.0199" {
			t.Errorf("no number: %d %s", status, code)
		}
		if got := s.Sim.UsageRecords("", 0); len(got) != 0 {
			t.Fatalf("a call that failed left %+v", got)
		}

		first := good("i")
		if status, code := push(first, first, good("frozen"), good("i").With("end_time", simtest.UTC(now))); status != 200 || code != "MKT.0000" {
			t.Errorf("%s: %d %s", path, status, code)
		}
		var got []string
		for _, r := range s.Sim.UsageRecords("", 0) {
			got = append(got, fmt.Sprintf("%s %s %s", r.InstanceID, r.State, r.Code))
		}
		again := "i ABNORMAL 010"
		if path == simtest.UsagePath {
			again = "i ABNORMAL 005"
		}
		simtest.Equal(t, path, got, []string{"i ABNORMAL 011", "frozen ABNORMAL 013", again, "i ACCEPTED "})
		many := make([]simtest.Rec, 1001)
		for i := range many {
			many[i] = first
		}
		if status, code := push(many...); status != 500 || code != "MKT.9003" {
			t.Errorf("%s: %d %s", path, status, code)
		}
		s.Audit()
	}
}

func TestUsageOldAuthentication(t *testing.T) {
	s := simtest.NewStall(t, nil)
	if status, a, _ := simtest.Browse(t, s.Server, "POST", simtest.UsageOldPath, "application/json", "{}", nil); status != 401 {
		t.Errorf("unsigned: %d %v", status, a)
	}
	for _, body := range []string{"{", `{"usage_records":[]}`} {
		if status, a := s.Signed("POST", simtest.UsageOldPath, "application/json", []byte(body)); status != 400 || a["error_code"] != "MKT.0199" {
			t.Errorf("%s: %d %v", body, status, a)
		}
	}
	if status, a := s.Signed("POST", simtest.UsageOldPath, "text/plain", []byte("{}")); status != 400 || a["error_code"] != "MKT.0199" {
		t.Errorf("text: %d %v", status, a)
	}
}

func TestAdoptErrors(t *testing.T) {
	s := simtest.NewStall(t, func(c *simulator.Config) { c.MaxOrders = 2 })
	for name, tc := range map[string]struct {
		id string
		a  market.Adoption
	}{
		"no id":    {"", market.Adoption{}},
		"long id":  {strings.Repeat("x", 65), market.Adoption{}},
		"kind":     {"i", market.Adoption{Kind: "x"}},
		"billing":  {"i", market.Adoption{Billing: "x"}},
		"negative": {"i", market.Adoption{Quota: -1}},
	} {
		if err := s.Sim.Adopt(tc.id, tc.a); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
	for _, id := range []string{"a", "b", "a"} {
		s.Adopt(id, market.Adoption{})
		if err := s.Sim.Withdraw(id); err != nil {
			t.Error(err)
		}
	}
	if err := s.Sim.Adopt("c", market.Adoption{}); err == nil {
		t.Error("a third instance is accepted")
	}
	if err := s.Sim.Withdraw("c"); err == nil {
		t.Error("a third product is accepted")
	}
}

// TestSharedPeriods: two packages' records of one period are duplicates unless the other reading is chosen.
func TestSharedPeriods(t *testing.T) {
	t.Parallel()
	for shared, want := range map[bool]int{false: 2, true: 1} {
		s := simtest.NewStall(t, func(c *simulator.Config) { c.Readings.SharedPeriods = shared })
		s.Adopt("i", market.Adoption{})
		s.Adopt("p", market.Adoption{Kind: catalogue.Package})
		again := func(number string) simtest.Rec { return s.Record("i", number, 2*time.Hour, time.Hour, "1") }
		_, a := s.Push(again("a"), again("b").With("relate_pkg_instance", "p"), again("c").With("relate_pkg_instance", "p"))
		if got := a.Data.Abnormal; len(got) != want || got[0].Code != "010" || got[want-1].MeteringSN != "c" {
			t.Errorf("shared %v: %+v", shared, got)
		}
		if err := s.Sim.AuditBills(); err != nil {
			t.Error(err)
		}
	}
}
