// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const tapeBegins = `{"begin":{"version":1,"at":"2026-01-30T12:00:00Z"}}` + "\n"

// oneCall is a recording of a call with a body.
func oneCall(path, family, activity, body string) string {
	return tapeBegins + `{"call":{"n":1,"at":"2026-01-30T12:00:00Z","took":1,"method":"POST","path":"` + path + `","body":"` + strings.ReplaceAll(body, `"`, `\"`) +
		`","family":"` + family + `","activity":"` + activity + `","act":"` + activity + `","signed":{"state":"none"},` +
		`"answer":{"status":200,"bodySign":"none"},"verdict":{"Outcome":"failed","ResultCode":"000001"}}}` + "\n"
}

// What cannot be replayed says what to do; the exit codes are those of the help.
func TestSimReplay(t *testing.T) {
	refuses := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"resultCode":"000001","resultMsg":"\u001b[31mno"}`))
	}))
	defer refuses.Close()
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	key, err := rsa.GenerateKey(rand.Reader, 3072)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	public := file("public.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})))
	debug := file("debug.jsonl", oneCall("", "saas_v2", "queryInstance", `{"activity":"queryInstance","instanceId":"i","testFlag":"1"}`))
	torn := file("torn.jsonl", oneCall("", "saas_v2", "queryInstance", `{"activity":"queryInstance","instanceId":"i","testFlag":"1"}`)+`{"call":{"n":2`)
	production := file("production.jsonl", oneCall("", "saas_v2", "queryInstance", `{"activity":"queryInstance","instanceId":"i"}`))
	kit := file("kit.jsonl", oneCall("produceAPI/v2/applicationSync", "kit_v2", "applicationSync", `{"instanceId":"","clientSecret":"veiled","testFlag":1}`))
	other := file("other.jsonl", strings.Replace(oneCall("", "saas_v2", "queryInstance", `{"activity":"queryInstance","instanceId":"i","testFlag":"1"}`), `"000001"`, `"000003"`, 1))
	keyFile := file("key.txt", "a-key-of-the-target\n")
	for name, c := range map[string]struct {
		args      []string
		code      int
		out, errs string
	}{
		"same":                {[]string{debug, refuses.URL}, exitOK, "1 calls", ""},
		"torn":                {[]string{torn, refuses.URL}, exitOK, "line 3 of the recording is torn", ""},
		"recorded rate":       {[]string{debug, refuses.URL, "--rate", "1x", "--dates", "keep"}, exitOK, "1 answered the same", ""},
		"other":               {[]string{other, refuses.URL}, exitFailed, "result-code", ""},
		"other, allowed":      {[]string{other, refuses.URL, "--allow", "result-code@queryInstance"}, exitOK, "1 of them allowed", ""},
		"allowed elsewhere":   {[]string{other, refuses.URL, "--allow", "result-code@releaseInstance"}, exitFailed, "000003", ""},
		"as JSON":             {[]string{other, refuses.URL, "--json"}, exitFailed, `"rule": "result-code"`, ""},
		"production":          {[]string{production, refuses.URL}, exitUsage, "", "give --staging"},
		"production, staging": {[]string{production, refuses.URL, "--staging"}, exitOK, "1 calls", ""},
		"no public key":       {[]string{kit, refuses.URL}, exitUsage, "", "give --public-key FILE"},
		"public key":          {[]string{kit, refuses.URL, "--public-key", public}, exitOK, "1 calls", ""},
		"no key in it":        {[]string{kit, refuses.URL, "--public-key", keyFile}, exitUsage, "", "no RSA key"},
		"no file":             {[]string{filepath.Join(dir, "x"), refuses.URL}, exitUsage, "", "no such file"},
		"no recording":        {[]string{keyFile, refuses.URL}, exitUsage, "", "holds no call"},
		"no address":          {[]string{debug, "shop"}, exitUsage, "", "absolute http or https URL"},
		"no rule":             {[]string{debug, refuses.URL, "--allow", "taste"}, exitUsage, "", "result-code"},
		"no rate":             {[]string{debug, refuses.URL, "--rate", "fast"}, exitUsage, "", "10x"},
	} {
		t.Run(name, func(t *testing.T) {
			code, out, errs := koogate(t, append([]string{"sim", "replay", "--key-file", keyFile}, c.args...)...)
			if code != c.code || !strings.Contains(out, c.out) || !strings.Contains(errs, c.errs) || strings.Contains(out+errs, "\x1b") {
				t.Errorf("%d\n%s\n%s", code, out, errs)
			}
		})
	}
	t.Run("no key", func(t *testing.T) {
		for _, args := range [][]string{{"replay", debug, refuses.URL}, {"record", filepath.Join(dir, "new.jsonl"), "--to", refuses.URL}} {
			code, _, errs := koogate(t, append([]string{"sim"}, args...)...)
			if code == exitOK || !strings.Contains(errs, "KOOGATE_SIM_KEY") {
				t.Errorf("%v: %d %s", args, code, errs)
			}
		}
	})
}
