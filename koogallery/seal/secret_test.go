// SPDX-License-Identifier: Apache-2.0

package seal_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/koogate/koogate/koogallery/seal"
)

const secret = "b3a9f8c2-客户端"

// testKeys are two keys of 3072 bits and one of 2048, made once.
var testKeys = sync.OnceValue(func() (keys [3]*rsa.PrivateKey) {
	for i, bits := range []int{3072, 3072, 2048} {
		key, err := rsa.GenerateKey(rand.Reader, bits)
		if err != nil {
			panic(err)
		}
		keys[i] = key
	}
	return keys
})

type hashes struct{ hash, mgf crypto.Hash }

func allHashes() []hashes {
	return []hashes{{crypto.SHA256, crypto.SHA256}, {crypto.SHA256, crypto.SHA1}, {crypto.SHA1, crypto.SHA1}}
}

// kit §E.3: each pair opens its own ciphertext and no other.
func TestDecryptSecret(t *testing.T) {
	t.Parallel()
	keys := testKeys()
	for _, made := range allHashes() {
		sealed, err := seal.EncryptSecret(&keys[0].PublicKey, secret, made.hash, made.mgf)
		if err != nil {
			t.Fatal(err)
		}
		ciphertext, err := base64.StdEncoding.DecodeString(sealed)
		if err != nil || len(ciphertext) != 384 {
			t.Fatalf("%d bytes of ciphertext, %v", len(ciphertext), err)
		}
		for _, tried := range allHashes() {
			_, err := keys[0].Decrypt(nil, ciphertext, &rsa.OAEPOptions{Hash: tried.hash, MGFHash: tried.mgf})
			if (err == nil) != (tried == made) {
				t.Errorf("made with %v, opened with %v: %v", made, tried, err)
			}
		}

		var lines strings.Builder
		for i, c := range sealed {
			if i > 0 && i%64 == 0 {
				lines.WriteString("\r\n")
			}
			lines.WriteRune(c)
		}
		for name, text := range map[string]string{
			"standard":    sealed,
			"URL":         base64.URLEncoding.EncodeToString(ciphertext),
			"URL, bare":   base64.RawURLEncoding.EncodeToString(ciphertext),
			"line breaks": lines.String() + "\n",
		} {
			for _, ring := range [][]*rsa.PrivateKey{{keys[0]}, {keys[1], keys[0]}} {
				if got, err := seal.DecryptSecret(ring, text); err != nil || got != secret {
					t.Errorf("%v, %s: %q, %v", made, name, got, err)
				}
			}
		}
		if got, err := seal.DecryptSecret(keys[1:2], sealed); got != "" || !errors.Is(err, seal.ErrSecret) {
			t.Errorf("other key: %q, %v", got, err)
		}
	}
}

func TestDecryptSecretRefuses(t *testing.T) {
	t.Parallel()
	keys := testKeys()
	good, err := seal.EncryptSecret(&keys[0].PublicKey, secret, crypto.SHA256, crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	binary, err := rsa.EncryptOAEP(crypto.SHA256.New(), rand.Reader, &keys[0].PublicKey, []byte("\xff"), nil)
	if err != nil {
		t.Fatal(err)
	}
	labelled, err := rsa.EncryptOAEP(crypto.SHA256.New(), rand.Reader, &keys[0].PublicKey, []byte("x"), []byte("label"))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		keys []*rsa.PrivateKey
		text string
		want error
	}{
		{"no keys", nil, good, seal.ErrKey},
		{"nil key", []*rsa.PrivateKey{nil}, good, seal.ErrPrivateKey},
		{"empty key", []*rsa.PrivateKey{{}}, good, seal.ErrPrivateKey},
		{"small key", keys[2:3], good, seal.ErrKeySize},
		{"small key besides a good one", []*rsa.PrivateKey{keys[0], keys[2]}, good, seal.ErrKeySize},
		{"empty", keys[:1], "", seal.ErrSecret},
		{"not Base64", keys[:1], "!" + good[1:], seal.ErrSecret},
		{"cut", keys[:1], good[:400], seal.ErrSecret},
		{"too long", keys[:1], good + good, seal.ErrSecret},
		{"huge", keys[:1], strings.Repeat("A", 1<<20), seal.ErrSecret},
		{"beyond the modulus", keys[:1], base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{0xFF}, 384)), seal.ErrSecret},
		{"zero", keys[:1], base64.StdEncoding.EncodeToString(make([]byte, 384)), seal.ErrSecret},
		{"with a label", keys[:1], base64.StdEncoding.EncodeToString(labelled), seal.ErrSecret},
		{"not UTF-8", keys[:1], base64.StdEncoding.EncodeToString(binary), seal.ErrText},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			if got, err := seal.DecryptSecret(tt.keys, tt.text); got != "" || !errors.Is(err, tt.want) {
				t.Errorf("DecryptSecret = %q, %v; want %v", got, err, tt.want)
			}
		})
	}
}

