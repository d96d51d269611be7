// SPDX-License-Identifier: Apache-2.0

package veil_test

import (
	"crypto/rand"
	"regexp"
	"strings"
	"testing"

	"github.com/koogate/koogate/koogallery/recorder/veil"
)

func fresh(t *testing.T) *veil.Veil {
	t.Helper()
	v, err := veil.New(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// A stand-in looks like the value, is never the value, is the same for the same value, and another one under another key.
func TestStandIns(t *testing.T) {
	v, other := fresh(t), fresh(t)
	for _, c := range [][3]string{
		{"email", "zhang.san@corp.example", `^u[0-9a-f]{10}@example\.com$`},
		{"mobilePhone", "13800138000", `^154[0-9]{8}$`},
		{"mobile", "+86 13800138000", `^154[0-9]{8}$`},
		{"domainName", "https://corp.example/login?t=1", `^https://[0-9a-f]{12}\.example\.com/$`},
		{"license", "PL0123456789ABCDEF", `^PL[0-9A-F]{16}$`},
		{"deviceFingerprint", "02-0A-BB|99", `^[0-9]{2}-[0-9][A-F]-[A-F]{2}\|[0-9]{2}$`},
		{"userName", "Zoe_7!", `^[A-Z][a-z]{2}_[0-9]-$`},
		{"name", "张三", `^\p{Han}{2}$`},
		{"x", "1", `^[0-9]$`},
		{"x", "---", `^veiled-[0-9a-f]{24}$`},
		{"x", "", `^$`},
	} {
		got := v.Shaped(c[0], c[1])
		if !regexp.MustCompile(c[2]).MatchString(got) || got == c[1] && got != "" || got != v.Shaped(c[0], c[1]) {
			t.Errorf("%s %q became %q", c[0], c[1], got)
		}
		if len(c[1]) > 5 && got == other.Shaped(c[0], c[1]) {
			t.Errorf("%q does not depend on the key", c[1])
		}
		if o := v.Opaque(c[1]); c[1] != "" && (o == c[1] || o != v.Opaque(c[1]) || o == other.Opaque(c[1]) || len(o) != 31) {
			t.Errorf("%q became %q", c[1], o)
		}
	}
	for _, n := range []string{"0", "13800138000", "-1.50e3", "7"} {
		if got := v.Number(n); got == n || len(got) < 1 {
			t.Errorf("%s became %s", n, got)
		}
	}
}

// What nobody has heard of is veiled, names included.
func TestUnknownMembersAreVeiled(t *testing.T) {
	v := fresh(t)
	got, err := v.Asked([]byte(`{"activity":"newInstance","orderId":"CS1","passport":"canary-1","more":{"pin":4711,"flag":1},"canary 2 is a name":true,
		"userList":"[{\"userName\":\"canary-3\",\"role\":\"admin\"}]","orgInfo":"canary-4, no JSON"}`))
	if err != nil {
		t.Fatal(err)
	}
	for _, kept := range []string{`"activity":"newInstance"`, `"orderId":"CS1"`, `"flag":1`, `\"role\":\"admin\"`} {
		if !strings.Contains(string(got), kept) {
			t.Errorf("%s is missing in %s", kept, got)
		}
	}
	for _, secret := range []string{"canary", "4711"} {
		if strings.Contains(string(got), secret) {
			t.Errorf("%s is in %s", secret, got)
		}
	}
	loose, err := v.Asked([]byte(`{"orgInfo":"[{orgCode:1,name: 'canary, 1'},{ \"orgCode\":\"0002\", name:canary2, canary3:x}]"}`))
	if err != nil || strings.Contains(string(loose), "canary") || !strings.Contains(string(loose), `[{orgCode:1,name: '`) || !strings.Contains(string(loose), `{ \"orgCode\":\"0002\", name:`) {
		t.Errorf("%s, %v", loose, err)
	}
	said, err := v.Said([]byte(`{"resultCode":"000000","resultMsg":"canary","appInfo":{"password":"canary","frontEndUrl":"canary"},"license":"canary"}`),
		func(s string) string { return s })
	if err != nil || strings.Contains(string(said), "canary") || strings.Count(string(said), v.Opaque("canary")) != 4 {
		t.Errorf("%s, %v", said, err)
	}
}
