// SPDX-License-Identifier: Apache-2.0

package rest

import (
	"net/http"
	"regexp"
	"strings"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/anypb"
)

// names writes errors with the JSON names of fields: REST speaks of them in one way, in bodies and in errors.
type names struct{ calls table }

// newNames returns the names of the internal API.
func newNames() names { return names{restCalls()} }

// status returns the status of a call with the names that REST has for the call's fields.
func (n names) status(r *http.Request, s *spb.Status) *spb.Status {
	c := n.calls.of(r)
	if c == nil {
		return s
	}
	s = proto.CloneOf(s)
	s.Message = named(s.GetMessage(), c.words)
	for i, detail := range s.GetDetails() {
		m, err := detail.UnmarshalNew()
		if err != nil {
			continue
		}
		switch m := m.(type) {
		case *errdetails.BadRequest:
			for _, v := range m.GetFieldViolations() {
				v.Field, v.Description = jsonPath(v.GetField()), named(v.GetDescription(), c.words)
			}
		case *errdetails.ErrorInfo:
			if path, ok := m.GetMetadata()["field"]; ok {
				m.Metadata["field"] = jsonPath(path)
			}
		default:
			continue
		}
		if a, err := anypb.New(m); err == nil {
			s.Details[i] = a
		}
	}
	return s
}

var protoName = regexp.MustCompile(`[a-z][a-z0-9]*(?:_[a-z0-9]+)+`)

// named replaces proto names of fields in a text.
func named(text string, words map[string]string) string {
	return protoName.ReplaceAllStringFunc(text, func(word string) string {
		if name, ok := words[word]; ok {
			return name
		}
		return word
	})
}

// wordsOf are the proto names that differ from the JSON name, of a message's fields at every depth.
func wordsOf(d protoreflect.MessageDescriptor) map[string]string {
	words := map[string]string{}
	var collect func(protoreflect.MessageDescriptor)
	collect = func(d protoreflect.MessageDescriptor) {
		for i := range d.Fields().Len() {
			f := d.Fields().Get(i)
			words[string(f.Name())] = f.JSONName()
			if isObject(f) {
				collect(f.Message())
			}
		}
	}
	collect(d)
	return words
}

// jsonPath turns a path of proto names into one of JSON names. What stands in quotes is the key of a map and stays.
func jsonPath(path string) string {
	parts := strings.Split(path, `"`)
	for i := 0; i < len(parts); i += 2 {
		parts[i] = protoName.ReplaceAllStringFunc(parts[i], func(name string) string {
			words := strings.Split(name, "_")
			for i, w := range words[1:] {
				words[i+1] = strings.ToUpper(w[:1]) + w[1:]
			}
			return strings.Join(words, "")
		})
	}
	return strings.Join(parts, `"`)
}
