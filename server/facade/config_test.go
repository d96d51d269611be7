// SPDX-License-Identifier: Apache-2.0

package facade_test

import (
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/server/facade"
)

func TestConfigMistakes(t *testing.T) {
	ok := facade.Endpoint{Name: "demo", Seller: "s", Keys: []string{"canary-key"}}
	with := func(f func(*facade.Endpoint)) facade.Config {
		e := ok
		f(&e)
		return facade.Config{Endpoints: []facade.Endpoint{e}}
	}
	for name, c := range map[string]facade.Config{
		"twice":         {Endpoints: []facade.Endpoint{ok, ok}},
		"no name":       with(func(e *facade.Endpoint) { e.Name = "" }),
		"slash":         with(func(e *facade.Endpoint) { e.Name = "a/b" }),
		"long name":     with(func(e *facade.Endpoint) { e.Name = strings.Repeat("a", 64) }),
		"no seller":     with(func(e *facade.Endpoint) { e.Seller = "" }),
		"no key":        with(func(e *facade.Endpoint) { e.Keys = nil }),
		"empty key":     with(func(e *facade.Endpoint) { e.Keys = []string{"canary-key", ""} }),
		"skew too long": with(func(e *facade.Endpoint) { e.Skew = time.Hour }),
		"negative skew": with(func(e *facade.Endpoint) { e.Skew = -time.Second }),
		"small body":    {MaxBody: 1},
		"large body":    {MaxBody: 1 << 21},
		"long budget":   {Budget: 5 * time.Second},
		"short budget":  {Budget: time.Millisecond},
		"memory":        {KnownInstances: -1},
	} {
		if _, err := facade.New(c, facade.Deps{}); err == nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := facade.New(facade.Config{Endpoints: []facade.Endpoint{ok}}, facade.Deps{}); err != nil {
		t.Error(err)
	}
}
