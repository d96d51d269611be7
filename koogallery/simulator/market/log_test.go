// SPDX-License-Identifier: Apache-2.0

package market_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"

	"github.com/koogate/koogate/koogallery/simulator/catalogue"
	"github.com/koogate/koogate/koogallery/simulator/market"
	"github.com/koogate/koogate/koogallery/simulator/simtest"
)

// Nothing of the buyer, the keys or the seller's texts is logged, and errors do
// not repeat the signed URL.
func TestLogsHoldNoSecrets(t *testing.T) {
	var b bytes.Buffer
	h := func(w http.ResponseWriter, activity string, n int) bool {
		if activity == "newInstance" && n == 1 {
			simtest.Reply(w, map[string]any{"resultCode": "000005", "resultMsg": "canary-message"})
			return true
		}
		if activity == "newInstance" && n == 2 {
			simtest.Reset(w)
			return true
		}
		return false
	}
	s := simtest.NewSeller(t, simtest.NewClock(), h)
	cfg := simtest.Config(s)
	cfg.Log = slog.New(slog.NewJSONHandler(&b, &slog.HandlerOptions{Level: slog.LevelDebug}))
	var told []market.Call
	cfg.OnCall = func(c market.Call) { told = append(told, c) }
	sim := simtest.NewSimulator(t, cfg)
	o, err := simtest.OpenOrder(t, sim, catalogue.OneTime)
	if err != nil || len(told) != 4 {
		t.Fatalf("Open = %v, told %d", err, len(told))
	}
	if !strings.Contains(b.String(), o.ID) {
		t.Error("the log does not name the order")
	}
	for _, secret := range []string{"canary", "signature=", "buyer0", "demo_user", "initial"} {
		if strings.Contains(b.String(), secret) || strings.Contains(fmt.Sprintf("%+v", told), "signature=") {
			t.Errorf("%q is in the log: %s", secret, b.String())
		}
	}
}
