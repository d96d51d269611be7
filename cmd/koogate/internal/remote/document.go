// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// document reads one document of YAML or JSON.
func (e *Env) document(path string) (map[string]any, error) {
	text, err := e.read(path)
	if err != nil {
		return nil, err
	}
	var doc map[string]any
	in := yaml.NewDecoder(bytes.NewReader(text))
	switch err := in.Decode(&doc); {
	case errors.Is(err, io.EOF):
		return nil, Usagef("%s is empty", path)
	case err != nil:
		return nil, Usagef("%s is neither YAML nor JSON with one object: %v", path, err)
	}
	if err := in.Decode(&map[string]any{}); !errors.Is(err, io.EOF) {
		return nil, Usagef("%s holds more than one document", path)
	}
	return doc, nil
}

// readInto reads a file into a message and returns the members that it has.
func (e *Env) readInto(path string, into proto.Message) (map[string]any, error) {
	doc, err := e.document(path)
	if err != nil {
		return nil, err
	}
	return doc, parse(path, doc, into)
}

// parse reads a document into a message.
func parse(path string, doc any, into proto.Message) error {
	text, err := json.Marshal(doc)
	if err != nil {
		return Usagef("%s: %v", path, err)
	}
	if err := protojson.Unmarshal(text, into); err != nil {
		// The library's errors tell a place in a JSON text that nobody has seen, and have blanks that cannot be broken.
		said := strings.TrimPrefix(strings.ReplaceAll(err.Error(), "\u00a0", " "), "proto: ")
		if at := strings.Index(said, "): "); strings.HasPrefix(said, "(line ") && at > 0 {
			said = said[at+3:]
		}
		return Usagef("%s: %s", path, said)
	}
	return nil
}

// readChange reads what changes from a file: the body of an update as REST takes it, or the whole thing as get shows it, of which the
// part that can be changed counts. It returns the paths that the file has (all with replace) and the version in it.
func (e *Env) readChange(path string, body protoreflect.Message, there proto.Message, replace bool) (mask []string, etag string, err error) {
	doc, err := e.document(path)
	if err != nil {
		return nil, "", err
	}
	thing := there.ProtoReflect()
	settings := thing.Descriptor().Fields().ByName("settings")
	all := thing.Descriptor() == body.Descriptor() // a webhook is changed as a whole
	if _, has := doc["settings"]; settings != nil && has {
		shown := thing.New().Interface()
		if err := parse(path, doc, shown); err != nil {
			return nil, "", err
		}
		if err := sameThing(path, shown, there); err != nil {
			return nil, "", err
		}
		etag = etagOf(shown)
		proto.Merge(body.Interface(), shown.ProtoReflect().Get(settings).Message().Interface())
		inner, _ := doc["settings"].(map[string]any)
		mask = slices.DeleteFunc(paths(body.Descriptor(), inner), func(p string) bool { // get shows no secret, so an empty one says nothing
			m, field := target(body, p)
			return redacted(field) && !m.Has(field)
		})
	} else {
		if err := parse(path, doc, body.Interface()); err != nil {
			return nil, "", err
		}
		if all {
			if err := sameThing(path, body.Interface(), there); err != nil {
				return nil, "", err
			}
			etag = etagOf(body.Interface())
		}
		mask = paths(body.Descriptor(), doc)
	}
	switch {
	case all: // what else a webhook shows is output only
		mask = slices.DeleteFunc(mask, func(p string) bool { return !slices.Contains(changeable, p) })
		if replace {
			mask = changeable
		}
	case replace:
		mask = everything(body)
	}
	return mask, etag, nil
}

// everything is the mask of all fields. Secrets that are not given stay, and then each field is named.
func everything(body protoreflect.Message) []string {
	var mask []string
	kept, fields := false, body.Descriptor().Fields()
	for i := range fields.Len() {
		if f := fields.Get(i); redacted(f) && !body.Has(f) {
			kept = true
		} else {
			mask = append(mask, string(f.Name()))
		}
	}
	if !kept {
		return []string{"*"}
	}
	return mask
}

// changeable are the fields of a webhook that can be changed.
var changeable = []string{"name", "url", "filter", "state"}

// sameThing refuses a file of another thing than the one that is to change.
func sameThing(path string, shown, there proto.Message) error {
	a, b := shown.ProtoReflect(), there.ProtoReflect()
	for n := protoreflect.FieldNumber(1); n <= 2; n++ {
		field := a.Descriptor().Fields().ByNumber(n)
		if field == nil || field.Kind() != protoreflect.StringKind || !a.Has(field) || field.Name() == "name" {
			continue
		}
		if a.Get(field).String() != b.Get(field).String() {
			return Usagef("%s is about %q, and the command about %q", path, a.Get(field).String(), b.Get(field).String())
		}
	}
	return nil
}

// paths are the fields that a document names, those of a message within it one by one.
func paths(of protoreflect.MessageDescriptor, doc map[string]any) []string {
	var found []string
	for name, value := range doc {
		field := of.Fields().ByJSONName(name)
		if field == nil {
			field = of.Fields().ByName(protoreflect.Name(name))
		}
		if field == nil {
			continue // parse has refused it
		}
		inner, deeper := value.(map[string]any)
		if deeper && field.Message() != nil && !field.IsMap() && !wellKnown(field) && len(inner) > 0 {
			for _, p := range paths(field.Message(), inner) {
				found = append(found, string(field.Name())+"."+p)
			}
			continue
		}
		found = append(found, string(field.Name()))
	}
	slices.Sort(found)
	return found
}

// wellKnown says whether a message is written as one text.
func wellKnown(field protoreflect.FieldDescriptor) bool {
	switch field.Message().FullName() {
	case "google.protobuf.Timestamp", "google.protobuf.Duration":
		return true
	}
	return false
}

// setJSON reads a list, a map or a message, written as JSON or YAML, into a field. A list of words may be separated by commas.
func (e *Env) setJSON(m protoreflect.Message, field protoreflect.FieldDescriptor, text string) error {
	var value any
	if err := yaml.Unmarshal([]byte(text), &value); err != nil {
		return Usagef("--set %s: %v", field.Name(), err)
	}
	if word, ok := value.(string); ok && field.IsList() {
		value = strings.Split(word, ",")
	}
	other := m.New()
	if err := parse(fmt.Sprintf("--set %s", field.Name()), map[string]any{string(field.Name()): value}, other.Interface()); err != nil {
		return err
	}
	m.Set(field, other.Get(field))
	return nil
}

// cutSet parts PATH=VALUE.
func cutSet(text string) (path, value string, err error) {
	path, value, ok := strings.Cut(text, "=")
	if !ok || path == "" {
		return "", "", Usagef("--set %s: write PATH=VALUE", text)
	}
	return path, value, nil
}
