// SPDX-License-Identifier: Apache-2.0

package vault

import (
	"bytes"
	"errors"
	"testing"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"
)

// A digest is the same under every keyset that came from one by rotation, and another under any other keyset.
func TestADigestOutlivesRotation(t *testing.T) {
	first := must[[]byte](t)(Generate())
	digest := func(keyset []byte, texts ...string) []byte {
		t.Helper()
		return must[[]byte](t)(must[*Vault](t)(Open(keyset)).Digest(texts...))
	}
	want := digest(first, "seller", "CS1")
	staged := must[[]byte](t)(Stage(first))
	for name, keyset := range map[string][]byte{
		"staged": staged, "promoted": must[[]byte](t)(Promote(staged)), "rotated": must[[]byte](t)(Rotate(must[[]byte](t)(Rotate(first)))),
	} {
		if got := digest(keyset, "seller", "CS1"); !bytes.Equal(got, want) {
			t.Errorf("%s: %x, want %x", name, got, want)
		}
	}
	seen := map[string]bool{string(want): true}
	for _, texts := range [][]string{{"sellerC", "S1"}, {"seller", "CS1", ""}, {"seller"}, {}} {
		if got := string(digest(first, texts...)); seen[got] {
			t.Errorf("%q: a digest that other texts have", texts)
		} else {
			seen[got] = true
		}
	}
	if bytes.Equal(digest(must[[]byte](t)(Generate()), "seller", "CS1"), want) {
		t.Error("another keyset has the same digest")
	}
}

// The first key may retire, that is be disabled and not deleted: it opens nothing any more, and the digests stay.
func TestADigestOutlivesTheFirstKey(t *testing.T) {
	first := must[[]byte](t)(Generate())
	before := must[*Vault](t)(Open(first))
	rotated := must[[]byte](t)(Rotate(first))
	_, others, err := Keys(rotated)
	if err != nil || len(others) != 1 {
		t.Fatalf("got %v, %v", others, err)
	}
	retired := must[[]byte](t)(Retire(rotated, others[0]))
	if _, others, err := Keys(retired); err != nil || len(others) != 0 {
		t.Errorf("a retired key is listed: %v, %v", others, err)
	}
	after := must[*Vault](t)(Open(must[[]byte](t)(Rotate(retired))))
	if !bytes.Equal(must[[]byte](t)(after.Digest("CS1")), must[[]byte](t)(before.Digest("CS1"))) {
		t.Error("the digest has changed")
	}
	if _, err := after.Open(must[[]byte](t)(before.Seal([]byte("x"), buyer)), buyer); !errors.Is(err, ErrSealed) {
		t.Errorf("a retired key opens: %v", err)
	}
}

func TestAForeignKeysetHasNoDigest(t *testing.T) {
	for name, template := range map[string]func() ([]byte, error){
		"another cipher": func() ([]byte, error) {
			return written(keyset.NewHandle(aead.XChaCha20Poly1305KeyTemplate()))
		},
		"a shorter key": func() ([]byte, error) {
			return written(keyset.NewHandle(aead.AES128GCMKeyTemplate()))
		},
	} {
		v := must[*Vault](t)(Open(must[[]byte](t)(template())))
		if _, err := v.Digest("x"); !errors.Is(err, ErrDigest) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := v.Seal([]byte("x"), buyer); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func written(h *keyset.Handle, err error) ([]byte, error) {
	if err != nil {
		return nil, err
	}
	return write(keyset.NewManagerFromHandle(h))
}
