// SPDX-License-Identifier: Apache-2.0

package main

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"

	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/config"
	"github.com/koogate/koogate/server/seller"
	"github.com/koogate/koogate/store/sqlitetest"
)

// diff tells what apply will do and apply does it; export gives the rows back as a file that declares the same, and no secret but to
// files that only the owner can read.
func TestConfigApplyDiffExport(t *testing.T) {
	path, dir := evidenceFile(t)
	run := func(want int, args ...string) string {
		t.Helper()
		code, out, errs := koogate(t, args...)
		if code != want || strings.Contains(out+errs, cliKey) || strings.Contains(out+errs, "some-secret-key") {
			t.Fatalf("koogate %v: %d\n%s%s", args, code, out, errs)
		}
		return out
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	run(exitOK, "config", "apply", "--config", path)
	if out := run(exitOK, "config", "diff", "--config", path); out != "" {
		t.Errorf("there is still something to do: %s", out)
	}
	if err := os.WriteFile(path, []byte(strings.Replace(string(text), "provisioners: [", "provisioners: [{name: later, type: worker}, ", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := run(exitFailed, "config", "diff", "--config", path); out != "add provisioner later\n" {
		t.Errorf("diff: %s", out)
	}
	if out := run(exitOK, "config", "apply", "--config", path); !strings.Contains(out, "add provisioner later\napplied: 1 changes, revision ") {
		t.Errorf("apply: %s", out)
	}
	keys := filepath.Join(dir, "exported")
	out := run(exitOK, "config", "export", "--config", path, "--key-files", keys)
	files, err := os.ReadDir(keys)
	if err != nil || len(files) == 0 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, f := range files {
		if info, err := f.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v", f.Name(), info.Mode())
		}
	}
	again := filepath.Join(dir, "again.yaml")
	if err := os.WriteFile(again, []byte(out), 0o600); err != nil {
		t.Fatal(err)
	}
	was, problems := config.Load(config.Source{File: path})
	is, more := config.Load(config.Source{File: again})
	if problems = append(problems, more...); len(problems) > 0 {
		t.Fatal(problems)
	}
	if len(is.Endpoints) != len(was.Endpoints) || is.Endpoints[0].Keys[0] != was.Endpoints[0].Keys[0] || len(is.Provisioners) != len(was.Provisioners) {
		t.Errorf("%s", out)
	}
}

// The client of a seller's open APIs follows the seller: it begins and ends with it, and its credentials change with it.
func TestTheMarketplacesClientsFollow(t *testing.T) {
	var asked atomic.Int64
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.WriteHeader(http.StatusInternalServerError)
	}))
	defer api.Close()
	k := seller.NewKeeper(seller.Deps{Store: sqlitetest.Open(t), Sealer: inClear{}, Clock: clock.System{}, NewID: uuid.NewString, Log: slog.New(slog.DiscardHandler)})
	market, err := openMarketplace(k, api.Client(), clock.Witness(clock.System{}))
	if err != nil {
		t.Fatal(err)
	}
	ask := func() int64 {
		before := asked.Load()
		_, _ = market.QueryOrder(t.Context(), "acme", "CS1", "CS1-000001")
		return asked.Load() - before
	}
	if ask() != 0 {
		t.Error("a seller that does not exist asks the marketplace")
	}
	w := seller.Declared{Sellers: []seller.Seller{{Name: "acme", Marketplace: seller.Marketplace{BaseURL: api.URL, AccessKey: "AK", SecretKey: "SK-0123456789abcdef"}}}}
	if err := k.Seed(t.Context(), w); err != nil {
		t.Fatal(err)
	}
	if ask() == 0 {
		t.Error("a new seller does not ask the marketplace")
	}
	if err := k.Seed(t.Context(), seller.Declared{}); err != nil {
		t.Fatal(err)
	}
	if ask() != 0 {
		t.Error("a seller that has ended asks the marketplace")
	}
}

// inClear seals nothing.
type inClear struct{}

func (inClear) Seal(plain []byte, _ string) ([]byte, error)  { return plain, nil }
func (inClear) Open(sealed []byte, _ string) ([]byte, error) { return sealed, nil }
