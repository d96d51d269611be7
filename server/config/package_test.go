// SPDX-License-Identifier: Apache-2.0

package config

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/koogate/koogate/server/quota"
)

func TestPackages(t *testing.T) {
	text := strings.Replace(goodYAML, "        sync_budget: 3s\n", `        sync_budget: 3s
      SMS: {provisioner: crm, meter: {name: sms}}
      MMS: {provisioner: crm, meter: {name: mms}}
      PKG: {provisioner: crm, package: {reset: month, keep_going: true, priority: 7, items: [{product: SMS, quota: "100"}, {product: MMS, quota: "0.5"}]}}
      YEAR: {provisioner: crm, package: {reset: year, items: [{product: SMS, quota: "1"}]}}
      PLAIN: {provisioner: crm, package: {items: [{product: SMS, quota: "1"}]}}
`, 1)
	c, problems := Load(Source{File: write(t, text)})
	if problems = append(problems, c.Validate()...); len(problems) > 0 {
		t.Fatal(problems)
	}
	got := c.Endpoints[0].Products
	for id, want := range map[string]Package{
		"PKG":   {Reset: ResetMonth, KeepGoing: true, Priority: 7, Items: []PackageItem{{Product: "SMS", Quota: "100"}, {Product: "MMS", Quota: "0.5"}}},
		"YEAR":  {Reset: ResetYear, Items: []PackageItem{{Product: "SMS", Quota: "1"}}},
		"PLAIN": {Items: []PackageItem{{Product: "SMS", Quota: "1"}}},
	} {
		if !reflect.DeepEqual(got[id].Package, want) {
			t.Errorf("%s: %+v, want %+v", id, got[id].Package, want)
		}
	}
}

func TestPackageFaults(t *testing.T) {
	item := PackageItem{Product: "SMS", Quota: "1"}
	for name, c := range map[string]struct {
		pack       Package
		path, part string
	}{
		"no items":        {Package{Reset: "month"}, ".items", "name the fee items"},
		"reset":           {Package{Items: []PackageItem{item}, Reset: "week"}, ".reset", "none, month, year"},
		"priority":        {Package{Items: []PackageItem{item}, Priority: 1001}, ".priority", "0 to 1000"},
		"twice":           {Package{Items: []PackageItem{item, item}}, ".items[1].product", "given twice"},
		"itself":          {Package{Items: []PackageItem{{Product: "PKG", Quota: "1"}}}, ".items[0].product", "no fee item"},
		"no meter":        {Package{Items: []PackageItem{{Product: "*", Quota: "1"}}}, ".items[0].product", "no fee item"},
		"no sum":          {Package{Items: []PackageItem{{Product: "SEATS", Quota: "1"}}}, ".items[0].product", "no fee item"},
		"another seller":  {Package{Items: []PackageItem{{Product: "FOREIGN", Quota: "1"}}}, ".items[0].product", "no fee item"},
		"nothing":         {Package{Items: []PackageItem{{Product: "SMS", Quota: "0"}}}, ".items[0].quota", "above zero"},
		"no number":       {Package{Items: []PackageItem{{Product: "SMS", Quota: "1e3"}}}, ".items[0].quota", "above zero"},
		"without a quota": {Package{Items: []PackageItem{{Product: "SMS", Quota: ""}}}, ".items[0].quota", "above zero"},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := everyFamily(func(e *Endpoint) {
				e.Products["SMS"] = Product{Provisioner: "crm", Meter: Meter{Name: "sms"}}
				e.Products["SEATS"] = Product{Provisioner: "crm", Meter: Meter{Name: "seats", Aggregate: "max"}}
				e.Products["PKG"] = Product{Provisioner: "crm", Package: c.pack}
			})
			problems := cfg.ValidateServing()
			if len(problems) != 1 || !strings.HasSuffix(problems[0].Path, ".products[PKG].package"+c.path) || !strings.Contains(problems[0].EN, c.part) {
				t.Fatalf("got %v, want one problem at %s with %q", problems, c.path, c.part)
			}
		})
	}
	cfg := everyFamily(func(e *Endpoint) {
		e.Products["*"] = Product{Provisioner: "crm", Package: Package{Items: slices.Repeat([]PackageItem{item}, quota.MaxItems+1)}}
	})
	var got []string
	for _, p := range cfg.ValidateServing() {
		if !strings.Contains(p.Path, ".product") || strings.HasSuffix(p.Path, ".package") || strings.HasSuffix(p.Path, ".items") {
			got = append(got, p.EN)
		}
	}
	if len(got) != 2 || !strings.Contains(got[0], "a product of its own") || !strings.Contains(got[1], "at most 50") {
		t.Fatalf("got %q", got)
	}
}
