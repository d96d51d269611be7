// SPDX-License-Identifier: Apache-2.0

package journal_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/journal"
	"github.com/koogate/koogate/store"
)

// reversing seals by turning a text round behind its context.
type reversing struct{}

var errForeign = errors.New("sealed for something else")

func (reversing) Seal(plain []byte, context string) ([]byte, error) {
	turned := slices.Clone(plain)
	slices.Reverse(turned)
	return append([]byte(context+"|"), turned...), nil
}

func (reversing) Open(sealed []byte, context string) ([]byte, error) {
	turned, ok := bytes.CutPrefix(sealed, []byte(context+"|"))
	if !ok {
		return nil, errForeign
	}
	turned = slices.Clone(turned)
	slices.Reverse(turned)
	return turned, nil
}

func (b *book) Call(_ context.Context, seller, id string) (store.Call, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if c, ok := b.calls[id]; ok && c.Seller == seller {
		return c, nil
	}
	return store.Call{}, store.ErrNotFound
}

func (b *book) CallBody(ctx context.Context, seller, id string) ([]byte, error) {
	if c, err := b.Call(ctx, seller, id); err == nil && c.Body != nil {
		return c.Body, nil
	}
	return nil, store.ErrNotFound
}

// body reads a call and what was said in it.
func (r *rig) body(t *testing.T, seller, id string) (store.Call, journal.Body, error) {
	t.Helper()
	c, err := r.Call(t.Context(), seller, id)
	if err != nil {
		return c, journal.Body{}, err
	}
	b, err := r.Body(t.Context(), c)
	return c, b, err
}

// What was said is kept with the record, byte by byte, and opens for that call alone. What the caller of Take does with its buffers
// afterwards changes nothing.
func TestWhatWasSaidIsKept(t *testing.T) {
	r := newRig(nil)
	said := journal.Body{Door: "/v2/", Activity: "tenantSync", Request: []byte("{\"a\": \"\xff\x00\"}"), Answer: []byte(`{}`)}
	e := entry(1, noon)
	e.Body = &journal.Body{Door: said.Door, Activity: said.Activity, Request: slices.Clone(said.Request), Answer: slices.Clone(said.Answer)}
	id := r.Take(e)
	clear(e.Body.Request)
	clear(e.Body.Answer)
	flush(t, r)
	c, got, err := r.body(t, "acme", id)
	if err != nil || c.ID != id || fmt.Sprint(got) != fmt.Sprint(said) {
		t.Fatalf("%q, %v: want %q", got, err, said)
	}
	if _, _, err := r.body(t, "other", id); errs.As(err).Reason != errs.CallNotFound {
		t.Errorf("another seller is answered %v", err)
	}
	moved := r.book.calls[id]
	moved.ID = "another"
	r.book.calls["another"] = moved
	if _, _, err := r.body(t, "acme", "another"); errs.As(err).Reason != errs.CallNotKept || !strings.Contains(err.Error(), "keyset") {
		t.Errorf("a body that was moved to another call: %v", err)
	}
}

// What Koogate asked the marketplace is kept with what it said.
func TestWhatWasAskedIsKept(t *testing.T) {
	r := newRig(nil)
	s := sent(1)
	s.Heard.Asked, s.Heard.Said = []byte(`{"orderId":"CS1"}`), []byte(`{"resultCode":"MKT.0000"}`)
	id := r.Sent(s)
	flush(t, r)
	if _, got, err := r.body(t, "acme", id); err != nil || string(got.Request) != `{"orderId":"CS1"}` || string(got.Answer) != `{"resultCode":"MKT.0000"}` || got.Door != "" {
		t.Errorf("%q, %v", got, err)
	}
}

// A text that is no body is told as such and not taken for one.
func TestWhatIsNoBodyIsNotRead(t *testing.T) {
	r := newRig(nil)
	id := r.Take(entry(1, noon))
	flush(t, r)
	for _, text := range []string{"", "\x05a", "\x00\x00\x00", "\x00\x00\x00\x00x", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"} {
		c := r.book.calls[id]
		c.Body, _ = reversing{}.Seal([]byte(text), "call/acme/"+id)
		r.book.calls[id] = c
		if _, got, err := r.body(t, "acme", id); err == nil {
			t.Errorf("%q is read as %q", text, got)
		}
	}
}

// Bodies have bounds: one that is too long is not kept, and while the database is away what waits takes no more than its room. The calls are
// recorded all the same.
func TestBodiesHaveBounds(t *testing.T) {
	r := newRig(nil)
	long := entry(0, noon)
	long.Body = &journal.Body{Request: make([]byte, 64<<10), Answer: []byte("x")}
	id := r.Take(long)
	flush(t, r)
	if _, _, err := r.body(t, "acme", id); errs.As(err).Reason != errs.CallNotKept || !strings.Contains(err.Error(), "64 KiB") || r.lost(t, "body") != 0 {
		t.Errorf("%v; %v are counted", err, r.lost(t, "body"))
	}
	const each, calls = 64 << 10, 400 // 25 MiB
	for n := range calls {
		e := entry(n+1, noon)
		e.Body = &journal.Body{Request: make([]byte, each)}
		if r.Take(e) == "" {
			t.Fatal("a call has no record")
		}
	}
	lost := r.lost(t, "body")
	if room := float64(calls-16<<20/each) + 2; lost < room-2 || lost > room {
		t.Errorf("%v bodies of %d were not kept", lost, calls)
	}
	flush(t, r)
	if len(r.book.calls) != calls+1 {
		t.Errorf("%d calls are recorded", len(r.book.calls))
	}
	e := entry(calls+1, noon) // there is room again
	e.Body = &journal.Body{Request: make([]byte, each)}
	id = r.Take(e)
	flush(t, r)
	if _, _, err := r.body(t, "acme", id); err != nil {
		t.Error(err)
	}
}
