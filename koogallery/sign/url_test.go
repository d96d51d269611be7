// SPDX-License-Identifier: Apache-2.0

package sign_test

import (
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/sign"
)

const (
	ownKey = "test-access-key-0001"

	newInstanceBody  = `{"activity":"newInstance","businessId":"87b94795-0603-4e24-8ae5-69420d60e3c8","orderId":"CS2211181819B4LVS","orderLineId":"CS2211181819B4LVS-000001","testFlag":"1"}`
	newInstanceNonce = "50D83FDECAED6CCD8EF597F2A577950527928BA287D04E6036E92B2806FD17DA"
	newInstanceTime  = "1680508066618"
	newInstanceSign  = "c506f4221ec15f98c40b8a5d5065d8b815a2c5596cf4421382088b5652565458"
)

// The vectors of saas-v2 §2.5 and T7 of saas-v1-and-license are computed with
// invented keys in Java, Python and Go; they are not captured from the service.
func TestURLSignatureVectors(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, key, nonce, timestamp, body, want string
	}{
		{"newInstance", ownKey, newInstanceNonce, newInstanceTime, newInstanceBody, newInstanceSign},
		{
			"updateInstanceStatus", ownKey,
			"9F26B85CAEB3A8439221BA293E9250BC5EA689225B523C291EA75CC76B469510", "1680509558159",
			`{"activity":"updateInstanceStatus","instanceId":"10e758d0-31ad-4c4b-8f1b-81d03469a10e","status":"FREEZE","testFlag":"1"}`,
			"7e2ac48c99fb4dd226599e02cdfb68ad99992f7b164d5c56076d90f72da480ca",
		},
		{
			"orderNotify T7", "00000000-1111-2222-3333-444444444444",
			"Of4lsV7H1qrzVDI52O5CFk2ofPcZRaA6", "1729566664115",
			`{"activity":"orderNotify","orderId":"CS2211181819B4LVS","orderLineId":"CS2211181819B4LVS-000001","testFlag":"1"}`,
			"0c9e57cebffef602d95cb608629eff81818d180023c156a8289be66e9e725636",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got := sign.URLSignature(tt.key, tt.nonce, tt.timestamp, []byte(tt.body))
			if got != tt.want {
				t.Fatalf("URLSignature = %s, want %s", got, tt.want)
			}
			for _, received := range []string{got, strings.ToUpper(got)} {
				index, form, err := sign.VerifyURL([]string{tt.key}, tt.nonce, tt.timestamp, received, []byte(tt.body))
				if index != 0 || form != sign.FormRaw || err != nil {
					t.Errorf("VerifyURL(%s) = %d, %s, %v", received, index, form, err)
				}
			}
		})
	}
}

