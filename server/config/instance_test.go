// SPDX-License-Identifier: Apache-2.0

package config

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
)

// A keyset of another origin seals as well as any, but instance IDs cannot be derived from it.
func TestAForeignKeysetDerivesNoInstanceIDs(t *testing.T) {
	h, err := keyset.NewHandle(aead.XChaCha20Poly1305KeyTemplate())
	if err != nil {
		t.Fatal(err)
	}
	var foreign bytes.Buffer
	if err := insecurecleartextkeyset.Write(h, keyset.NewJSONWriter(&foreign)); err != nil {
		t.Fatal(err)
	}
	for rule, want := range map[string]string{
		"derived":  "endpoints[0].instance_id: cannot be derived from this keyset_file",
		"":         "endpoints[0].instance_id: cannot be derived from this keyset_file",
		"business": "",
		"first":    `endpoints[0].instance_id: "first" is unknown: use one of derived, business`,
	} {
		c, problems := Load(Source{File: write(t, goodYAML)})
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		if err := os.WriteFile(c.KeysetFile, foreign.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		c.Endpoints[0].InstanceID = rule
		var got []string
		for _, p := range c.Validate() {
			got = append(got, p.Path+": "+p.EN)
		}
		if text := strings.Join(got, "\n"); (want == "") != (text == "") || !strings.Contains(text, want) {
			t.Errorf("%q: %s, want %q", rule, text, want)
		}
	}
}
