// SPDX-License-Identifier: Apache-2.0

package source_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/koogate/koogate/koogallery/checker/source"
)

func TestEverySourceIsFound(t *testing.T) {
	all := source.All()
	if len(all) < 200 || !slices.IsSortedFunc(all, func(a, b source.Source) int { return strings.Compare(a.ID, b.ID) }) {
		t.Fatalf("%d sources, sorted or not", len(all))
	}
	for _, s := range all {
		if got, ok := source.Find(s.ID); !ok || got.Rule != s.Rule || s.Rule == "" || s.Cite() == "" {
			t.Errorf("%s: %+v", s.ID, got)
		}
	}
	for _, id := range []string{"", "no-such-rule", "zzz"} {
		if s, ok := source.Find(id); ok {
			t.Errorf("%q is %+v", id, s)
		}
	}
}

func TestCite(t *testing.T) {
	for want, s := range map[string]source.Source{
		"a, b, 2025-01-02": {Pages: []string{"a", "b"}, Date: "2025-01-02", Confidence: source.Seen},
		"a":                {Pages: []string{"a"}, Confidence: source.Seen},
		"sample":           {Confidence: source.Sample},
	} {
		if got := s.Cite(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
