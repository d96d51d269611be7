// SPDX-License-Identifier: Apache-2.0

package pagetoken_test

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/pagetoken"
	"github.com/koogate/koogate/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var cursor = store.Cursor{CreatedAt: time.Date(2026, 3, 4, 5, 6, 7, 89000, time.UTC), ID: "CS2211181819B4LVS"}

func invalid(t *testing.T, err error) {
	t.Helper()
	var e *errs.Error
	if !errors.As(err, &e) || e.Reason != errs.PageTokenInvalid || e.Kind != errs.Invalid {
		t.Fatalf("got %v, want PAGE_TOKEN_INVALID", err)
	}
}

func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := pagetoken.Bind(rapid.String().Draw(t, "list"), rapid.SliceOf(rapid.String()).Draw(t, "fields")...)
		c := store.Cursor{
			CreatedAt: time.UnixMicro(rapid.Int64Range(-1<<55, 1<<55).Draw(t, "at")).UTC(),
			ID:        rapid.StringN(0, 64, 256).Draw(t, "id"),
		}
		token := pagetoken.Encode(b, c)
		if len(token) > pagetoken.MaxLen || strings.Trim(token, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") != "" {
			t.Fatalf("token %q is not plain text of at most %d characters", token, pagetoken.MaxLen)
		}
		got, err := pagetoken.Decode(b, token)
		if err != nil || *got != c {
			t.Fatalf("got %+v, %v; want %+v", got, err, c)
		}
	})
}

func TestFirstPageHasNoToken(t *testing.T) {
	got, err := pagetoken.Decode(pagetoken.Bind("orders"), "")
	if got != nil || err != nil {
		t.Fatalf("got %v, %v", got, err)
	}
}

func TestForeignTokenIsRefused(t *testing.T) {
	token := pagetoken.Encode(pagetoken.Bind("orders", "acme", `endpoint = "a"`), cursor)
	for name, b := range map[string]pagetoken.Binding{
		"list":       pagetoken.Bind("tasks", "acme", `endpoint = "a"`),
		"seller":     pagetoken.Bind("orders", "other", `endpoint = "a"`),
		"filter":     pagetoken.Bind("orders", "acme", `endpoint = "b"`),
		"boundaries": pagetoken.Bind("orders", `acmeendpoint = "a"`),
		"less":       pagetoken.Bind("orders", "acme"),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := pagetoken.Decode(b, token)
			invalid(t, err)
		})
	}
}

func TestMalformedTokenIsRefused(t *testing.T) {
	b := pagetoken.Bind("orders")
	good := pagetoken.Encode(b, cursor)
	raw, _ := base64.RawURLEncoding.DecodeString(good)
	raw[0] = 9
	for name, token := range map[string]string{
		"not base64":    "!!!",
		"padded":        good + "=",
		"too short":     "AQ",
		"too long":      strings.Repeat("A", 1025),
		"cut":           good[:len(good)-2],
		"other version": base64.RawURLEncoding.EncodeToString(raw),
	} {
		t.Run(name, func(t *testing.T) {
			_, err := pagetoken.Decode(b, token)
			invalid(t, err)
		})
	}
}

func TestEveryFlippedBitIsNoticed(t *testing.T) {
	b := pagetoken.Bind("orders")
	raw, _ := base64.RawURLEncoding.DecodeString(pagetoken.Encode(b, cursor))
	for i := range raw {
		for bit := range 8 {
			raw[i] ^= 1 << bit
			_, err := pagetoken.Decode(b, base64.RawURLEncoding.EncodeToString(raw))
			invalid(t, err)
			raw[i] ^= 1 << bit
		}
	}
}

func FuzzDecode(f *testing.F) {
	b := pagetoken.Bind("orders", "acme")
	f.Add("")
	f.Add("AQ")
	f.Add(pagetoken.Encode(b, cursor))
	f.Add(pagetoken.Encode(b, store.Cursor{}))
	f.Add(pagetoken.Encode(pagetoken.Bind("tasks"), cursor))
	f.Fuzz(func(t *testing.T, token string) {
		c, err := pagetoken.Decode(b, token)
		switch {
		case err != nil:
			invalid(t, err)
		case token == "":
			if c != nil {
				t.Fatal("a cursor from no token")
			}
		case pagetoken.Encode(b, *c) != token:
			t.Fatalf("%q decodes to %+v, which encodes differently", token, *c)
		}
	})
}
