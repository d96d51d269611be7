// SPDX-License-Identifier: Apache-2.0

package dev

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/koogate/koogate/server/telemetry"
)

// The table links to Jaeger's pages where there are some, and to Koogate's own page of the order where there are none.
func TestDevFindsJaeger(t *testing.T) {
	const own = "http://dev:" + demoToken + "@127.0.0.1:8081/console/orders/CS1"
	demo, drill := row{order: "CS1", seller: demoSeller}, row{order: "CS1", seller: drillSeller}
	for pages, want := range map[string]string{
		`<!DOCTYPE html><div id="jaeger-ui-root"></div>`:                         "/trace/" + telemetry.TraceID(demoSeller, "CS1").String(),
		`<!DOCTYPE html><h1>This is not the Jaeger UI you are looking for!</h1>`: own,
	} {
		mux := http.NewServeMux()
		mux.HandleFunc("/api/services", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"data":[]}`) })
		mux.HandleFunc("/search", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, pages) })
		srv := httptest.NewServer(mux)
		c := &Command{JaegerUI: srv.URL, API: "127.0.0.1:8081"}
		found := c.findJaeger(t.Context())
		if strings.HasPrefix(want, "/") {
			want = srv.URL + want
		}
		if got := c.trace(found, demo); found.url != srv.URL || got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		srv.Close()
	}
	c := &Command{JaegerUI: "http://127.0.0.1:1", API: "127.0.0.1:8081"}
	if found := c.findJaeger(t.Context()); found.url != "" || c.trace(found, demo) != own || c.trace(found, drill) != strings.Replace(own, demoToken, drillToken, 1) {
		t.Errorf("got %+v without a Jaeger, %s", found, c.trace(found, drill))
	}
	http.DefaultClient.CloseIdleConnections()
}
