// SPDX-License-Identifier: Apache-2.0

package world

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// MaxText bounds what is read, in bytes.
const MaxText = 4 << 20

// Fault is one thing that is wrong with a text.
type Fault struct {
	Path   string `json:"path"` // such as tenants[1].users[0].role; empty for the whole
	What   string `json:"what"`
	Remedy string `json:"remedy"`
}

// Error implements error.
func (f Fault) Error() string {
	if f.Path == "" {
		return f.What + ": " + f.Remedy
	}
	return f.Path + ": " + f.What + ": " + f.Remedy
}

// Read reads a world from JSON, strictly: a member that is not known is a fault. The error joins a [Fault] for everything that is
// wrong, at most 50.
func Read(text []byte) (*World, error) {
	var w World
	if err := Decode(text, &w); err != nil {
		return nil, err
	}
	if err := w.Check(); err != nil {
		return nil, err
	}
	return &w, nil
}

// Decode reads JSON into a struct of texts, truths, structs and lists, strictly. Errors: as [Read].
func Decode(text []byte, into any) error {
	if len(text) > MaxText {
		return Fault{"", "the text is too long", fmt.Sprintf("keep it below %d bytes", MaxText)}
	}
	d := json.NewDecoder(bytes.NewReader(text))
	var tree any
	if err := d.Decode(&tree); err != nil {
		return Fault{"", "it is no JSON (" + err.Error() + ")", "write an object"}
	}
	if d.More() {
		return Fault{"", "something follows the object", "take it away"}
	}
	r := &faults{}
	r.fill("", tree, reflect.ValueOf(into).Elem())
	return r.err()
}

// maxFaults bounds what is told at once.
const maxFaults = 50

// faults collects what is wrong.
type faults struct{ list []Fault }

func (r *faults) add(path, what, remedy string) {
	if len(r.list) < maxFaults {
		r.list = append(r.list, Fault{path, what, remedy})
	}
}

func (r *faults) err() error {
	all := make([]error, len(r.list))
	for i, f := range r.list {
		all[i] = f
	}
	return errors.Join(all...)
}

// fill takes a value of the text over.
func (r *faults) fill(path string, value any, into reflect.Value) {
	if value == nil {
		return // as if it were not there
	}
	switch into.Kind() {
	case reflect.Pointer:
		into.Set(reflect.New(into.Type().Elem()))
		r.fill(path, value, into.Elem())
	case reflect.String:
		s, ok := value.(string)
		if !ok {
			r.add(path, "it is no text", "put it into quotation marks")
			return
		}
		into.SetString(s)
	case reflect.Bool:
		b, ok := value.(bool)
		if !ok {
			r.add(path, "it is neither true nor false", "write true or false")
			return
		}
		into.SetBool(b)
	case reflect.Int:
		n, ok := value.(float64)
		if !ok || n != float64(int(n)) {
			r.add(path, "it is no whole number", "write a number")
			return
		}
		into.SetInt(int64(n))
	case reflect.Slice:
		list, ok := value.([]any)
		if !ok {
			r.add(path, "it is no list", "write a list, also for one")
			return
		}
		into.Set(reflect.MakeSlice(into.Type(), len(list), len(list)))
		for i, element := range list {
			r.fill(fmt.Sprintf("%s[%d]", path, i), element, into.Index(i))
		}
	case reflect.Struct:
		members, ok := value.(map[string]any)
		if !ok {
			r.add(path, "it is no object", "write its members by their names")
			return
		}
		r.members(path, members, into)
	default: // no such field is declared
		panic("world: a field of kind " + into.Kind().String())
	}
}

// members takes the members of an object over.
func (r *faults) members(path string, members map[string]any, into reflect.Value) {
	var known []string
	for i := range into.NumField() {
		name, _, _ := strings.Cut(into.Type().Field(i).Tag.Get("json"), ",")
		if name == "" || name == "-" {
			continue // no member of the text
		}
		known = append(known, name)
		r.fill(join(path, name), members[name], into.Field(i))
	}
	for _, name := range slices.Sorted(func(yield func(string) bool) {
		for name := range members {
			if !yield(name) {
				return
			}
		}
	}) {
		if !slices.Contains(known, name) {
			r.add(join(path, name), "it is not known", "take it away, or write one of "+strings.Join(known, ", "))
		}
	}
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}
