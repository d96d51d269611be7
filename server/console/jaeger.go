// SPDX-License-Identifier: Apache-2.0

package console

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"sync"
	"time"
)

const (
	// jaegerLimit bounds how long a page waits for Jaeger, whatever it asks.
	jaegerLimit = 3 * time.Second
	// knownFor is how long it is remembered that Jaeger has pages, and unknownFor that it has none or did not say.
	knownFor, unknownFor = 10 * time.Minute, time.Minute
	// maxSearch bounds what is read of a page of Jaeger's, in bytes.
	maxSearch = 1 << 20
)

// pagesOfJaeger remembers whether Jaeger has pages to link to, so that a view asks for nothing but its trace.
type pagesOfJaeger struct {
	mu    sync.Mutex
	has   bool
	until time.Time // when it is asked anew
}

// due says whether to ask now. Views that come meanwhile take what was known before.
func (p *pagesOfJaeger) due(now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if now.Before(p.until) {
		return false
	}
	p.until = now.Add(jaegerLimit)
	return true
}

func (p *pagesOfJaeger) learn(has bool, now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.has, p.until = has, now.Add(unknownFor)
	if has {
		p.until = now.Add(knownFor)
	}
}

func (p *pagesOfJaeger) known() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.has
}

// traced asks Jaeger for a trace, and at the same time for its pages when it is not known whether there are any. linked says that there are.
func (c *Console) traced(ctx context.Context, id string) (spans []span, linked bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, jaegerLimit)
	defer cancel()
	var asking sync.WaitGroup
	if c.jaegerPages.due(c.Clock.Now()) {
		asking.Go(func() {
			has := HasPages(ctx, c.Client, c.Jaeger)
			c.jaegerPages.learn(has, c.Clock.Now())
		})
	}
	spans, err = c.spans(ctx, id)
	asking.Wait()
	return spans, c.jaegerPages.known(), err
}

// HasPages says whether the Jaeger at a base URL has pages to link to: one that is built from its Go module has none.
func HasPages(ctx context.Context, client *http.Client, jaeger string) bool {
	ctx, cancel := context.WithTimeout(ctx, jaegerLimit)
	defer cancel()
	res, err := fetch(ctx, client, jaeger+"/search")
	if err != nil {
		return false
	}
	defer res.Body.Close()
	page, err := io.ReadAll(io.LimitReader(res.Body, maxSearch))
	return err == nil && res.StatusCode == http.StatusOK && bytes.Contains(page, []byte("jaeger-ui-root"))
}

func fetch(ctx context.Context, client *http.Client, url string) (*http.Response, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	return client.Do(r)
}
