// SPDX-License-Identifier: Apache-2.0

package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

const (
	maxConfigFile = 1 << 20 // bytes
	maxMerges     = 8       // << inside <<, which could otherwise go in circles
)

// decoder reads a YAML file into a configuration by the types of its keys. YAML has opinions on what plain text means
// (0123 is 83, 1e3 is a number, yes is true to some readers); here the key decides, and what YAML takes for something
// else is refused with its place instead of being turned into it.
type decoder struct {
	f    *findings
	file string
}

// decodeFile reads the whole file. It reads every key that can be read, whatever is wrong with the others.
func decodeFile(f *findings, file string, cfg *Config) {
	f.origin.at[""] = file
	raw, err := os.ReadFile(file)
	switch {
	case err != nil:
		f.addAt("", file, msgFile, reason(err))
		f.origin.unread = true
		return
	case len(raw) > maxConfigFile:
		f.addAt("", file, msgFile, "longer than 1 MiB")
		f.origin.unread = true
		return
	}
	var doc, more yaml.Node
	stream := yaml.NewDecoder(bytes.NewReader(raw))
	switch err := stream.Decode(&doc); {
	case errors.Is(err, io.EOF): // nothing in it
		return
	case err != nil:
		line, why := syntax(err)
		if m := syntaxAnchor.FindStringSubmatch(err.Error()); m != nil { // which the parser reports without its line
			before, _, _ := strings.Cut(string(raw), "*"+m[1])
			line = fmt.Sprintf(":%d", 1+strings.Count(before, "\n"))
		}
		f.addAt("", file+line, msgSyntax, why)
		f.origin.unread = true
		return
	}
	if err := stream.Decode(&more); !errors.Is(err, io.EOF) {
		if line, why := syntax(err); err != nil {
			f.addAt("", file+line, msgSyntax, why)
		} else {
			f.addAt("", fmt.Sprintf("%s:%d", file, more.Line), msgDocuments)
		}
	}
	d := decoder{f: f, file: file}
	d.value(doc.Content[0], reflect.ValueOf(cfg).Elem(), "")
	if f.origin.broken[""] {
		f.origin.unread = true
	}
}

var (
	syntaxLine   = regexp.MustCompile(`^yaml: line (\d+): `)
	syntaxAnchor = regexp.MustCompile(`unknown anchor '([^']+)'`)
	syntaxQuote  = regexp.MustCompile(`'[^']*'`) // may be a secret that was not put in quotes
)

// syntax splits what the parser says into the line and the reason, without the text that it may quote.
func syntax(err error) (line, why string) {
	if err == nil {
		return "", ""
	}
	text := err.Error()
	if m := syntaxLine.FindStringSubmatch(text); m != nil {
		line = ":" + m[1]
	}
	text = strings.TrimPrefix(syntaxLine.ReplaceAllString(text, ""), "yaml: ")
	return line, syntaxQuote.ReplaceAllStringFunc(text, func(quoted string) string {
		if len(quoted) <= len("','") {
			return quoted // punctuation
		}
		return "…"
	})
}

func (d *decoder) place(n *yaml.Node) string {
	return fmt.Sprintf("%s:%d:%d", d.file, n.Line, n.Column)
}

// value reads a node into v, which keeps what it has when the node is at fault.
func (d *decoder) value(n *yaml.Node, v reflect.Value, path string) {
	at := d.place(n)
	if _, known := d.f.origin.at[path]; !known {
		d.f.origin.at[path] = at
	}
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	kind := v.Kind()
	if kind == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		d.value(n, v.Elem(), path)
		return
	}
	empty := n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null"
	switch {
	case kind == reflect.Struct || kind == reflect.Map:
		switch {
		case empty:
		case n.Kind != yaml.MappingNode:
			d.f.breaks(at, path, msgNotSection)
		case kind == reflect.Struct:
			d.section(n, v, path)
		default:
			d.table(n, v, path)
		}
	case kind == reflect.Slice:
		switch {
		case empty:
		case n.Kind != yaml.SequenceNode:
			d.f.breaks(at, path, msgNotList)
		default:
			list := reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content))
			for i, element := range n.Content {
				d.value(element, list.Index(i), fmt.Sprintf("%s[%d]", path, i))
			}
			v.Set(list)
		}
	case n.Kind != yaml.ScalarNode:
		d.f.breaks(at, path, msgNotScalar)
	case empty:
		d.f.breaks(at, path, msgNull)
	default:
		d.scalar(n, v, at, path)
	}
}

