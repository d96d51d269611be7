// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/koogate/koogate/server"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/server/vault"
)

// A key retires when nothing is encrypted with it any more, and not before; what it had encrypted can still be read.
func TestAnOldKeyRetires(t *testing.T) {
	config, dir := evidenceFile(t)
	keyset := filepath.Join(dir, "keyset.json")
	step := func(want int, say string, args ...string) {
		t.Helper()
		if code, out, errs := koogate(t, args...); code != want || !strings.Contains(out+errs, say) {
			t.Fatalf("koogate %v: %d\n%s%s", args, code, out, errs)
		}
	}
	step(exitOK, "no key to retire", "keys", "retire", "--config", config)
	step(exitOK, "changed", "keys", "rotate", keyset)
	before, err := os.ReadFile(keyset)
	if err != nil {
		t.Fatal(err)
	}
	step(exitFailed, "still has values in orders.buyer (2), seller_keys.secret (2): run koogate keys reencrypt first", "keys", "retire", "--config", config)
	if after, err := os.ReadFile(keyset); err != nil || string(after) != string(before) {
		t.Fatal("a refused retirement changed the keyset")
	}
	step(exitOK, "orders.buyer                 2 values, 2 encrypted anew", "keys", "reencrypt", "--config", config)
	step(exitOK, "2 values, 0 encrypted anew", "keys", "reencrypt", "--config", config)
	step(exitOK, "retired 1 keys", "keys", "retire", "--config", config)
	text, err := os.ReadFile(keyset)
	if err != nil {
		t.Fatal(err)
	}
	if _, others, err := vault.Keys(text); err != nil || len(others) != 0 {
		t.Errorf("keys %v, %v", others, err)
	}
	step(exitOK, "no fault", "verify", "--config", config)
	onDatabase(t, config, func(d server.Deps, core *fulfil.Service) {
		a, err := core.Order(t.Context(), "acme", "CS1")
		if err != nil {
			t.Fatal(err)
		}
		if plain, err := d.Sealer.Open(a.Order.Buyer, "buyer/acme/CS1"); err != nil || !strings.Contains(string(plain), "canary") {
			t.Errorf("%q %v", plain, err)
		}
	})
}
