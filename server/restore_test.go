// SPDX-License-Identifier: Apache-2.0

package server_test

import (
	"cmp"
	"crypto/rand"
	"database/sql"
	"os"
	"path/filepath"
	"testing"

	"github.com/koogate/koogate/server"
	"github.com/koogate/koogate/server/config"
	"github.com/koogate/koogate/server/vault"
	"github.com/koogate/koogate/store/sqlitetest"
)

func withInstanceID(rule string) option {
	return func(cfg *config.Config, _ *server.Deps) {
		for i := range cfg.Endpoints {
			cfg.Endpoints[i].InstanceID = rule
		}
	}
}

// backUp copies a database that is in use, as docs/operations.md tells.
func backUp(t *testing.T, path, backup string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if _, err := db.ExecContext(t.Context(), "VACUUM INTO ?", backup); err != nil {
		t.Fatal(err)
	}
}

// restore puts a backup in the place of a database that nobody has open, without what belonged to the old one.
func restore(t *testing.T, backup, path string) {
	t.Helper()
	text, err := os.ReadFile(backup)
	if err != nil {
		t.Fatal(err)
	}
	for _, suffix := range []string{"-wal", "-shm"} {
		if err := os.Remove(path + suffix); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// The promise for each value of instance_id: after a restore from a backup a repeat of a call that the backup does not know
// gets the same instance with derived, and another one with business. The keyset was rotated meanwhile.
func TestAnOrderAcknowledgedAfterTheBackup(t *testing.T) {
	keyset, err := vault.Generate()
	if err != nil {
		t.Fatal(err)
	}
	rotated, err := vault.Rotate(keyset)
	if err != nil {
		t.Fatal(err)
	}
	open := func(keyset []byte) *vault.Vault {
		v, err := vault.Open(keyset)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	v1 := v1Purchase.with(params{"orderId": "CS9"})
	for rule, same := range map[string]bool{"derived": true, "": true, "business": false} {
		t.Run("instance_id "+rule, func(t *testing.T) {
			path, backup := sqlitetest.File(t), filepath.Join(t.TempDir(), "backup.db")
			run := func(keyset []byte, f func(r *rig)) {
				t.Helper()
				r := startAt(t, path, open(keyset), withEvery, withInstanceID(cmp.Or(rule, "derived")))
				f(r)
				if err := r.stop(); err != nil {
					t.Fatal(err)
				}
			}
			create := func(r *rig, order string) string {
				t.Helper()
				a := r.mustCall("linked", map[string]string{
					"activity": "newInstance", "orderId": order, "orderLineId": order + "-000001", "businessId": rand.Text(),
				})
				if a.ResultCode != "000000" || a.InstanceID == "" {
					t.Fatalf("%+v", a)
				}
				return a.InstanceID
			}
			createV1 := func(r *rig) string {
				t.Helper()
				a := r.get("every", v1.with(params{"businessId": rand.Text()}))
				if a.code != "000000" {
					t.Fatal(a.body)
				}
				return a.all["instanceId"].(string)
			}
			var before, after, classic string
			run(keyset, func(r *rig) {
				before = create(r, "CS1")
				backUp(t, path, backup)
				after, classic = create(r, "CS2"), createV1(r)
			})
			restore(t, backup, path)
			run(rotated, func(r *rig) {
				if got := create(r, "CS1"); got != before {
					t.Errorf("the order in the backup has instance %s, want %s", got, before)
				}
				if got := create(r, "CS2"); (got == after) != same {
					t.Errorf("the order after the backup had instance %s and has %s", after, got)
				}
				if got := createV1(r); (got == classic) != same {
					t.Errorf("the order of V1 after the backup had instance %s and has %s", classic, got)
				}
			})
		})
	}
}
