// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/koogate/koogate/server/vault"
)

// House rule 12, for the keyset: what the old key sealed still opens after a rotation in one step or in two, and between
// the steps replicas with either keyset understand each other.
func TestKeysRotate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keyset.json")
	step := func(args ...string) *vault.Vault {
		t.Helper()
		if code, _, errs := koogate(t, append(append([]string{"keys"}, args...), path)...); code != exitOK {
			t.Fatalf("keys %v: %d %s", args, code, errs)
		}
		v, err := vault.OpenFile(path) // refuses a file that others may read
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	opens := func(by, of *vault.Vault) bool {
		t.Helper()
		sealed, err := of.Seal([]byte("access"), "place")
		if err != nil {
			t.Fatal(err)
		}
		plain, err := by.Open(sealed, "place")
		return err == nil && string(plain) == "access"
	}
	first := step("new")
	staged := step("rotate", "--stage")
	sealing := step("rotate", "--seal")
	rotated := step("rotate")
	for name, ok := range map[string]bool{
		"staged opens first": opens(staged, first), "first opens staged": opens(first, staged),
		"sealing opens staged": opens(sealing, staged), "staged opens sealing": opens(staged, sealing),
		"rotated opens first": opens(rotated, first), "rotated opens sealing": opens(rotated, sealing),
		"sealing uses a new key": !opens(first, sealing), "rotated uses a newer key": !opens(sealing, rotated),
	} {
		if !ok {
			t.Errorf("not so: %s", name)
		}
	}
	if left, err := os.ReadDir(filepath.Dir(path)); err != nil || len(left) != 1 {
		t.Errorf("files left behind: %v %v", left, err)
	}
	if code, _, _ := koogate(t, "keys", "rotate", "--stage", "--seal", path); code != exitUsage {
		t.Errorf("both steps at once: %d", code)
	}
	if code, _, _ := koogate(t, "keys", "rotate", path+".missing"); code != exitFailed {
		t.Errorf("no keyset: %d", code)
	}
}