func TestVerifyURL(t *testing.T) {
	t.Parallel()
	const unsorted = `{ "testFlag":"1", "extra":null, "orderLineId":"CS2211181819B4LVS-000001", "orderId":"CS2211181819B4LVS",
		"businessId":"87b94795-0603-4e24-8ae5-69420d60e3c8", "activity":"newInst\u0061nce"}`
	tests := []struct {
		name                        string
		keys                        []string
		nonce, timestamp, signature string
		body                        string
		index                       int
		form                        sign.Form
		err                         error
	}{
		{"first key", []string{ownKey, "other"}, newInstanceNonce, newInstanceTime, newInstanceSign, newInstanceBody, 0, sign.FormRaw, nil},
		{"second key", []string{"other", ownKey}, newInstanceNonce, newInstanceTime, newInstanceSign, newInstanceBody, 1, sign.FormRaw, nil},
		{"empty key skipped", []string{"", ownKey}, newInstanceNonce, newInstanceTime, newInstanceSign, newInstanceBody, 1, sign.FormRaw, nil},
		{"sorted form", []string{ownKey}, newInstanceNonce, newInstanceTime, newInstanceSign, unsorted, 0, sign.FormSorted, nil},
		{"sorted form, second key", []string{"other", ownKey}, newInstanceNonce, newInstanceTime, newInstanceSign, unsorted, 1, sign.FormSorted, nil},
		{"mixed case", []string{ownKey}, newInstanceNonce, newInstanceTime, "C5" + newInstanceSign[2:], newInstanceBody, 0, sign.FormRaw, nil},
		{"no timestamp", []string{ownKey}, newInstanceNonce, "", newInstanceSign, newInstanceBody, -1, sign.FormNone, sign.ErrMissingTimestamp},
		{"no nonce", []string{ownKey}, "", newInstanceTime, newInstanceSign, newInstanceBody, -1, sign.FormNone, sign.ErrMissingNonce},
		{"no signature", []string{ownKey}, newInstanceNonce, newInstanceTime, "", newInstanceBody, -1, sign.FormNone, sign.ErrMissingSignature},
		{"huge nonce", []string{ownKey}, strings.Repeat("a", sign.MaxNonce+1), newInstanceTime, newInstanceSign, newInstanceBody, -1, sign.FormNone, sign.ErrNonce},
		{"no keys", nil, newInstanceNonce, newInstanceTime, newInstanceSign, newInstanceBody, -1, sign.FormNone, sign.ErrNoKey},
		{"wrong key", []string{"other"}, newInstanceNonce, newInstanceTime, newInstanceSign, newInstanceBody, -1, sign.FormNone, sign.ErrSignature},
		{"wrong nonce", []string{ownKey}, "N", newInstanceTime, newInstanceSign, newInstanceBody, -1, sign.FormNone, sign.ErrSignature},
		{"wrong timestamp", []string{ownKey}, newInstanceNonce, "1680508066619", newInstanceSign, newInstanceBody, -1, sign.FormNone, sign.ErrSignature},
		{"wrong body", []string{ownKey}, newInstanceNonce, newInstanceTime, newInstanceSign, newInstanceBody[:len(newInstanceBody)-2] + ` "}`, -1, sign.FormNone, sign.ErrSignature},
		{"body not JSON", []string{ownKey}, newInstanceNonce, newInstanceTime, newInstanceSign, "\x00", -1, sign.FormNone, sign.ErrSignature},
		{"short signature", []string{ownKey}, newInstanceNonce, newInstanceTime, newInstanceSign[1:], newInstanceBody, -1, sign.FormNone, sign.ErrSignature},
		{"not hex", []string{ownKey}, newInstanceNonce, newInstanceTime, "g" + newInstanceSign[1:], newInstanceBody, -1, sign.FormNone, sign.ErrSignature},
		{"unicode fold is not ASCII fold", []string{ownKey}, newInstanceNonce, newInstanceTime, "\u212a" + newInstanceSign[3:], newInstanceBody, -1, sign.FormNone, sign.ErrSignature},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			index, form, err := sign.VerifyURL(tt.keys, tt.nonce, tt.timestamp, tt.signature, []byte(tt.body))
			if index != tt.index || form != tt.form || !errors.Is(err, tt.err) {
				t.Errorf("VerifyURL = %d, %s, %v; want %d, %s, %v", index, form, err, tt.index, tt.form, tt.err)
			}
		})
	}
}

func TestEmptyKeyNeverVerifies(t *testing.T) {
	t.Parallel()
	signature := sign.URLSignature("", newInstanceNonce, newInstanceTime, []byte(newInstanceBody))
	_, _, err := sign.VerifyURL([]string{""}, newInstanceNonce, newInstanceTime, signature, []byte(newInstanceBody))
	if !errors.Is(err, sign.ErrNoKey) || !errors.Is(err, sign.ErrSignature) {
		t.Fatalf("err = %v, want ErrNoKey that is also ErrSignature", err)
	}
}

func TestMissingSentinelsShareAParent(t *testing.T) {
	t.Parallel()
	for _, err := range []error{sign.ErrMissingSignature, sign.ErrMissingTimestamp, sign.ErrMissingNonce, sign.ErrMissingAuthorization} {
		if !errors.Is(err, sign.ErrMissing) {
			t.Errorf("%v does not match ErrMissing", err)
		}
	}
}

