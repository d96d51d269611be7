// SPDX-License-Identifier: Apache-2.0

package evidence_test

import (
	"fmt"
	"io"
	"log/slog"
	"sync"
	"testing"

	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/evidence"
	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/backendtest"
)

// Several processes anchor at once, while orders go on: the anchors are one chain, and every head is in it in the end.
func TestSeveralProcessesAnchorAtOnce(t *testing.T) {
	backendtest.Each(t, func(t *testing.T, st store.Store) {
		r := newRig(t, st)
		var work sync.WaitGroup
		for n := range 3 {
			work.Go(func() {
				for k := range 8 {
					r.admit(r.Service, fmt.Sprintf("CS%d-%d", n, k))
				}
			})
			work.Go(func() {
				a := evidence.Anchorer{Store: st, Keys: r.keys, Clock: clock.System{}, Log: slog.New(slog.NewTextHandler(io.Discard, nil))}
				for range 8 {
					if _, err := a.Anchor(t.Context(), "demo"); err != nil {
						t.Error(err)
					}
				}
			})
		}
		work.Wait()
		r.anchor()
		report := r.verify("")
		if report.Orders != 24 || report.Anchors == 0 || report.NoteCount != 0 {
			t.Errorf("%+v", report)
		}
		if left := must[[]store.SignedHead](t)(st.Unanchored(t.Context(), "demo", 100)); len(left) != 0 {
			t.Errorf("not anchored: %v", left)
		}
		last := must[store.Anchor](t)(st.LastAnchor(t.Context(), "demo"))
		if err := st.PutAnchor(t.Context(), last, nil); err == nil {
			t.Error("an anchor was replaced")
		}
	})
}

func BenchmarkSignature(b *testing.B) {
	keys := must[*evidence.Keys](b)(evidence.Parse(must[[]byte](b)(evidence.Generate())))
	hash := evidence.Hash(store.Event{Seller: "demo"})
	b.ReportAllocs()
	for b.Loop() {
		keys.SignEvent(hash)
	}
}