// section reads the keys of a struct.
func (d *decoder) section(n *yaml.Node, v reflect.Value, path string) {
	fields, names := make(map[string]int), []string(nil)
	for i := range v.NumField() {
		if key := keyOf(v.Type().Field(i)); key != "" {
			fields[key] = i
			names = append(names, key)
		}
	}
	pairs := d.pairs(n, path, 0)
	for _, p := range pairs {
		at := join(path, p.key.Value)
		i, ok := fields[p.key.Value]
		if !ok {
			d.unknown(p.key, at, path, names, pairs)
			continue
		}
		d.mark(p, at)
		d.value(p.value, v.Field(i), at)
	}
}

// unknown reports a key that does not exist. The key that was probably meant counts as given, so that it is not reported as
// missing, too.
func (d *decoder) unknown(key *yaml.Node, at, path string, names []string, pairs []pair) {
	meant := near(key.Value, names)
	if meant == "" {
		d.f.addAt(d.place(key), at, msgUnknown, strings.Join(names, ", "))
		return
	}
	d.f.addAt(d.place(key), at, msgNear, meant, strings.Join(names, ", "))
	if !slices.ContainsFunc(pairs, func(p pair) bool { return p.key.Value == meant }) {
		d.f.origin.broken[join(path, meant)] = true
	}
}

// table reads a map, whose keys are texts of the operator's own.
func (d *decoder) table(n *yaml.Node, v reflect.Value, path string) {
	all := reflect.MakeMap(v.Type())
	for _, p := range d.pairs(n, path, 0) {
		at := fmt.Sprintf("%s[%s]", path, p.key.Value)
		if t, bad := notText(p.key); bad {
			d.f.breaks(d.place(p.key), at, t)
			continue
		}
		element := reflect.New(v.Type().Elem()).Elem()
		d.mark(p, at)
		d.value(p.value, element, at)
		all.SetMapIndex(reflect.ValueOf(p.key.Value), element)
	}
	v.Set(all)
}

// mark says where a key stands: a section at its name, a value at itself.
func (d *decoder) mark(p pair, path string) {
	place := p.key
	if p.value.Kind == yaml.ScalarNode {
		place = p.value
	}
	d.f.origin.at[path] = d.place(place)
}

// pair is an entry of a mapping.
type pair struct{ key, value *yaml.Node }

// pairs lists the entries of a mapping; entries that << merges come last, and only for names that the mapping does not have
// itself.
func (d *decoder) pairs(n *yaml.Node, path string, depth int) []pair {
	var own, merged []pair
	has := func(list []pair, name string) int {
		return slices.IndexFunc(list, func(p pair) bool { return p.key.Value == name })
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		for key.Kind == yaml.AliasNode {
			key = key.Alias
		}
		switch {
		case key.Kind != yaml.ScalarNode:
			d.f.addAt(d.place(key), path, msgKey)
		case key.ShortTag() == "!!merge":
			merged = append(merged, d.merged(value, path, depth+1)...)
		case has(own, key.Value) >= 0:
			d.f.addAt(d.place(key), join(path, key.Value), msgDouble, own[has(own, key.Value)].key.Line)
		default:
			own = append(own, pair{key, value})
		}
	}
	for _, p := range merged {
		if has(own, p.key.Value) < 0 {
			own = append(own, p)
		}
	}
	return own
}

func (d *decoder) merged(n *yaml.Node, path string, depth int) []pair {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	switch {
	case depth > maxMerges:
	case n.Kind == yaml.MappingNode:
		return d.pairs(n, path, depth)
	case n.Kind == yaml.SequenceNode:
		var all []pair
		for _, element := range n.Content {
			all = append(all, d.merged(element, path, depth+1)...)
		}
		return all
	}
	d.f.addAt(d.place(n), path, msgMerge)
	return nil
}
