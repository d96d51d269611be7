// SPDX-License-Identifier: Apache-2.0

package market

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/simulator/catalogue"
)

func TestSchedule(t *testing.T) {
	for _, tc := range []struct {
		s        Schedule
		attempts int
		small    Schedule // compressed by 3600
	}{
		{Schedule{}, 1, Schedule{}},
		{Schedule{Interval: time.Hour, Window: 3 * time.Hour}, 4, Schedule{Interval: time.Second, Window: 3 * time.Second}},
		{Schedule{Interval: time.Hour, Window: time.Minute}, 1, Schedule{Interval: time.Second}},
		{Schedule{Interval: 2 * time.Minute, Window: 2 * time.Hour}, 61, Schedule{Interval: time.Minute / 1800, Window: 60 * (time.Minute / 1800)}},
		{Schedule{Interval: time.Second, Window: time.Minute}, 61, Schedule{Interval: time.Millisecond, Window: 60 * time.Millisecond}},
	} {
		if got := tc.s.Attempts(); got != tc.attempts {
			t.Errorf("%v: %d attempts", tc.s, got)
		}
		if got := tc.s.Compressed(3600); got != tc.small || got.Attempts() != tc.attempts {
			t.Errorf("%v: compressed %v", tc.s, got)
		}
		if got := tc.s.Compressed(0); got != tc.s {
			t.Errorf("%v: compressed by 0 %v", tc.s, got)
		}
	}
	p := DocumentedRetry()
	for name, pair := range map[string]struct {
		s      Schedule
		window time.Duration
	}{
		"create": {p.Create, 3 * time.Hour}, "upgrade": {p.Upgrade, 3 * time.Hour}, "refresh": {p.Refresh, 2 * time.Hour},
		"status": {p.Status, time.Hour}, "release": {p.Release, time.Hour}, "check": {p.Check, 0},
	} {
		if pair.s.Window != pair.window {
			t.Errorf("%s: %v", name, pair.s)
		}
	}
	if got := p.Compressed(10).Refresh.Attempts(); got != p.Refresh.Attempts() {
		t.Errorf("compressed: %d attempts", got)
	}
}

func TestRetryOfFamilies(t *testing.T) {
	p := DocumentedRetry()
	once := Schedule{}
	hourly, minutely := Schedule{time.Hour, 3 * time.Hour}, Schedule{time.Minute, time.Hour}
	two := Schedule{2 * time.Minute, 2 * time.Hour}
	for family, want := range map[judge.Family]FamilyRetry{
		judge.FamilySaasV2:        {hourly, hourly, two, minutely, minutely},
		judge.FamilySaasV1:        {hourly, hourly, minutely, minutely, minutely},
		judge.FamilyLicenseV1:     {hourly, once, once, once, once},
		judge.FamilyLicenseCode:   {once, once, two, two, two},
		judge.FamilyLicenseOnline: {two, once, two, two, two},
		judge.FamilyOrderNotify:   {hourly, hourly, two, minutely, minutely},
		judge.FamilyKitV1:         {hourly, hourly, minutely, minutely, minutely},
		judge.FamilyKitV2:         {hourly, hourly, two, minutely, minutely},
	} {
		if got := p.Of(family); got != want {
			t.Errorf("%s: %v", family, got)
		}
		if got := p.Compressed(3600).Of(family); got != want.Compressed(3600) || got == want {
			t.Errorf("%s: compressed %v", family, got)
		}
	}
	if p.Notify != hourly || p.Compressed(3600).Notify != hourly.Compressed(3600) {
		t.Errorf("notify: %v", p.Notify)
	}
}

func TestEventsAreBounded(t *testing.T) {
	s := &Market{book: newBook(1, 3)}
	for _, id := range []string{"a", "b", "b", "c", "d"} {
		s.Expect(id)
	}
	if b := s.book; s.Upload("a", "x") || !s.Upload("d", "x") || len(b.events) != 3 || len(b.eventIDs) != 3 || s.OneUpload("a") == nil {
		t.Errorf("%v, %v", b.events, b.eventIDs)
	}
}

// An order with two lines: both are forgotten, and neither takes the other's place.
func TestItemsInTheBook(t *testing.T) {
	b := newBook(2, 3)
	first := &order{Order: Order{ID: "A", LineID: "A-000001", InstanceID: "i"}}
	second := &order{Order: Order{ID: "A", LineID: "A-000002", InstanceID: "j"}, item: true}
	for _, o := range []*order{first, second} {
		if added, err := b.add(o); !added || err != nil {
			t.Fatal(added, err)
		}
		b.instances[o.InstanceID] = o.key()
	}
	if added, _ := b.add(second); added {
		t.Error("a line came twice")
	}
	for _, id := range []string{"B", "C"} {
		if added, err := b.add(&order{Order: Order{ID: id}}); !added || err != nil {
			t.Fatal(added, err)
		}
	}
	if len(b.orders) != 2 || len(b.instances) != 0 {
		t.Errorf("%v, %v", b.orders, b.instances)
	}
}

func TestOrdersArePrintedWithoutTheirBuyer(t *testing.T) {
	o := &order{Order: Order{ID: "CS1"}, buyer: catalogue.NewBuyer("x")}
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "order", o)
	for _, text := range []string{log.String(), fmt.Sprint(o), fmt.Sprintf("%+v %#v %s", o, o, o)} {
		if strings.Contains(text, o.buyer.Email) || !strings.Contains(text, "CS1") {
			t.Errorf("%q", text)
		}
	}
}
