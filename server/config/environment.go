// SPDX-License-Identifier: Apache-2.0

package config

import (
	"maps"
	"reflect"
	"slices"
	"strings"
)

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

// near returns the candidate that a mistyped name was probably meant to be, or "".
func near(name string, candidates []string) string {
	fold := func(s string) string { return strings.ReplaceAll(strings.ToLower(s), "-", "_") }
	given := fold(name)
	best, least := "", min(max(1, len(given)/3), 3)+1
	for _, c := range candidates {
		d := distance(given, fold(c))
		if len(given) >= 3 && strings.HasPrefix(fold(c), given) {
			d = min(d, 1) // the beginning of a name
		}
		if d < least {
			best, least = c, d
		}
	}
	return best
}

// distance counts the letters to insert, delete, replace or swap with their neighbour to make b of a.
func distance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			rows[i][j] = min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}
