// SPDX-License-Identifier: Apache-2.0

package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
)

// maxSecretFile is the longest secret read from a file, in bytes.
const maxSecretFile = 4096

// readSecrets reads the files that *_file keys name. Faults of a secret are then reported where its file is named.
func (c *Config) readSecrets(f *findings) {
	one := func(value *Secret, path, key string) {
		if path == "" {
			return
		}
		if *value != "" {
			f.add(key, msgBoth, key+"_file")
			return
		}
		s, err := readSecret(path)
		if err != nil {
			f.add(key+"_file", msgFile, reason(err))
			f.origin.broken[key] = true
			return
		}
		*value = s
		f.origin.at[key] = f.origin.of(key + "_file")
	}
	many := func(values *[]Secret, paths []string, key string) {
		list := strings.TrimSuffix(key, "_files") + "s"
		for i, path := range paths {
			at := fmt.Sprintf("%s[%d]", key, i)
			s, err := readSecret(path)
			if err != nil {
				f.add(at, msgFile, reason(err))
				f.origin.broken[list] = true
				continue
			}
			f.origin.at[fmt.Sprintf("%s[%d]", list, len(*values))] = f.origin.of(at)
			*values = append(*values, s)
		}
	}
	one(&c.Database.URL, c.Database.URLFile, "database.url")
	one(&c.Redis.Password, c.Redis.PasswordFile, "redis.password")
	one(&c.Redis.SentinelPassword, c.Redis.SentinelPasswordFile, "redis.sentinel_password")
	for i := range c.Sellers {
		s := &c.Sellers[i]
		at := fmt.Sprintf("sellers[%d]", i)
		many(&s.APITokens, s.APITokenFiles, at+".api_token_files")
		for k := range s.Tokens {
			one(&s.Tokens[k].Secret, s.Tokens[k].SecretFile, fmt.Sprintf("%s.tokens[%d].secret", at, k))
		}
		one(&s.Marketplace.SecretKey, s.Marketplace.SecretKeyFile, at+".marketplace.secret_key")
		one(&s.Marketplace.UsageKey, s.Marketplace.UsageKeyFile, at+".marketplace.usage_key")
	}
	for i := range c.Endpoints {
		e, at := &c.Endpoints[i], fmt.Sprintf("endpoints[%d]", i)
		many(&e.Keys, e.KeyFiles, at+".key_files")
		many(&e.KitKeys, e.KitKeyFiles, at+".kit_key_files")
		many(&e.KitPrivateKeys, e.KitPrivateKeyFiles, at+".kit_private_key_files")
	}
	for i := range c.Provisioners {
		h := &c.Provisioners[i].Webhook
		many(&h.Secrets, h.SecretFiles, fmt.Sprintf("provisioners[%d].webhook.secret_files", i))
	}
}

// readSecret reads a secret from a file, without the line break at its end. Errors do not quote the content.
func readSecret(path string) (Secret, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	switch {
	case err != nil:
		return "", err
	case info.IsDir():
		return "", errors.New("a directory")
	case info.Mode().IsRegular() && info.Mode().Perm()&0o002 != 0: // who may read it is for checkOpen
		return "", fmt.Errorf("mode %04o lets everybody write it", info.Mode().Perm())
	}
	raw, err := io.ReadAll(io.LimitReader(f, maxSecretFile+1))
	if err != nil {
		return "", err
	}
	text := strings.TrimRight(string(raw), "\r\n")
	switch {
	case len(raw) > maxSecretFile:
		return "", errors.New("longer than 4096 bytes")
	case text == "":
		return "", errors.New("the file is empty")
	}
	return Secret(text), nil
}

// reason is an error without the path that the message names already.
func reason(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}
