// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"reflect"
	"runtime"
	"slices"
	"strings"
)

// The values of secret_files.
const (
	secretsPrivate = "private"
	secretsShared  = "shared"
)

// noSecret are the keys of files that anybody may read, and of the keyset, which is held to more.
var noSecret = []string{"cert_file", "client_ca_file", "keyset_file"}

// checkOpen finds secrets that every account of the machine can read: their own files, and the configuration when they stand in
// it. A group may, as containers that do not run as root read theirs so.
func (c *Config) checkOpen(f *findings) {
	if c.SecretFiles == secretsShared || runtime.GOOS == "windows" { // which has no such permissions
		return
	}
	look := func(key, path string) {
		value := strings.TrimSuffix(key, "_file")
		if i := strings.LastIndex(key, "_files["); i >= 0 {
			value = key[:i] + "s"
		}
		if !f.sound(value) { // what is wrong with the file is told already
			return
		}
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o004 != 0 {
			f.add(key, msgOpen, octal(info.Mode()), path)
		}
	}
	eachFile(reflect.ValueOf(c).Elem(), "", look)
	if u, err := url.Parse(c.Database.URL.Reveal()); err == nil && c.Database.Postgres() {
		if path := u.Query().Get("sslkey"); path != "" {
			look("database.url", path)
		}
	}
	if c.origin != nil && c.origin.secret != "" {
		look(c.origin.secret, c.origin.at[""])
	}
}

func octal(m fs.FileMode) string { return fmt.Sprintf("%04o", m.Perm()) }

// eachFile names every file of a secret that a part of a configuration names.
func eachFile(v reflect.Value, at string, found func(key, path string)) {
	switch v.Kind() { //nolint:exhaustive // nothing else holds a name of a file
	case reflect.Struct:
		for i := range v.NumField() {
			key, field := keyOf(v.Type().Field(i)), v.Field(i)
			switch {
			case key == "" || slices.Contains(noSecret, key):
			case field.Kind() == reflect.String && strings.HasSuffix(key, "_file"):
				if field.String() != "" {
					found(join(at, key), field.String())
				}
			case field.Kind() == reflect.Slice && field.Type().Elem().Kind() == reflect.String && strings.HasSuffix(key, "_files"):
				for k := range field.Len() {
					found(fmt.Sprintf("%s[%d]", join(at, key), k), field.Index(k).String())
				}
			default:
				eachFile(field, join(at, key), found)
			}
		}
	case reflect.Slice:
		for k := range v.Len() {
			eachFile(v.Index(k), fmt.Sprintf("%s[%d]", at, k), found)
		}
	}
}

// firstSecret is the key of the first secret that stands in a part of a configuration; empty when none does.
func firstSecret(v reflect.Value, at string) string {
	switch {
	case v.Type() == reflect.TypeFor[Secret]():
		if s := v.String(); s == "" || strings.HasPrefix(s, schemeSQLite) || !hasPassword(s) {
			return ""
		}
		return at
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			if key := keyOf(v.Type().Field(i)); key != "" {
				if found := firstSecret(v.Field(i), join(at, key)); found != "" {
					return found
				}
			}
		}
	case v.Kind() == reflect.Slice:
		for k := range v.Len() {
			if found := firstSecret(v.Index(k), fmt.Sprintf("%s[%d]", at, k)); found != "" {
				return found
			}
		}
	}
	return ""
}

// hasPassword is false for the address of a database that names no password; every other text may be one.
func hasPassword(text string) bool {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return true
	}
	_, has := u.User.Password()
	return has || u.Query().Has("password")
}
