// SPDX-License-Identifier: Apache-2.0

package oidc

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"log/slog"
	"maps"
	"reflect"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	jose "github.com/go-jose/go-jose/v4"

	"github.com/koogate/koogate/server/clock"
)

const (
	between     = 10 * time.Second // that lie at least between two fetches for calls whose key is not known
	patience    = 2 * time.Second  // for which a call waits for a fetch
	mostWaiting = 64               // calls that wait for one
	firstPause  = 5 * time.Second  // after a fetch that has failed; it doubles
	mostPause   = time.Minute
)

// keyset are the keys of one answer of an issuer, by their IDs. Nobody changes it.
type keyset map[string][]jose.JSONWebKey

// of returns the keys that may have signed with an algorithm under an ID. A token without an ID has a key only where there is one alone.
func (s keyset) of(id, algorithm string) []jose.JSONWebKey {
	list := s[id]
	if id == "" {
		list = slices.Concat(slices.Collect(maps.Values(s))...)
		if len(list) != 1 {
			return nil
		}
	}
	return slices.DeleteFunc(slices.Clone(list), func(k jose.JSONWebKey) bool { return !fits(k, algorithm) })
}

// fits says whether a key is one of an algorithm.
func fits(k jose.JSONWebKey, algorithm string) bool {
	if k.Algorithm != "" && k.Algorithm != algorithm {
		return false
	}
	switch public := k.Key.(type) {
	case *rsa.PublicKey:
		return algorithm == string(jose.RS256) || algorithm == string(jose.PS256)
	case *ecdsa.PublicKey:
		return algorithm == string(jose.ES256) && public.Curve == elliptic.P256()
	case ed25519.PublicKey:
		return algorithm == string(jose.EdDSA)
	}
	return false
}

// ring keeps the keys of an issuer. Nothing but a call whose key is not known waits for the issuer, and then for a moment; keys that are known
// go on counting while the issuer is away. Safe for concurrent use.
type ring struct {
	issuer Issuer
	fetch  func(context.Context) (keyset, error)
	clock  clock.Clock
	log    *slog.Logger
	told   func(ok bool)   // is told of each fetch
	base   context.Context // ends all fetches

	keys    atomic.Pointer[keyset] // nil before the first fetch that succeeded; stays the same while the issuer says the same
	fetched atomic.Int64           // when that was last, UNIX nanoseconds

	mu      sync.Mutex
	flight  *flight   // the running fetch; nil for none
	began   time.Time // of the last fetch
	waiting int
	fault   string // of the last fetch; empty when it succeeded
}

// flight is a fetch that runs.
type flight struct {
	done chan struct{} // closed at its end
	err  error         // set before
}

// known are the keys that count now; nil for none.
func (r *ring) known() *keyset {
	s := r.keys.Load()
	if s == nil || r.age() > r.issuer.Keep {
		return nil
	}
	return s
}

// age is how long ago the issuer has told its keys; it has no meaning before it has.
func (r *ring) age() time.Duration {
	return r.clock.Now().Sub(time.Unix(0, r.fetched.Load()))
}

// look returns the keys that may have signed, and the set that has them, which is nil while none are known at all.
func (r *ring) look(id, algorithm string) (*keyset, []jose.JSONWebKey) {
	s := r.known()
	if s == nil {
		return nil, nil
	}
	return s, s.of(id, algorithm)
}

// find is look, and for an ID that is not known it has the issuer asked and waits for a moment. Where there is no key all the same, later is
// when there may be one; 0 means that the issuer has none. issued is when the token says that it was made.
func (r *ring) find(id, algorithm string, issued time.Time) (s *keyset, list []jose.JSONWebKey, later time.Duration) {
	if s, list = r.look(id, algorithm); len(list) > 0 || s != nil && len((*s)[id]) > 0 { // a key of another algorithm stays one
		return s, list, 0
	}
	later = r.wait(issued)
	if s, list = r.look(id, algorithm); len(list) > 0 {
		return s, list, 0
	}
	if s == nil {
		later = max(later, time.Second)
	}
	return s, nil, later
}

// wait waits for a fetch, which it begins when none runs and the last one is long enough ago. It returns after how long it is of use to come
// again; 0 for never.
func (r *ring) wait(issued time.Time) (later time.Duration) {
	r.mu.Lock()
	f := r.flight
	if f == nil {
		since := r.clock.Now().Sub(r.began)
		if since >= 0 && since < between {
			fresh := issued.Add(r.issuer.Leeway).After(r.began) // by a key that may be newer than the last fetch
			if r.fault != "" || fresh {
				later = between - since
			}
			r.mu.Unlock()
			return later
		}
		f = r.begin()
	}
	if r.waiting >= mostWaiting {
		r.mu.Unlock()
		return time.Second
	}
	r.waiting++
	r.mu.Unlock()
	ctx, cancel := context.WithTimeout(r.base, patience)
	defer cancel()
	later = time.Second
	select {
	case <-f.done:
		if later = 0; f.err != nil {
			later = between
		}
	case <-ctx.Done():
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.waiting--
	return later
}

// begin begins a fetch. The caller holds mu, and none runs.
func (r *ring) begin() *flight {
	f := &flight{done: make(chan struct{})}
	r.flight, r.began = f, r.clock.Now()
	go func() {
		defer close(f.done)
		ctx, cancel := context.WithTimeout(r.base, fetchLimit)
		defer cancel()
		var s keyset
		if s, f.err = r.fetch(ctx); f.err == nil {
			r.take(s)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.flight = nil
		r.tell(f.err)
	}()
	return f
}

// take makes a set the one that counts.
func (r *ring) take(s keyset) {
	if old := r.keys.Load(); old == nil || !old.same(s) {
		r.keys.Store(&s)
	}
	r.fetched.Store(r.clock.Now().UnixNano())
}

// same says whether two sets have the same keys under the same IDs.
func (s keyset) same(other keyset) bool {
	return maps.EqualFunc(s, other, func(a, b []jose.JSONWebKey) bool {
		return slices.EqualFunc(a, b, func(x, y jose.JSONWebKey) bool { return x.Algorithm == y.Algorithm && reflect.DeepEqual(x.Key, y.Key) })
	})
}

// tell logs what has become of a fetch, once until it changes. The caller holds mu.
func (r *ring) tell(err error) {
	if r.base.Err() != nil { // the process stops
		return
	}
	r.told(err == nil)
	fault := ""
	if err != nil {
		fault = err.Error()
	}
	switch {
	case fault == r.fault:
	case err != nil:
		r.log.Warn("the keys of an issuer of tokens cannot be fetched; those that are known go on counting", "issuer", r.issuer.Issuer, "keep", r.issuer.Keep, "error", err)
	default:
		r.log.Info("the keys of an issuer of tokens are fetched again", "issuer", r.issuer.Issuer)
	}
	r.fault = fault
}

// follow fetches the keys again and again until ctx ends.
func (r *ring) follow(ctx context.Context) {
	for pause := firstPause; ; {
		r.mu.Lock()
		f := r.flight
		if f == nil {
			f = r.begin()
		}
		r.mu.Unlock()
		select {
		case <-f.done:
		case <-ctx.Done():
			return
		}
		next := r.issuer.Refresh
		if f.err != nil {
			next, pause = min(next, pause), min(2*pause, mostPause)
		} else {
			pause = firstPause
		}
		if clock.Sleep(ctx, r.clock, next) != nil {
			return
		}
	}
}
