// SPDX-License-Identifier: Apache-2.0

package simtest

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"testing"

	"github.com/koogate/koogate/koogallery/simulator"
	"github.com/koogate/koogate/koogallery/simulator/catalogue"
	"github.com/koogate/koogate/koogallery/simulator/market"
)

// Failing makes the first n calls of an activity fail in some way.
func Failing(activity string, n int, wrong func(w http.ResponseWriter)) Hook {
	return func(w http.ResponseWriter, got string, count int) bool {
		if got != activity || count > n {
			return false
		}
		wrong(w)
		return true
	}
}

// Raw answers as it is told.
func Raw(status int, contentType, body string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

// Moved answers with a redirect.
func Moved(w http.ResponseWriter) {
	w.Header().Set("Location", "/elsewhere")
	w.WriteHeader(http.StatusTemporaryRedirect)
}

// Reset accepts the call and closes the connection hard.
func Reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		panic(err)
	}
	_ = conn.(*net.TCPConn).SetLinger(0)
	_ = conn.Close()
}

// OpenOrder places an order and opens it.
func OpenOrder(t *testing.T, sim *simulator.Simulator, kind catalogue.Kind) (market.Order, error) {
	t.Helper()
	o, err := sim.Place(kind)
	if err != nil {
		t.Fatal(err)
	}
	return sim.Open(context.Background(), o.ID)
}

// Trace prints the calls of an order as one line each.
func Trace(calls []market.Call) []string {
	out := make([]string, 0, len(calls))
	for _, c := range calls {
		out = append(out, fmt.Sprintf("%s#%d +%s %d %s %s", c.Activity, c.Attempt, c.At.Sub(Start()), c.HTTPStatus, c.ResultCode, c.Outcome))
	}
	return out
}
