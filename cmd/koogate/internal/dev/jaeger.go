// SPDX-License-Identifier: Apache-2.0

package dev

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/koogate/koogate/server/console"
	"github.com/koogate/koogate/server/telemetry"
)

// jaeger is the Jaeger that dev mode found; its zero value means none.
type jaeger struct {
	url   string
	pages bool // it has pages; the one that is built from the Go module serves the API alone
}

// trace returns where an order's trace is shown: by Jaeger where it has pages, else by Koogate's own page of the order, with the
// token in the address, since everybody knows that of dev mode.
func (c *Command) trace(j jaeger, r row) string {
	if j.pages {
		return j.url + "/trace/" + telemetry.TraceID(r.seller, r.order).String()
	}
	token := demoToken
	if r.seller == drillSeller {
		token = drillToken
	}
	return c.orderPage(token, r.order)
}

// orderPage is the address of an order's page.
func (c *Command) orderPage(token, order string) string {
	return (&url.URL{Scheme: "http", User: url.UserPassword("dev", token), Host: c.API, Path: "/console/orders/" + order}).String()
}

// findJaeger looks for Jaeger at its address, and for its pages.
func (c *Command) findJaeger(ctx context.Context) jaeger {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	if !answers(ctx, c.JaegerUI+"/api/services") {
		return jaeger{}
	}
	return jaeger{url: c.JaegerUI, pages: console.HasPages(ctx, http.DefaultClient, c.JaegerUI)}
}

// answers says whether an address answers with 200.
func answers(ctx context.Context, url string) bool {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		return false
	}
	return res.Body.Close() == nil && res.StatusCode == http.StatusOK
}
