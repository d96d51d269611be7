// SPDX-License-Identifier: Apache-2.0

package server

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/koogate/koogate/server/evidence"
	"github.com/koogate/koogate/server/vault"
)

// checkKeyset opens the keyset as the server will.
func (c *Config) checkKeyset(f *findings) {
	if c.KeysetFile == "" {
		f.add("keyset_file", msgRequired, "`koogate keys new FILE`")
		return
	}
	v, err := vault.OpenFile(c.KeysetFile)
	if err != nil {
		f.add("keyset_file", msgKeyset, c.KeysetFile, strings.TrimPrefix(reason(err), "vault: "))
		return
	}
	if _, err := v.Digest(); err == nil {
		return
	}
	for i, e := range c.Endpoints {
		if e.InstanceID == "" || e.InstanceID == instanceDerived {
			f.add(fmt.Sprintf("endpoints[%d].instance_id", i), msgNoDigest)
		}
	}
}

// checkSigning opens the signing key as the server will.
func (c *Config) checkSigning(f *findings) {
	if c.SigningFile == "" {
		return
	}
	keys, err := evidence.OpenFile(c.SigningFile)
	switch {
	case err != nil:
		f.add("signing_key_file", msgSigning, c.SigningFile, strings.TrimPrefix(reason(err), "evidence: "))
	case !keys.Signs():
		f.add("signing_key_file", msgSigning, c.SigningFile, "it has no private key")
	}
}

// checkSQLite looks whether the database's file can be opened, or made: SQLite puts more files beside it.
func checkSQLite(f *findings, path string) {
	dir := filepath.Dir(path)
	switch info, err := os.Stat(dir); {
	case err != nil:
		f.add("database.url", msgDirectory, dir, reason(err))
		return
	case !info.IsDir():
		f.add("database.url", msgDirectory, dir, "not a directory")
		return
	}
	probe, err := os.CreateTemp(dir, ".koogate-check-*")
	if err != nil {
		f.add("database.url", msgDirectory, dir, reason(err))
		return
	}
	_ = probe.Close()
	_ = os.Remove(probe.Name())
	switch info, err := os.Stat(path); {
	case os.IsNotExist(err): // `koogate migrate` makes it
	case err != nil:
		f.add("database.url", msgFile, reason(err))
	case !info.Mode().IsRegular():
		f.add("database.url", msgFile, "not a regular file")
	default:
		file, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			f.add("database.url", msgFile, reason(err))
			return
		}
		_ = file.Close()
	}
}

// The values of sslmode, and the parameters that name files.
var (
	sslModes = []string{"disable", "allow", "prefer", "require", "verify-ca", "verify-full"}
	sslFiles = []string{"sslrootcert", "sslcert", "sslkey"}
)

// checkPostgres looks at the parts of a PostgreSQL URL, none of which it quotes: a password is among them.
func checkPostgres(f *findings, text string) {
	u, err := url.Parse(text)
	if err != nil {
		f.add("database.url", msgDSN, "it does not parse")
		return
	}
	query := u.Query()
	if u.Host == "" && query.Get("host") == "" {
		f.add("database.url", msgDSN, "host")
	}
	for _, host := range strings.Split(u.Host, ",") {
		i := strings.LastIndexByte(host, ':')
		if i < 0 || strings.HasSuffix(host, "]") {
			continue
		}
		if n, err := strconv.Atoi(host[i+1:]); err != nil || n < 1 || n > 65535 {
			f.add("database.url", msgDSN, "port")
		}
	}
	if mode := query.Get("sslmode"); query.Has("sslmode") && !slices.Contains(sslModes, mode) {
		f.add("database.url", msgDSN, "sslmode")
	}
	for _, name := range sslFiles {
		path := query.Get(name)
		if path == "" || name == "sslrootcert" && path == "system" {
			continue
		}
		file, err := os.Open(path)
		if err != nil {
			f.add("database.url", msgDSN, name+": "+reason(err))
			continue
		}
		_ = file.Close()
	}
}

// checkKeyUse holds access keys to what the marketplace allows: a key is bound to one type of interface (second-reading
// C14), so no call of the base interfaces can pass for one of the Kit.
func (c *Config) checkKeyUse(f *findings) {
	base := make(map[Secret]string)
	for i, e := range c.Endpoints {
		for k, key := range e.Keys {
			base[key] = fmt.Sprintf("endpoints[%d].keys[%d]", i, k)
		}
	}
	for i, e := range c.Endpoints {
		for k, key := range e.KitKeys {
			if other, used := base[key]; used && key != "" {
				f.add(fmt.Sprintf("endpoints[%d].kit_keys[%d]", i, k), msgKeyKind, other)
			}
		}
	}
}
