// SPDX-License-Identifier: Apache-2.0

package catalogue

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"
)

func TestIDs(t *testing.T) {
	at := time.Date(2022, 11, 18, 10, 19, 0, 0, time.UTC)
	id := OrderID(at, "seed")
	if !strings.HasPrefix(id, "CS2211181819") || len(id) != len("CS2211181819B4LVS") || !IsOrderID(id) || id == OrderID(at, "other") {
		t.Errorf("order id %s", id)
	}
	if u := UUID("seed"); len(u) != 36 || u[14] != '4' || strings.Count(u, "-") != 4 {
		t.Errorf("uuid %s", u)
	}
	for id, want := range map[string]bool{
		"CS2211181819B4LVS": true, "CS2211181819a": true, "CS2211181819": false, "cs2211181819A": false,
		"CS221118181XB4LVS": false, "CS2211181819B_LVS": false, "": false, "CS2211181819" + strings.Repeat("A", 53): false,
		"CS2211181819" + strings.Repeat("A", 52): true, "CS2211181819é": false,
	} {
		if IsOrderID(id) != want {
			t.Errorf("isOrderID(%q) = %v", id, !want)
		}
	}
	for line, want := range map[string]bool{"A-000001": true, "A-00001": false, "A-00000x": false, "B-000001": false, "A000001": false} {
		if IsLineOf(line, "A") != want {
			t.Errorf("isLineOf(%q) = %v", line, !want)
		}
	}
}

func TestPeriodEnds(t *testing.T) {
	at := func(s string) time.Time {
		d, err := time.Parse(time.DateTime, s)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	for _, tc := range []struct {
		from, kind string
		n          int
		want       string
	}{
		{"2022-07-26 06:47:36", "year", 1, "2023-07-26 15:59:59"},
		{"2022-07-26 16:00:00", "year", 1, "2023-07-27 15:59:59"}, // the next day in Beijing
		{"2024-02-29 03:00:00", "year", 1, "2025-02-28 15:59:59"},
		{"2026-01-31 03:00:00", "month", 1, "2026-02-28 15:59:59"},
		{"2026-12-31 03:00:00", "month", 2, "2027-02-28 15:59:59"},
		{"2026-12-31 03:00:00", "day", 7, "2027-01-07 15:59:59"},
	} {
		p := Product{PeriodType: tc.kind, PeriodNumber: tc.n}
		if got := p.EndAfter(at(tc.from)); !got.Equal(at(tc.want)) || got.Location() != time.UTC {
			t.Errorf("%s and %d %s: %v", tc.from, tc.n, tc.kind, got)
		}
	}
	if !(Product{}).EndAfter(at("2026-01-01 00:00:00")).IsZero() {
		t.Error("a product without period ends")
	}
}

func TestKinds(t *testing.T) {
	for _, s := range []string{"period", "PERIOD", "ONE_TIME", "on-demand", "On_Demand_Pkg", "trial"} {
		if _, err := ParseKind(s); err != nil {
			t.Errorf("%s: %v", s, err)
		}
	}
	if k, err := ParseKind("PERIOD"); k != Period || err != nil {
		t.Errorf("PERIOD is %s", k)
	}
	if _, err := ParseKind(""); err == nil || Kind("x").ChargingMode() != "" {
		t.Error("an unknown kind is accepted")
	}
}

func TestBuyerIsNotPrinted(t *testing.T) {
	b := NewBuyer("x")
	if b != NewBuyer("x") || b == NewBuyer("y") {
		t.Error("buyers are not determined by the seed")
	}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "buyer", b)
	for _, text := range []string{log.String(), fmt.Sprint(b), fmt.Sprintf("%+v %#v %s", b, b, b)} {
		if strings.Contains(text, b.Email) || strings.Contains(text, b.MobilePhone) || strings.Contains(text, b.Customer) {
			t.Errorf("%q shows the buyer", text)
		}
	}
}
