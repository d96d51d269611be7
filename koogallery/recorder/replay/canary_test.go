// SPDX-License-Identifier: Apache-2.0

package replay_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// noSecrets looks for secrets in every spelling that something on the way might use.
func noSecrets(t *testing.T, file []byte, secrets []string) {
	t.Helper()
	text := string(file)
	lower := strings.ToLower(text)
	seen := map[string]bool{}
	for _, s := range secrets {
		if utf8.RuneCountInString(s) < 2 || len(s) < 6 || seen[s] {
			continue
		}
		seen[s] = true
		quoted, _ := json.Marshal(s)
		ascii := strconv.QuoteToASCII(s)
		for how, spelling := range map[string]string{
			"as it is": s, "in JSON": string(quoted[1 : len(quoted)-1]), "escaped": ascii[1 : len(ascii)-1], "in a URL": url.QueryEscape(s),
			"in a path": url.PathEscape(s),
		} {
			if strings.Contains(text, spelling) {
				t.Errorf("the file holds %q %s", s, how)
			}
		}
		if strings.Contains(lower, hex.EncodeToString([]byte(s))) {
			t.Errorf("the file holds %q in hex", s)
		}
		for shift := range 3 {
			raw := base64.RawStdEncoding.EncodeToString(append(make([]byte, shift), s...))
			raw = raw[4*min(shift, 1) : len(raw)-2]
			if len(raw) > 5 && (strings.Contains(text, raw) || strings.Contains(text, strings.NewReplacer("+", "-", "/", "_").Replace(raw))) {
				t.Errorf("the file holds %q in Base64", s)
			}
		}
	}
	if len(seen) < 10 {
		t.Errorf("only %d secrets were looked for", len(seen))
	}
}
