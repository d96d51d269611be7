// SPDX-License-Identifier: Apache-2.0

package server_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/server"
	"github.com/koogate/koogate/server/config"
	"github.com/koogate/koogate/store"
)

// TestRounds: what a process left behind, a reservation whose time is over and a day that was not reported, is caught up
// with by the next; and nothing of a code or client is in the log.
func TestRounds(t *testing.T) {
	past := time.Now().Add(-48 * time.Hour).UTC().Truncate(time.Microsecond)
	ctx := context.Background()
	r := start(t, func(_ *config.Config, d *server.Deps) {
		must := func(err error) {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
		}
		_, err := d.Store.PutQuota(ctx, store.Quota{Seller: "acme", PackageID: "p", InstanceID: "i", Quota: 10_000, CreatedAt: past, UpdatedAt: past})
		must(err)
		_, err = d.Store.ReserveQuota(ctx, store.Reservation{Seller: "acme", ID: "r", InstanceID: "i", Amount: 1, ExpireAt: past.Add(time.Minute)}, past)
		must(err)
		sealed, err := d.Sealer.Seal([]byte(codeKnown), "licence/code/acme/h")
		must(err)
		must(d.Store.PutLicenceCode(ctx, store.LicenceCode{Seller: "acme", Hash: "h", Code: sealed, Status: "ALIVE", CreatedAt: past, UpdatedAt: past}, time.Time{}))
		_, err = d.Store.AddLicenceUse(ctx, store.LicenceUse{Seller: "acme", Hash: "h", Day: past.Format("20060102"), Client: "c", At: past})
		must(err)
	})
	eventually(t, "freed", func() bool {
		quotas, err := r.deps.Store.Quotas(ctx, "acme", "i")
		return err == nil && len(quotas) == 1 && quotas[0].Reserved == 0
	})
	eventually(t, "reported", func() bool {
		r.market.mu.Lock()
		defer r.market.mu.Unlock()
		return r.market.used == 1
	})
	for _, path := range []string{"activate", "query", "use"} {
		for _, code := range []string{codeKnown, codeEarly, codeAway, "PL-canary-none"} {
			_, body, _ := r.http(config.ListenerAPI, "POST", "/v1/licences:"+path, acmeToken, `{"licenceCode":"`+code+`","clientId":"canary-client"}`)
			if strings.Contains(body, "canary") {
				t.Errorf("%s shows a secret: %s", path, body)
			}
		}
	}
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	if log := r.log.String(); strings.Contains(log, "canary") {
		t.Error("a secret in the log")
	}
}
