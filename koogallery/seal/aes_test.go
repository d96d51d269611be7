// SPDX-License-Identifier: Apache-2.0

package seal_test

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"github.com/koogate/koogate/koogallery/seal"
)

const (
	publishedKey = "xxxxxxx"
	uuidKey      = "00000000-1111-2222-3333-444444444444"
	v2Key        = "test-access-key-0001"
	vectorIV     = "0123456789abcdef"
)

// T3 and T5 of saas-v1 §11, and saas-v2 §6, computed in Java 17.
func TestVectors(t *testing.T) {
	t.Parallel()
	tests := []struct{ key, plain, aes128, aes256 string }{
		{uuidKey, "admin", "sKi6YZ3BYDeXwOE24MTJTQ==", "yFrx9pGQO52qPFBbQhKPVw=="},
		{uuidKey, "13800000000", "oEwLB7ZgYPjGq5lU3gk6hw==", "SkBJHEyx0zU+XkC19dbxxw=="},
		{
			uuidKey, "test@example.com",
			"KmgYrKCXCcjujcO6HmANPJ+OJXBdJS6nLtZQXIc5cVc=", "BG1wC8uIsXDrnETo2Bz+WFDyyMzZUKppohguZKUSJpc=",
		},
		{uuidKey, "管理员", "bfdSr7DMBD6uVXpy6N2PWA==", "YUiaJ90aabyKmdOGhC2wNg=="},
		{publishedKey, "15905222222", "lB5TVEtLDLDcLawQzuTsCQ==", "0uVmOC7TCXBP3g2Hy/bvpg=="},
		{
			v2Key, "admin@example.com",
			"ySOt5npWtUBZ7ZTC6nHCa1goLF1Z28eXgIYay0iASOo=", "a/lJx0ZN3PNDbI2/oxGYoImW8J7BVFwqGS0R37t49Hk=",
		},
	}
	for _, tt := range tests {
		for typ, want := range map[seal.EncryptType]string{seal.AES128: vectorIV + tt.aes128, seal.AES256: vectorIV + tt.aes256} {
			t.Run(tt.plain+" type "+string(typ), func(t *testing.T) {
				t.Parallel()
				got, err := seal.Encrypt(tt.key, typ, vectorIV, tt.plain)
				if err != nil || got != want {
					t.Fatalf("Encrypt = %s, %v; want %s", got, err, want)
				}
				for _, sealed := range []string{want, strings.TrimRight(want, "=")} {
					if plain, err := seal.Decrypt(tt.key, typ, sealed); err != nil || plain != tt.plain {
						t.Errorf("Decrypt(%s) = %q, %v; want %q", sealed, plain, err, tt.plain)
					}
				}
			})
		}
	}
}

func TestFits(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]bool{0: true, seal.MaxPlain: true, seal.MaxPlain + 1: false} {
		plain := strings.Repeat("x", n)
		sealed, err := seal.Encrypt("k", seal.AES256, vectorIV, plain)
		if err != nil {
			t.Fatal(err)
		}
		if seal.Fits(plain) != want || (len(sealed) <= 128) != want {
			t.Errorf("%d bytes: Fits %v, %d characters", n, seal.Fits(plain), len(sealed))
		}
	}
	if seal.Fits(strings.Repeat("é", 40)) {
		t.Error("Fits counts characters, not bytes")
	}
}

func TestEncryptRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, key, iv, plain string
		want                 error
	}{
		{"no key", "", vectorIV, "x", seal.ErrKey},
		{"short IV", "k", vectorIV[1:], "x", seal.ErrIV},
		{"long IV", "k", vectorIV + "0", "x", seal.ErrIV},
		{"IV with a sign", "k", "0123456789abcde+", "x", seal.ErrIV},
		{"IV of 16 bytes, not characters", "k", "0123456789abcdé", "x", seal.ErrIV},
		{"not UTF-8", "k", vectorIV, "\xff", seal.ErrText},
	} {
		if got, err := seal.Encrypt(tt.key, seal.AES256, tt.iv, tt.plain); got != "" || !errors.Is(err, tt.want) {
			t.Errorf("%s: %q, %v; want %v", tt.name, got, err, tt.want)
		}
	}
}