func TestEncryptSecretRefuses(t *testing.T) {
	t.Parallel()
	keys := testKeys()
	for _, tt := range []struct {
		name  string
		pub   *rsa.PublicKey
		plain string
		hash  crypto.Hash
		want  error
	}{
		{"nil", nil, "x", crypto.SHA256, seal.ErrKey},
		{"empty", &rsa.PublicKey{}, "x", crypto.SHA256, seal.ErrKey},
		{"small", &keys[2].PublicKey, "x", crypto.SHA256, seal.ErrKeySize},
		{"not UTF-8", &keys[0].PublicKey, "\xff", crypto.SHA256, seal.ErrText},
		{"no hash", &keys[0].PublicKey, "x", 0, seal.ErrSecret},
		{"too long", &keys[0].PublicKey, strings.Repeat("x", 384), crypto.SHA256, seal.ErrSecret},
	} {
		if got, err := seal.EncryptSecret(tt.pub, tt.plain, tt.hash, crypto.SHA256); got != "" || !errors.Is(err, tt.want) {
			t.Errorf("%s: %q, %v; want %v", tt.name, got, err, tt.want)
		}
	}
}

func TestParsePrivateKey(t *testing.T) {
	t.Parallel()
	key := testKeys()[2]
	pkcs1 := x509.MarshalPKCS1PrivateKey(key)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	other, err := x509.MarshalPKCS8PrivateKey(curve)
	if err != nil {
		t.Fatal(err)
	}
	block := func(name string, der []byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: name, Bytes: der}) }
	bare := func(der []byte) []byte { return []byte(base64.StdEncoding.EncodeToString(der)) }
	for name, text := range map[string][]byte{
		"PKCS#8":             block("PRIVATE KEY", pkcs8),
		"PKCS#1":             block("RSA PRIVATE KEY", pkcs1),
		"bare PKCS#8":        bare(pkcs8),
		"bare PKCS#1":        append(bare(pkcs1), "\r\n"...),
		"behind another":     append(block("PUBLIC KEY", public), block("PRIVATE KEY", pkcs8)...),
		"with text in front": append([]byte("Bag Attributes\n"), block("PRIVATE KEY", pkcs8)...),
	} {
		if got, err := seal.ParsePrivateKey(text); err != nil || !got.Equal(key) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, text := range map[string][]byte{
		"empty":          nil,
		"text":           []byte("secret text"),
		"public":         block("PUBLIC KEY", public),
		"bare public":    bare(public),
		"another kind":   block("PRIVATE KEY", other),
		"encrypted":      block("ENCRYPTED PRIVATE KEY", pkcs8),
		"cut":            block("PRIVATE KEY", pkcs8[:len(pkcs8)-9]),
		"huge":           bytes.Repeat([]byte("A"), 1<<20),
		"PEM header cut": []byte("-----BEGIN PRIVATE KEY-----\n"),
	} {
		got, err := seal.ParsePrivateKey(text)
		if got != nil || !errors.Is(err, seal.ErrPrivateKey) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v, %v", name, got != nil, err)
		}
	}
	if err := seal.CheckKey(key); !errors.Is(err, seal.ErrKeySize) {
		t.Errorf("2048 bits: %v", err)
	}
	if err := seal.CheckKey(testKeys()[0]); err != nil {
		t.Errorf("3072 bits: %v", err)
	}
}

func TestSecretKeysAreNotPrinted(t *testing.T) {
	t.Parallel()
	keys := seal.SecretKeys{testKeys()[0]}
	encodedKeys, err := json.Marshal(keys)
	if err != nil {
		t.Fatal(err)
	}
	var logged bytes.Buffer
	slog.New(slog.NewJSONHandler(&logged, nil)).Info("keys", "keys", keys)
	for _, text := range []string{
		fmt.Sprintf("%v %+v %#v %d", keys, keys, keys, keys), keys.String(), keys.GoString(), string(encodedKeys), logged.String(),
	} {
		if !strings.Contains(text, "[redacted]") || strings.Contains(text, testKeys()[0].D.String()[:16]) {
			t.Error("printed a key")
		}
	}
	if _, err := seal.DecryptSecret(keys, ""); !errors.Is(err, seal.ErrSecret) {
		t.Errorf("SecretKeys as keys: %v", err)
	}
}

func TestAllocationSecret(t *testing.T) { //nolint:paralleltest // measures the process
	keys := testKeys()
	for name, in := range map[string]string{
		"too long":    strings.Repeat("A", 1<<20),
		"line breaks": strings.Repeat("\n", 8192),
		"wrong size":  strings.Repeat("A", 8192),
	} {
		checkAllocation(t, name, len(in), func() { _, _ = seal.DecryptSecret(keys[:1], in) })
	}
	for name, in := range map[string]string{
		"key too long":   strings.Repeat("A", 1<<20),
		"key of zeros":   strings.Repeat("A", 64<<10),
		"open PEM block": strings.Repeat("-----BEGIN PRIVATE KEY-----\n", 2000),
	} {
		checkAllocation(t, name, len(in), func() { _, _ = seal.ParsePrivateKey([]byte(in)) })
	}
}
