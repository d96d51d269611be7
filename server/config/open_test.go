// SPDX-License-Identifier: Apache-2.0

package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Secrets that every account of the machine can read are refused: in a file of their own, in the configuration itself, and
// the key of a certificate. A group may read them, and with secret_files: shared everybody.
func TestSecretsThatEverybodyCanReadAreRefused(t *testing.T) {
	dir := t.TempDir()
	cert, key := selfSigned(t)
	put := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	without := strings.NewReplacer(
		"[0123456789abcdef0123456789abcdef]", "[]", "      secret_key: canary-secret-0123456789", "      secret_key_file: "+put("sk", "canary-secret-0123456789", 0o440),
		"    keys: [canary-key-0123456789]", "    key_files: ["+put("key", "canary-key-0123456789", 0o400)+"]",
	).Replace(goodYAML)
	withTLS := func(mode os.FileMode) string {
		return without + "\nlisteners: {grpc: {tls: {cert_file: " + put("cert.pem", cert, 0o644) + ", key_file: " + put("key-"+mode.String()+".pem", key, mode) + "}}}\n"
	}
	for _, c := range []struct {
		name, text string
		mode       os.FileMode // of the configuration
		fault      string
	}{
		{"secrets in a configuration for all", goodYAML, 0o644, "sellers[0].api_tokens[0]"},
		{"secrets in a configuration for a group", goodYAML, 0o640, ""},
		{"secrets elsewhere", without, 0o644, ""},
		{"the password of a database", strings.Replace(without, "sqlite:/tmp/koogate.db", "postgres://u:canary@h/d", 1), 0o644, "database.url"},
		{"the key of a certificate", withTLS(0o604), 0o644, "listeners.grpc.tls.key_file"},
		{"the key of a certificate for a group", withTLS(0o640), 0o644, ""},
	} {
		path := write(t, strings.Replace(c.text, "addrs: []", "addrs: [a:1]", 1))
		if err := os.Chmod(path, c.mode); err != nil {
			t.Fatal(err)
		}
		for _, shared := range []bool{false, true} {
			set := map[string]string{}
			if shared {
				set["secret_files"] = secretsShared
			}
			cfg, problems := Load(Source{File: path, Set: set})
			problems = append(problems, cfg.Check()...)
			switch {
			case (c.fault == "" || shared) && len(problems) == 0:
			case len(problems) != 1 || problems[0].Path != c.fault || !strings.Contains(problems[0].EN, "chmod o-rwx") || shared:
				t.Errorf("%s, shared %t: %v, want %q", c.name, shared, problems, c.fault)
			case strings.Contains(problems[0].String(), "canary"):
				t.Errorf("%s: the secret is told: %v", c.name, problems[0])
			}
		}
	}
}