func TestDecryptRefuses(t *testing.T) {
	t.Parallel()
	block := func(last ...byte) string { // one block that decrypts to zeros and these bytes
		return raw(t, append(make([]byte, aes.BlockSize-len(last)), last...))
	}
	good := vectorIV + "yFrx9pGQO52qPFBbQhKPVw=="
	for _, tt := range []struct {
		name, key, sealed string
		want              error
	}{
		{"no key", "", good, seal.ErrKey},
		{"empty", uuidKey, "", seal.ErrSealed},
		{"short IV", uuidKey, vectorIV[1:], seal.ErrSealed},
		{"IV only", uuidKey, vectorIV, seal.ErrSealed},
		{"IV with a sign", uuidKey, "+" + good[1:], seal.ErrSealed},
		{"not Base64", uuidKey, vectorIV + "!Frx9pGQO52qPFBbQhKPVw==", seal.ErrSealed},
		{"URL alphabet", uuidKey, vectorIV + "-Frx9pGQO52qPFBbQhKPVw==", seal.ErrSealed},
		{"blank for plus", uuidKey, vectorIV + "SkBJHEyx0zU XkC19dbxxw==", seal.ErrSealed},
		{"line break", uuidKey, good + "\n", seal.ErrSealed},
		{"loose trailing bits", uuidKey, vectorIV + "yFrx9pGQO52qPFBbQhKPVx==", seal.ErrSealed},
		{"too much padding", uuidKey, good + "=", seal.ErrSealed},
		{"not a whole block", uuidKey, vectorIV + "yFrx9pGQO52qPFBbQhKP", seal.ErrSealed},
		{"other key", "other", good, seal.ErrSealed},
		{"padding of 0", uuidKey, block(0), seal.ErrSealed},
		{"padding of 17", uuidKey, raw(t, []byte(strings.Repeat("\x11", aes.BlockSize))), seal.ErrSealed},
		{"padding of 255", uuidKey, block(255), seal.ErrSealed},
		{"uneven padding", uuidKey, block(2, 3, 3), seal.ErrSealed},
		{"not UTF-8", uuidKey, block(0xff, 1), seal.ErrText},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got, err := seal.Decrypt(tt.key, seal.AES256, tt.sealed); got != "" || !errors.Is(err, tt.want) {
				t.Errorf("Decrypt = %q, %v; want %v", got, err, tt.want)
			}
		})
	}
	// The same construction with sound padding opens.
	if got, err := seal.Decrypt(uuidKey, seal.AES256, block('x', 2, 2)); err != nil || got != strings.Repeat("\x00", 13)+"x" {
		t.Errorf("Decrypt = %q, %v", got, err)
	}
	if got, err := seal.Decrypt(uuidKey, seal.AES256, raw(t, []byte(strings.Repeat("\x10", aes.BlockSize)))); err != nil || got != "" {
		t.Errorf("whole block of padding: %q, %v", got, err)
	}
}

// raw encrypts whole blocks without padding.
func raw(t *testing.T, text []byte) string {
	t.Helper()
	block, err := aes.NewCipher(seal.DeriveKey(uuidKey, seal.AES256))
	if err != nil {
		t.Fatal(err)
	}
	cipher.NewCBCEncrypter(block, []byte(vectorIV)).CryptBlocks(text, text)
	return vectorIV + base64.StdEncoding.EncodeToString(text)
}

func TestAllocationDecrypt(t *testing.T) { //nolint:paralleltest // measures the process
	for name, in := range map[string]string{
		"long":      vectorIV + strings.Repeat("A", 1<<20),
		"bad end":   vectorIV + strings.Repeat("A", 1<<20) + "!",
		"no IV":     strings.Repeat("=", 1<<20),
		"short":     vectorIV + "AAAA",
		"one block": vectorIV + "yFrx9pGQO52qPFBbQhKPVw==",
	} {
		checkAllocation(t, name, len(in), func() { _, _ = seal.Decrypt(uuidKey, seal.AES256, in) })
	}
}

func FuzzDecrypt(f *testing.F) {
	f.Add(uuidKey, "1", vectorIV+"yFrx9pGQO52qPFBbQhKPVw==", "admin")
	f.Add(uuidKey, "2", vectorIV+"oEwLB7ZgYPjGq5lU3gk6hw==", "管理员")
	f.Add(publishedKey, "", vectorIV+strings.Repeat("A", 64), "")
	f.Add("", "x", "", "\xff")
	f.Fuzz(func(t *testing.T, key, number, sealed, plain string) {
		typ := seal.ParseEncryptType(number)
		got, err := seal.Decrypt(key, typ, sealed)
		if err != nil && (got != "" || !errors.Is(err, seal.ErrSealed) && !errors.Is(err, seal.ErrText) && !errors.Is(err, seal.ErrKey)) {
			t.Fatalf("%q, not a sentinel: %v", got, err)
		}
		checkFuzzed(t, len(key)+len(sealed), func() { _, _ = seal.Decrypt(key, typ, sealed) })
		if err == nil { // what opens is what Encrypt makes
			again, err := seal.Encrypt(key, typ, sealed[:16], got)
			if err != nil || strings.TrimRight(again, "=") != strings.TrimRight(sealed, "=") {
				t.Fatalf("%q becomes %q, %v", sealed, again, err)
			}
		}
		made, err := seal.Encrypt(key, typ, seal.StableIV(key, plain), plain)
		if err != nil {
			return
		}
		if got, err = seal.Decrypt(key, typ, made); err != nil || got != plain {
			t.Fatalf("round trip: %q, %v; want %q", got, err, plain)
		}
	})
}
