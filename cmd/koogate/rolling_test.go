// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/server/clock"
)

// TestARollingRestartLosesNoCall: two replicas behind a balancer that probes /readyz twice a second and repeats nothing. Each
// is restarted under load. A process that stops is not ready first and serves on for its delay, so no call meets a closed listener.
func TestARollingRestartLosesNoCall(t *testing.T) {
	s := newSite(t, "postgres")
	s.delay = "2s"
	s.migrate()
	procs := []*process{s.process(true), s.process(true)}
	for _, p := range procs {
		p.start()
	}
	b := newBalancer(t, procs)
	var answered, refused atomic.Int64
	var load sync.WaitGroup
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for range 16 {
		load.Go(func() {
			for ctx.Err() == nil {
				if b.call(ctx) {
					answered.Add(1)
				} else if ctx.Err() == nil {
					refused.Add(1)
				}
				_ = clock.Sleep(ctx, clock.System{}, 5*time.Millisecond)
			}
		})
	}
	time.Sleep(time.Second)
	for _, p := range procs {
		began := time.Now()
		p.stop()
		t.Logf("stopped after %s; so far %d calls answered, %d refused", time.Since(began), answered.Load(), refused.Load())
		p.start()
		time.Sleep(1200 * time.Millisecond) // two probes
	}
	cancel()
	load.Wait()
	for _, p := range procs {
		p.stop()
	}
	t.Logf("%d calls answered, %d refused", answered.Load(), refused.Load())
	if refused.Load() > 0 || answered.Load() < 500 {
		t.Errorf("%d calls answered, %d refused", answered.Load(), refused.Load())
	}
}

// balancer sends calls in turn to the backends that were ready when it last asked.
type balancer struct {
	*httptest.Server
	backends []*backend
	next     atomic.Int64
}

type backend struct {
	http.Handler
	ready atomic.Bool
}

func newBalancer(t *testing.T, procs []*process) *balancer {
	b := &balancer{}
	var stops []func() error
	for _, p := range procs {
		proxy := httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: p.facade})
		proxy.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) }
		e := &backend{Handler: proxy}
		e.ready.Store(true)
		b.backends = append(b.backends, e)
		stops = append(stops, background(func(ctx context.Context) error {
			for clock.Sleep(ctx, clock.System{}, 500*time.Millisecond) == nil {
				e.ready.Store(p.ready() == http.StatusOK)
			}
			return nil
		}))
	}
	b.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		first := int(b.next.Add(1))
		for i := range b.backends {
			e := b.backends[(first+i)%len(b.backends)]
			if e.ready.Load() {
				e.ServeHTTP(w, r) // answers 502 when the backend does not
				return
			}
		}
		http.Error(w, "nobody is ready", http.StatusServiceUnavailable)
	}))
	t.Cleanup(func() {
		b.Close()
		for _, stop := range stops {
			if err := stop(); err != nil {
				t.Error(err)
			}
		}
	})
	return b
}

// call queries an instance that does not exist and says whether Koogate answered.
func (b *balancer) call(ctx context.Context) bool {
	const body = `{"activity":"queryInstance","instanceId":"nobody"}`
	to, err := sign.SignURL(b.URL+"/produce/main", testKey, strings.ReplaceAll(uuid.NewString(), "-", ""), time.Now(), []byte(body))
	if err != nil {
		return false
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, to, strings.NewReader(body))
	if err != nil {
		return false
	}
	r.Header.Set("Content-Type", "application/json;charset=utf8")
	res, err := wire.Do(r)
	if err != nil {
		return false
	}
	_ = res.Body.Close()
	return res.StatusCode == http.StatusOK
}
