// SPDX-License-Identifier: Apache-2.0

package config

import (
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Database names the store.
type Database struct {
	URL     Secret `koanf:"url"` // postgres://… or sqlite:PATH
	URLFile string `koanf:"url_file"`
}

// The schemes of database.url.
const (
	schemeSQLite     = "sqlite:"
	schemePostgres   = "postgres://"
	schemePostgreSQL = "postgresql://"
)

// SQLitePath returns the file of a sqlite: URL.
func (d Database) SQLitePath() (path string, ok bool) {
	path, ok = strings.CutPrefix(d.URL.Reveal(), schemeSQLite)
	return path, ok && path != ""
}

// Postgres says whether the URL is one of PostgreSQL.
func (d Database) Postgres() bool {
	u := d.URL.Reveal()
	if !strings.HasPrefix(u, schemePostgres) && !strings.HasPrefix(u, schemePostgreSQL) {
		return false
	}
	_, err := url.Parse(u)
	return err == nil
}

// ValidateDatabase returns the faults of the database's part alone, for commands that need nothing else.
func (c *Config) ValidateDatabase() []Problem {
	f := findings{origin: c.origin}
	c.checkDatabase(&f)
	return f.list
}

func (c *Config) checkDatabase(f *findings) (postgres bool) {
	path, sqlite := c.Database.SQLitePath()
	postgres = c.Database.Postgres()
	switch {
	case c.Database.URL == "":
		f.add("database.url", msgRequired, "sqlite:PATH / postgres://…")
	case !sqlite && !postgres:
		f.add("database.url", msgDatabase)
	case sqlite:
		checkSQLite(f, path)
	default:
		checkPostgres(f, c.Database.URL.Reveal())
	}
	return postgres
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
