package server

import (
	"errors"
	"fmt"
	"io/fs"
	"reflect"
	"slices"
	"strings"

	"github.com/knadh/koanf/parsers/yaml"
	"github.com/knadh/koanf/providers/confmap"
	"github.com/knadh/koanf/providers/env/v2"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/v2"
)

// envPrefix begins every variable: database.url is KOOGATE_DATABASE_URL.
const envPrefix = "KOOGATE_"

// Source says where a configuration comes from. What comes later wins: defaults, file, environment, Set.
type Source struct {
	File    string            // YAML; empty for none
	Environ []string          // KEY=VALUE, as os.Environ returns; lists are separated by commas
	Set     map[string]string // dotted key to value, e.g. "listen.facade"
}

// LoadConfig reads a configuration and the files that its *_file keys name. Every problem is reported, not only the first;
// with problems the configuration is not to be used. Whether it makes sense is for [Config.Validate].
func LoadConfig(src Source) (Config, []Problem) {
	cfg := DefaultConfig()
	var f findings
	k := koanf.New(".")
	known := leaves(reflect.TypeFor[Config](), "")
	if src.File != "" {
		switch err := k.Load(file.Provider(src.File), yaml.Parser()); {
		case err == nil:
			unknownKeys(&f, reflect.ValueOf(k.Raw()), reflect.TypeFor[Config](), "")
		case isPathError(err):
			f.add(src.File, msgFile, reason(err))
		default:
			f.add(src.File, msgSyntax, err)
		}
	}
	if err := k.Load(environment(&f, known, src.Environ), nil); err != nil {
		f.add("environment", msgType, err)
	}
	set := make(map[string]any, len(src.Set))
	for key, value := range src.Set {
		t, ok := known[key]
		if !ok {
			f.add(key, msgUnknown, "the scalar keys of deploy/koogate.example.yaml")
			continue
		}
		set[key] = scalar(t, value)
	}
	if err := k.Load(confmap.Provider(set, "."), nil); err != nil {
		f.add("flags", msgType, err)
	}
	if err := k.Unmarshal("", &cfg); err != nil {
		for _, line := range typeErrors(err) {
			f.add("configuration", msgType, line)
		}
		return cfg, f.list
	}
	cfg.readSecrets(&f)
	return cfg, f.list
}

// environment maps KOOGATE_ variables to keys. A variable that begins like a section but names no key of it is a fault;
// others with the prefix are none of our business.
func environment(f *findings, known map[string]reflect.Type, environ []string) *env.Env {
	keys := make(map[string]string, len(known))
	var sections []string
	for key := range known {
		keys[envPrefix+strings.ToUpper(strings.ReplaceAll(key, ".", "_"))] = key
		if section, _, ok := strings.Cut(key, "."); ok {
			sections = append(sections, envPrefix+strings.ToUpper(section)+"_")
		}
	}
	return env.Provider(".", env.Opt{
		Prefix:      envPrefix,
		EnvironFunc: func() []string { return environ },
		TransformFunc: func(name, value string) (string, any) {
			key, ok := keys[name]
			if !ok {
				if slices.ContainsFunc(sections, func(s string) bool { return strings.HasPrefix(name, s) }) {
					f.add(name, msgEnv)
				}
				return "", nil
			}
			return key, scalar(known[key], value)
		},
	})
}

// scalar is a value from the environment or a flag; lists are separated by commas.
func scalar(t reflect.Type, value string) any {
	if t.Kind() != reflect.Slice {
		return value
	}
	if value == "" {
		return []string{}
	}
	list := strings.Split(value, ",")
	for i := range list {
		list[i] = strings.TrimSpace(list[i])
	}
	return list
}

// leaves lists the keys that hold a scalar or a list of scalars.
func leaves(t reflect.Type, path string) map[string]reflect.Type {
	all := make(map[string]reflect.Type)
	for i := range t.NumField() {
		field := t.Field(i)
		key := join(path, field.Tag.Get("koanf"))
		switch {
		case field.Type.Kind() == reflect.Struct:
			for k, v := range leaves(field.Type, key) {
				all[k] = v
			}
		case field.Type.Kind() != reflect.Map && (field.Type.Kind() != reflect.Slice || field.Type.Elem().Kind() != reflect.Struct):
			all[key] = field.Type
		}
	}
	return all
}

// unknownKeys reports every key of v that t does not have.
func unknownKeys(f *findings, v reflect.Value, t reflect.Type, path string) {
	for v.IsValid() && v.Kind() == reflect.Interface {
		v = v.Elem()
	}
	switch {
	case !v.IsValid():
	case t.Kind() == reflect.Struct && v.Kind() == reflect.Map:
		fields := make(map[string]reflect.Type, t.NumField())
		var names []string
		for i := range t.NumField() {
			name := t.Field(i).Tag.Get("koanf")
			fields[name] = t.Field(i).Type
			names = append(names, name)
		}
		for _, key := range sortedKeys(v) {
			at := join(path, fmt.Sprint(key.Interface()))
			if ft, ok := fields[fmt.Sprint(key.Interface())]; ok {
				unknownKeys(f, v.MapIndex(key), ft, at)
			} else {
				f.add(at, msgUnknown, strings.Join(names, ", "))
			}
		}
	case t.Kind() == reflect.Map && v.Kind() == reflect.Map:
		for _, key := range sortedKeys(v) {
			unknownKeys(f, v.MapIndex(key), t.Elem(), fmt.Sprintf("%s[%v]", path, key.Interface()))
		}
	case t.Kind() == reflect.Slice && v.Kind() == reflect.Slice:
		for i := range v.Len() {
			unknownKeys(f, v.Index(i), t.Elem(), fmt.Sprintf("%s[%d]", path, i))
		}
	}
}

func sortedKeys(v reflect.Value) []reflect.Value {
	keys := v.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int {
		return strings.Compare(fmt.Sprint(a.Interface()), fmt.Sprint(b.Interface()))
	})
	return keys
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// typeErrors splits what the decoder says of several keys, without the value that it may quote.
func typeErrors(err error) []string {
	var joined interface{ Unwrap() []error }
	if errors.As(err, &joined) {
		var lines []string
		for _, e := range joined.Unwrap() {
			lines = append(lines, typeErrors(e)...)
		}
		return lines
	}
	line, _, _ := strings.Cut(strings.Join(strings.Fields(err.Error()), " "), ", value:")
	return []string{line}
}

func isPathError(err error) bool {
	var p *fs.PathError
	return errors.As(err, &p)
}

// reason is an error without the path that the message names already.
func reason(err error) string {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err.Error()
	}
	return err.Error()
}

// readSecrets reads the files that *_file keys name.
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
			return
		}
		*value = s
	}
	many := func(values *[]Secret, paths []string, key string) {
		for i, path := range paths {
			s, err := readSecret(path)
			if err != nil {
				f.add(fmt.Sprintf("%s[%d]", key, i), msgFile, reason(err))
				continue
			}
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
