// SPDX-License-Identifier: Apache-2.0

package server

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"
)

// envPrefix begins every variable: database.url is KOOGATE_DATABASE_URL.
const envPrefix = "KOOGATE_"

// Source says where a configuration comes from. What comes later wins: defaults, file, environment, Set.
type Source struct {
	File    string            // YAML; empty for none
	Environ []string          // KEY=VALUE, as os.Environ returns; lists are separated by commas
	Set     map[string]string // dotted key to value, e.g. "listen.facade"
}

// LoadConfig reads a configuration and the files that its *_file keys name. Every problem is reported, not only the first,
// each with its place; with problems the configuration is not to be used. Whether it makes sense is for [Config.Check],
// which can be asked all the same: it leaves out what only follows from the problems here.
func LoadConfig(src Source) (Config, []Problem) {
	cfg := DefaultConfig()
	cfg.origin = newOrigin()
	f := findings{origin: cfg.origin}
	if src.File != "" {
		decodeFile(&f, src.File, &cfg)
		f.origin.secret = firstSecret(reflect.ValueOf(&cfg).Elem(), "")
	}
	known := leaves(reflect.ValueOf(&cfg).Elem(), "")
	readEnvironment(&f, known, src.Environ)
	readFlags(&f, known, src.Set)
	if !f.origin.unread {
		cfg.readSecrets(&f)
	}
	cfg.delayStop()
	return cfg, f.list
}

// replicaDelay is how long a stop serves on where there is a balancer: several times what lies between two of its probes.
const replicaDelay = 5 * time.Second

// delayStop gives shutdown_delay its default. With PostgreSQL there are replicas behind a balancer, which has to find out; with
// SQLite there is one process, and nowhere else to send calls to.
func (c *Config) delayStop() {
	if _, given := c.origin.at["shutdown_delay"]; given || c.Database.URL == "" {
		return
	}
	if _, ok := c.Database.SQLitePath(); !ok {
		c.ShutdownDelay = replicaDelay
	}
}

// readEnvironment sets the keys that variables name. A variable that begins like a section but names no key of it, or looks
// like a mistyped one, is a fault; other variables with the prefix are ignored.
func readEnvironment(f *findings, known map[string]reflect.Value, environ []string) {
	keys := make(map[string]string, len(known))
	var sections []string
	for key := range known {
		keys[variable(key)] = key
		if section, _, ok := strings.Cut(key, "."); ok {
			sections = append(sections, variable(section)+"_")
		}
	}
	names := slices.Sorted(maps.Keys(keys))
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, envPrefix) {
			continue
		}
		key, ok := keys[name]
		if ok {
			setKey(f, known[key], name, key, value)
			continue
		}
		meant := near(strings.TrimPrefix(name, envPrefix), bare(names))
		switch {
		case meant != "" && distance(name, envPrefix+meant) <= 2:
			f.addAt("", name, msgEnvNear, envPrefix+meant)
		case slices.ContainsFunc(sections, func(s string) bool { return strings.HasPrefix(name, s) }):
			f.addAt("", name, msgEnv)
		}
	}
}

// variable is the name of a key's variable.
func variable(key string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
}

func bare(names []string) []string {
	list := make([]string, len(names))
	for i, name := range names {
		list[i] = strings.TrimPrefix(name, envPrefix)
	}
	return list
}

// flagOrigin is where a key of the command line stands.
const flagOrigin = "--set"

func readFlags(f *findings, known map[string]reflect.Value, set map[string]string) {
	names := slices.Sorted(maps.Keys(known))
	for _, key := range slices.Sorted(maps.Keys(set)) {
		v, ok := known[key]
		switch meant := near(key, names); {
		case ok:
			setKey(f, v, flagOrigin, key, set[key])
		case meant != "":
			f.addAt(flagOrigin, key, msgNear, meant, msgScalarKeys)
		default:
			f.addAt(flagOrigin, key, msgUnknown, msgScalarKeys)
		}
	}
}

// setKey sets a key from a variable or a flag.
func setKey(f *findings, v reflect.Value, origin, key, value string) {
	f.origin.at[key] = origin
	for element := range f.origin.at { // those of the file's list, which is replaced
		if strings.HasPrefix(element, key+"[") {
			delete(f.origin.at, element)
		}
	}
	if why, ok := setText(v, value); !ok {
		f.breaks(origin, key, why)
	}
}

// keyOf returns the name of a field in the configuration; empty for a field that is not part of it.
func keyOf(field reflect.StructField) string { return field.Tag.Get("koanf") }

// leaves lists the keys that hold a scalar or a list of scalars, with their places in v.
func leaves(v reflect.Value, path string) map[string]reflect.Value {
	all := make(map[string]reflect.Value)
	for i := range v.NumField() {
		name, field := keyOf(v.Type().Field(i)), v.Field(i)
		if name == "" {
			continue
		}
		key := join(path, name)
		switch {
		case field.Kind() == reflect.Struct:
			maps.Copy(all, leaves(field, key))
		case field.Kind() != reflect.Map && (field.Kind() != reflect.Slice || field.Type().Elem().Kind() != reflect.Struct):
			all[key] = field
		}
	}
	return all
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// reason is an error without the path that the message names already.
func reason(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}

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
}
