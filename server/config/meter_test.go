// SPDX-License-Identifier: Apache-2.0

package config

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/server/seller"
)

func settle(d time.Duration) *time.Duration { return &d }

func TestMeters(t *testing.T) {
	text := strings.Replace(goodYAML, "        sync_budget: 3s\n", `        sync_budget: 3s
      SMS: {provisioner: crm, meter: {name: sms}}
      DISK: {provisioner: crm, meter: {name: gigabytes, aggregate: last, window: 24h, settle: 0s}}
      SEATS: {provisioner: crm, meter: {name: seats, aggregate: max, bill: daily, settle: 10m}}
      CALLS: {provisioner: crm, meter: {name: calls, aggregate: count, window: 1h, bill: hourly}}
`, 1)
	c, problems := Load(Source{File: write(t, text)})
	if problems = append(problems, c.Validate()...); len(problems) > 0 {
		t.Fatal(problems)
	}
	got := c.Endpoints[0].Products
	for id, want := range map[string]Meter{
		"SMS":   {Name: "sms"},
		"DISK":  {Name: "gigabytes", Aggregate: AggregateLast, Window: 24 * time.Hour, Settle: settle(0)},
		"SEATS": {Name: "seats", Aggregate: AggregateMax, Bill: BillDaily, Settle: settle(10 * time.Minute)},
		"CALLS": {Name: "calls", Aggregate: AggregateCount, Window: time.Hour, Bill: BillHourly},
	} {
		if !reflect.DeepEqual(got[id].Meter, want) {
			t.Errorf("%s: %+v, want %+v", id, got[id].Meter, want)
		}
	}
}

func TestMeterFaults(t *testing.T) {
	for name, c := range map[string]struct {
		meter      Meter
		path, part string
	}{
		"no name":       {Meter{Aggregate: "sum"}, ".name", "1 to 64 characters"},
		"long name":     {Meter{Name: strings.Repeat("长", 65)}, ".name", "1 to 64 characters"},
		"aggregate":     {Meter{Name: "m", Aggregate: "mean"}, ".aggregate", "sum, max, last, count"},
		"window":        {Meter{Name: "m", Window: 2 * time.Hour}, ".window", "use 1h or 24h"},
		"long settle":   {Meter{Name: "m", Settle: settle(11 * time.Minute)}, ".settle", "0s to 10m"},
		"no settle":     {Meter{Name: "m", Settle: settle(-time.Second)}, ".settle", "0s to 10m"},
		"bill":          {Meter{Name: "m", Bill: "weekly"}, ".bill", "hourly, daily"},
		"missing bills": {Meter{Name: "m", Window: 24 * time.Hour, Bill: "hourly"}, ".bill", "use bill daily"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := everyFamily(func(e *Endpoint) { e.Products["OFFI-1"] = Product{Provisioner: "crm", Meter: c.meter} })
			problems := cfg.ValidateServing()
			if len(problems) != 1 || !strings.HasSuffix(problems[0].Path, ".products[OFFI-1].meter"+c.path) || !strings.Contains(problems[0].EN, c.part) {
				t.Fatalf("got %v, want one problem at %s with %q", problems, c.path, c.part)
			}
			if zh := problems[0].In("zh"); zh == problems[0].String() || strings.Contains(zh+problems[0].EN, "%!") {
				t.Errorf("messages: %s | %s", problems[0], zh)
			}
		})
	}
}

func TestUsageKey(t *testing.T) {
	file := write(t, "canary-usage-0123456789abcdef\n")
	load := func(line string) (Config, []Problem) {
		return Load(Source{File: write(t, strings.Replace(goodYAML, "      access_key:", line+"      access_key:", 1))})
	}
	for line, want := range map[string]string{
		"": "canary-key-0123456789",
		"      usage_key: canary-own-0123456789\n": "canary-own-0123456789",
		"      usage_key_file: " + file + "\n":     "canary-usage-0123456789abcdef",
	} {
		c, problems := load(line)
		if problems = append(problems, c.Validate()...); len(problems) > 0 {
			t.Fatal(problems)
		}
		s, err := seller.Of(seller.Declared{Sellers: c.Sellers, Endpoints: c.Endpoints, Provisioners: c.Provisioners})
		if err != nil {
			t.Fatal(err)
		}
		if got := s.UsageKey("acme").Reveal(); got != want {
			t.Errorf("%q: %s, want %s", line, got, want)
		}
		if s.UsageKey("nobody") != "" {
			t.Error("a key for nobody")
		}
	}
	if _, problems := load("      usage_key: a\n      usage_key_file: " + file + "\n"); len(problems) != 1 || !strings.HasSuffix(problems[0].Path, "usage_key") {
		t.Errorf("both: %v", problems)
	}
	if _, problems := load("      usage_key_file: /nowhere\n"); len(problems) != 1 || !strings.HasSuffix(problems[0].Path, "usage_key_file") {
		t.Errorf("no file: %v", problems)
	}
}
