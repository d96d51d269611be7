// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/server/clock"
)

// TestSellersChangeUnderLoad: two replicas over one PostgreSQL and Redis get an endpoint, a rotation of a key and the end of a product by
// `koogate config apply`, while calls go to both. Each replica follows within two seconds, and no call is refused.
func TestSellersChangeUnderLoad(t *testing.T) {
	const nextKey = "the-key-after-the-rotation-0123456789"
	s := newSite(t, "postgres")
	s.products = `{"*": {provisioner: worker}, "OLD": {provisioner: worker}}`
	s.migrate()
	procs := []*process{s.process(true), s.process(true)}
	for _, p := range procs {
		p.start()
	}
	var key atomic.Pointer[string]
	first := testKey
	key.Store(&first)
	code := func(p *process, endpoint, key string) string {
		const body = `{"activity":"queryInstance","instanceId":"nobody"}`
		to, err := sign.SignURL("http://"+p.facade+"/produce/"+endpoint, key, strings.ReplaceAll(uuid.NewString(), "-", ""), time.Now(), []byte(body))
		if err != nil {
			return err.Error()
		}
		r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, to, strings.NewReader(body))
		if err != nil {
			return err.Error()
		}
		r.Header.Set("Content-Type", "application/json;charset=utf8")
		res, err := wire.Do(r)
		if err != nil {
			return err.Error()
		}
		defer func() { _ = res.Body.Close() }()
		var a answer
		if err := json.NewDecoder(res.Body).Decode(&a); err != nil {
			return err.Error()
		}
		return a.ResultCode
	}
	var answered, refused atomic.Int64
	var load sync.WaitGroup
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for n := range 8 {
		load.Go(func() {
			for ctx.Err() == nil {
				if got := code(procs[n%2], "main", *key.Load()); got == "000003" { // verified, and there is no such instance
					answered.Add(1)
				} else {
					refused.Add(1)
					t.Log(got)
				}
				_ = clock.Sleep(ctx, clock.System{}, 10*time.Millisecond)
			}
		})
	}
	apply := func(old, changed string) {
		t.Helper()
		text, err := os.ReadFile(procs[0].config)
		if err != nil || !strings.Contains(string(text), old) {
			t.Fatal(err, old)
		}
		if err := os.WriteFile(procs[0].config, []byte(strings.Replace(string(text), old, changed, 1)), 0o600); err != nil {
			t.Fatal(err)
		}
		s.run("config", "apply", "--config", procs[0].config)
	}
	within2 := func(what, endpoint, key, want string) {
		t.Helper()
		for _, p := range procs {
			for began := time.Now(); code(p, endpoint, key) != want; time.Sleep(20 * time.Millisecond) {
				if time.Since(began) > 2*time.Second {
					t.Errorf("%s: a replica does not follow within 2 s", what)
					break
				}
			}
		}
	}
	within2("before", "second", testKey, "000001")
	apply("provisioners:\n", "  - {name: second, seller: vendor, keys: ['"+testKey+"'], products: {\"*\": {provisioner: worker}}}\nprovisioners:\n")
	within2("a new endpoint", "second", testKey, "000003")
	apply("keys: ['"+testKey+"']", "keys: ['"+testKey+"', '"+nextKey+"']")
	within2("a new key", "main", nextKey, "000003")
	next := nextKey
	key.Store(&next)
	time.Sleep(500 * time.Millisecond) // calls in hand with the old key
	apply("keys: ['"+testKey+"', '"+nextKey+"']", "keys: ['"+nextKey+"']")
	within2("a retired key", "main", testKey, "000001")
	apply(`, "OLD": {provisioner: worker}`, "")
	time.Sleep(time.Second)
	cancel()
	load.Wait()
	for _, p := range procs {
		p.stop()
	}
	t.Logf("%d calls answered, %d refused", answered.Load(), refused.Load())
	if refused.Load() > 0 || answered.Load() < 200 {
		t.Errorf("%d calls answered, %d refused", answered.Load(), refused.Load())
	}
}
