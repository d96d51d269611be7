// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// Encode writes what is not empty of sellers, endpoints and provisioners as the file has it. It writes no secret, only the names of the
// files in which secrets are.
func Encode(sellers []Seller, endpoints []Endpoint, provisioners []Provisioner) ([]byte, error) {
	return yaml.Marshal(node(reflect.ValueOf(struct {
		Sellers      []Seller      `koanf:"sellers"`
		Endpoints    []Endpoint    `koanf:"endpoints"`
		Provisioners []Provisioner `koanf:"provisioners"`
	}{sellers, endpoints, provisioners})))
}

// node is a value as YAML; nil for one that is empty, and for a secret.
func node(v reflect.Value) *yaml.Node {
	text := func(s string) *yaml.Node {
		return &yaml.Node{Kind: yaml.ScalarNode, Style: yaml.DoubleQuotedStyle, Value: s}
	}
	plain := func(s string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Value: s} }
	switch {
	case v.Type() == reflect.TypeFor[Secret]() || v.Type() == reflect.TypeFor[[]Secret]():
		return nil
	case v.Kind() == reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		return plain(fmt.Sprint(v.Elem().Interface()))
	case v.IsZero():
		return nil
	case v.Type() == reflect.TypeFor[time.Duration]():
		return plain(fmt.Sprint(v.Interface()))
	case v.Kind() == reflect.String:
		return text(v.String())
	case v.Kind() == reflect.Bool:
		return plain(strconv.FormatBool(v.Bool()))
	case v.Kind() == reflect.Int:
		return plain(strconv.FormatInt(v.Int(), 10))
	}
	return many(v, text)
}

// many is a list, a table or a section.
func many(v reflect.Value, text func(string) *yaml.Node) *yaml.Node {
	n := &yaml.Node{Kind: yaml.MappingNode}
	switch v.Kind() { //nolint:exhaustive // node has dealt with the others
	case reflect.Slice:
		n.Kind = yaml.SequenceNode
		for i := range v.Len() {
			if item := node(v.Index(i)); item != nil {
				n.Content = append(n.Content, item)
			}
		}
	case reflect.Map:
		for _, key := range sortedKeys(v) {
			item := node(v.MapIndex(key))
			if item == nil {
				item = &yaml.Node{Kind: yaml.MappingNode, Style: yaml.FlowStyle}
			}
			n.Content = append(n.Content, text(key.String()), item)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			key := keyOf(v.Type().Field(i))
			if key == "" {
				continue
			}
			if item := node(v.Field(i)); item != nil {
				n.Content = append(n.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: key}, item)
			}
		}
	}
	if len(n.Content) == 0 {
		return nil
	}
	return n
}

func sortedKeys(v reflect.Value) []reflect.Value {
	keys := v.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(a.String(), b.String()) })
	return keys
}
