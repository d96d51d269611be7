// SPDX-License-Identifier: Apache-2.0

package vault

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// ephemeral returns a vault over a key of its own.
func ephemeral() (*Vault, error) {
	keyset, err := Generate()
	if err != nil {
		return nil, err
	}
	return Open(keyset)
}

const buyer = "demo\x00buyer\x00CS1"

func TestRoundTrip(t *testing.T) {
	v := must[*Vault](t)(ephemeral())
	for _, plain := range [][]byte{nil, {}, []byte("x"), []byte("订单"), bytes.Repeat([]byte{0xff}, 1<<20)} {
		sealed := must[[]byte](t)(v.Seal(plain, buyer))
		if len(sealed) != len(plain)+33 {
			t.Errorf("%d bytes for %d", len(sealed), len(plain))
		}
		if len(plain) > 4 && bytes.Contains(sealed, plain) {
			t.Error("the plain text shows")
		}
		if got := must[[]byte](t)(v.Open(sealed, buyer)); !bytes.Equal(got, plain) {
			t.Errorf("%d bytes came back as %d", len(plain), len(got))
		}
		if again := must[[]byte](t)(v.Seal(plain, buyer)); bytes.Equal(again, sealed) {
			t.Error("sealing twice gives the same bytes")
		}
	}
}

func TestOpensOnlyWhole(t *testing.T) {
	v := must[*Vault](t)(ephemeral())
	plain := []byte("canary-51c2")
	sealed := must[[]byte](t)(v.Seal(plain, buyer))
	refuse := func(what string, v *Vault, sealed []byte, context string) {
		t.Helper()
		got, err := v.Open(sealed, context)
		if !errors.Is(err, ErrSealed) || got != nil {
			t.Errorf("%s: %q, %v", what, got, err)
		}
		if err != nil && strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: the error shows the plain text", what)
		}
	}
	for _, context := range []string{"", "demo", buyer + " ", strings.ToUpper(buyer)} {
		refuse("context", v, sealed, context)
	}
	for i := range sealed {
		for _, bit := range []byte{1, 0x80} {
			damaged := bytes.Clone(sealed)
			damaged[i] ^= bit
			refuse(fmt.Sprint("byte ", i), v, damaged, buyer)
		}
		refuse(fmt.Sprint("first ", i), v, sealed[:i], buyer)
	}
	refuse("appended", v, append(bytes.Clone(sealed), 0), buyer)
	refuse("nothing", v, nil, buyer)
	refuse("another vault", must[*Vault](t)(ephemeral()), sealed, buyer)
}

// The drill: what was sealed under any earlier keyset opens under every later one, and never the other way round.
func TestRotation(t *testing.T) {
	keysets := [][]byte{must[[]byte](t)(Generate())}
	for range 3 {
		keysets = append(keysets, must[[]byte](t)(Rotate(keysets[len(keysets)-1])))
	}
	for i, sealer := range keysets {
		sealed := must[[]byte](t)(must[*Vault](t)(Open(sealer)).Seal([]byte("x"), buyer))
		for j, opener := range keysets {
			_, err := must[*Vault](t)(Open(opener)).Open(sealed, buyer)
			if (err == nil) != (j >= i) {
				t.Errorf("sealed after %d rotations, opened after %d: %v", i, j, err)
			}
		}
	}
}

// The same for replicas that do not all change at once.
func TestStagedRotation(t *testing.T) {
	old := must[[]byte](t)(Generate())
	staged := must[[]byte](t)(Stage(old))
	promoted := must[[]byte](t)(Promote(staged))
	open := func(keyset []byte) *Vault { return must[*Vault](t)(Open(keyset)) }
	for _, pair := range [][2][]byte{{old, staged}, {staged, promoted}} { // replicas that run side by side
		for _, from := range pair {
			sealed := must[[]byte](t)(open(from).Seal([]byte("x"), buyer))
			for _, to := range pair {
				if _, err := open(to).Open(sealed, buyer); err != nil {
					t.Error(err)
				}
			}
		}
	}
	sealed := must[[]byte](t)(open(promoted).Seal([]byte("x"), buyer))
	if _, err := open(old).Open(sealed, buyer); !errors.Is(err, ErrSealed) {
		t.Errorf("the new key is not in use: %v", err)
	}
	if again := must[[]byte](t)(Promote(promoted)); !bytes.Equal(again, promoted) {
		t.Error("promoting twice changes the keyset")
	}
}

func TestBadKeysets(t *testing.T) {
	good := string(must[[]byte](t)(Generate()))
	for _, keyset := range []string{"", "{}", "null", "[]", good[:len(good)/2], strings.Replace(good, "AesGcmKey", "HmacKey", 1), "canary-51c2"} {
		for name, f := range map[string]func([]byte) error{
			"Open":    func(k []byte) error { _, err := Open(k); return err },
			"Promote": func(k []byte) error { _, err := Promote(k); return err },
			"Rotate": func(k []byte) error {
				if len(k) == 0 {
					return ErrKeyset
				}
				_, err := Rotate(k)
				return err
			},
		} {
			err := f([]byte(keyset))
			if !errors.Is(err, ErrKeyset) && (name == "Open" || !strings.Contains(keyset, "HmacKey")) {
				t.Errorf("%s(%.20q): %v", name, keyset, err)
			}
			if err != nil && strings.Contains(err.Error(), "canary") {
				t.Errorf("%s: the error quotes the keyset", name)
			}
		}
	}
}

func TestOpenFile(t *testing.T) {
	keyset := must[[]byte](t)(Generate())
	path := filepath.Join(t.TempDir(), "keyset.json")
	for mode, ok := range map[os.FileMode]bool{0o600: true, 0o400: true, 0o640: false, 0o604: false, 0o602: false, 0o700: false, 0o666: false} {
		_ = os.Remove(path)
		if err := os.WriteFile(path, keyset, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenFile(path); (err == nil) != ok {
			t.Errorf("mode %04o: %v", mode, err)
		}
	}
	if _, err := OpenFile(filepath.Join(t.TempDir(), "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	if _, err := OpenFile(t.TempDir()); err == nil {
		t.Error("a directory was accepted")
	}
}

func TestVaultPrintsNothing(t *testing.T) {
	v := must[*Vault](t)(ephemeral())
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "vault", v, "inside", struct{ V *Vault }{v})
	text := log.String()
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%x", "%q"} {
		text += fmt.Sprintf(verb, v) + fmt.Sprintf(verb, []*Vault{v})
	}
	j := must[[]byte](t)(json.Marshal(map[string]any{"v": v}))
	text += string(j)
	for _, word := range []string{"key", "Key", "aead", "0x", "&{"} {
		if strings.Contains(text, word) {
			t.Errorf("%q shows in %s", word, text)
		}
	}
}

func FuzzOpen(f *testing.F) {
	v, err := ephemeral()
	if err != nil {
		f.Fatal(err)
	}
	sealed, err := v.Seal([]byte("x"), buyer)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(sealed, "")
	f.Add([]byte{1}, buyer)
	f.Fuzz(func(t *testing.T, data []byte, context string) {
		if bytes.Equal(data, sealed) && context == buyer {
			return
		}
		if _, err := v.Open(data, context); err == nil {
			t.Fatal("opened what was never sealed")
		}
	})
}

func BenchmarkVault(b *testing.B) {
	v := must[*Vault](b)(ephemeral())
	plain := bytes.Repeat([]byte("x"), 300)
	b.ReportAllocs()
	for b.Loop() {
		sealed, err := v.Seal(plain, buyer)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := v.Open(sealed, buyer); err != nil {
			b.Fatal(err)
		}
	}
}