// One signature fits two splits of nonce and timestamp; only the replay key
// tells that they are the same call.
func TestReplayKeySeesThroughVariants(t *testing.T) {
	t.Parallel()
	keys := []string{ownKey}
	shifted := []string{newInstanceNonce + newInstanceTime[:3], newInstanceTime[3:], strings.ToUpper(newInstanceSign)}
	if _, _, err := sign.VerifyURL(keys, shifted[0], shifted[1], shifted[2], []byte(newInstanceBody)); err != nil {
		t.Fatalf("the shifted call should verify (that is the point): %v", err)
	}
	if sign.ReplayKey(shifted[2]) != sign.ReplayKey(newInstanceSign) {
		t.Error("replay keys differ")
	}
}

func TestSignURL(t *testing.T) {
	t.Parallel()
	now := time.UnixMilli(1680508066618)
	tests := []struct {
		name, base, want string
	}{
		{
			"plain", "https://www.isvwebsite.com/saasproduce",
			"https://www.isvwebsite.com/saasproduce?signature=" + strings.ToUpper(newInstanceSign) + "&timestamp=" + newInstanceTime + "&nonce=" + newInstanceNonce,
		},
		{
			"other parameters stay, an old signature and a fragment go", "http://127.0.0.1:8080/p?a=b%20c&signature=x&nonce=y#frag",
			"http://127.0.0.1:8080/p?a=b+c&signature=" + strings.ToUpper(newInstanceSign) + "&timestamp=" + newInstanceTime + "&nonce=" + newInstanceNonce,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := sign.SignURL(tt.base, ownKey, newInstanceNonce, now, []byte(newInstanceBody))
			if err != nil || got != tt.want {
				t.Fatalf("SignURL = %s, %v; want %s", got, err, tt.want)
			}
			u, err := url.Parse(got)
			if err != nil {
				t.Fatal(err)
			}
			q := u.Query()
			if _, _, err := sign.VerifyURL([]string{ownKey}, q.Get(sign.ParamNonce), q.Get(sign.ParamTimestamp), q.Get(sign.ParamSignature), []byte(newInstanceBody)); err != nil {
				t.Errorf("VerifyURL: %v", err)
			}
			if _, err := sign.Freshness(now.Add(time.Second), q.Get(sign.ParamTimestamp), 0); err != nil {
				t.Errorf("Freshness: %v", err)
			}
		})
	}
}

func TestSignURLRefuses(t *testing.T) {
	t.Parallel()
	now := time.UnixMilli(1680508066618)
	const base = "https://example.com/p"
	tests := []struct {
		name, base, key, nonce string
		now                    time.Time
		want                   error
	}{
		{"no key", base, "", "n", now, sign.ErrMissing},
		{"no nonce", base, "k", "", now, sign.ErrMissingNonce},
		{"long nonce", base, "k", strings.Repeat("n", sign.MaxNonce+1), now, sign.ErrNonce},
		{"before 2001", base, "k", "n", time.UnixMilli(999_999_999_999), sign.ErrTimestampMalformed},
		{"after 2286", base, "k", "n", time.UnixMilli(10_000_000_000_000), sign.ErrTimestampMalformed},
		{"before 1970", base, "k", "n", time.UnixMilli(-100_000_000_000), sign.ErrTimestampMalformed},
		{"relative", "/p", "k", "n", now, sign.ErrURL},
		{"scheme", "ftp://example.com/p", "k", "n", now, sign.ErrURL},
		{"unparsable", "https://%zz", "k", "n", now, sign.ErrURL},
		{"bad query", base + "?a;b", "k", "n", now, sign.ErrURL},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := sign.SignURL(tt.base, tt.key, tt.nonce, tt.now, nil)
			if got != "" || !errors.Is(err, tt.want) {
				t.Errorf("SignURL = %q, %v; want %v", got, err, tt.want)
			}
		})
	}
}

func TestFormString(t *testing.T) {
	t.Parallel()
	for form, want := range map[sign.Form]string{sign.FormNone: "none", sign.FormRaw: "raw", sign.FormSorted: "sorted", sign.Form(9): "none"} {
		if got := form.String(); got != want {
			t.Errorf("Form(%d) = %q, want %q", form, got, want)
		}
	}
}
