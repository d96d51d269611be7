// SPDX-License-Identifier: Apache-2.0

package wirejson

import (
	"fmt"
	"strings"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// The fields of a request that are Koogate's own and never on the wire.
const (
	helperEndpoint = "endpoint"
	helperExtra    = "extra_json"
	// suffixFree ends the proto name of a text field that takes JSON of any kind: a text is taken as it is, anything else as
	// compact JSON.
	suffixFree = "_json"
	// suffixNumber ends the proto name of a text field that is a number on the wire.
	suffixNumber = "_number"
)

// plan is how a message is read and written, worked out once.
type plan struct {
	byName map[string]*field // what can be read, by the wire's name
	fields []*field          // what is written, in order
	extra  protoreflect.FieldDescriptor
}

// field is one field of a plan.
type field struct {
	desc        protoreflect.FieldDescriptor
	name        string // the wire's
	key         string // `"name":`
	list        bool
	free        bool  // takes JSON of any kind
	bare        bool  // is written without quotes
	descriptive bool  // see isDescriptive
	ids         bool  // is a list of IDs in one text, see isIDs
	longest     int   // how many characters a text may have; 0 for any number
	max         int   // of a list: how many elements it may have
	each        bool  // of a list: the contract leaves its elements to be judged one by one
	sub         *plan // of a message's; nil for scalars
}

// plans works out the plan of a message and of those in it. Fields of kinds that the wire does not use are refused.
func plans(d protoreflect.MessageDescriptor, into map[protoreflect.MessageDescriptor]*plan) (*plan, error) {
	if p, ok := into[d]; ok {
		return p, nil
	}
	p := &plan{byName: make(map[string]*field)}
	into[d] = p
	fs := d.Fields()
	p.extra = fs.ByName(helperExtra)
	for i := range fs.Len() {
		fd := fs.Get(i)
		if fd.Name() == helperExtra || p.extra != nil && fd.Name() == helperEndpoint {
			continue
		}
		f := &field{
			desc: fd, name: fd.JSONName(), key: `"` + fd.JSONName() + `":`, list: fd.IsList(), max: bound(fd),
			descriptive: isDescriptive(fd), ids: isIDs(fd), longest: longest(fd), each: apart(fd),
			free: strings.HasSuffix(string(fd.Name()), suffixFree), bare: strings.HasSuffix(string(fd.Name()), suffixNumber),
		}
		switch {
		case fd.Kind() == protoreflect.MessageKind && !fd.IsMap():
			var err error
			if f.sub, err = plans(fd.Message(), into); err != nil {
				return nil, err
			}
		case fd.Kind() == protoreflect.StringKind && !fd.IsList():
		default:
			return nil, fmt.Errorf("wirejson: %s: fields of this kind are not part of the wire", fd.FullName())
		}
		p.byName[f.name] = f
		p.fields = append(p.fields, f)
	}
	return p, nil
}

// maxElements bounds a list for which the contract names no bound, so that a hostile one cannot cost more.
const maxElements = 100

// longest is how many characters the contract allows a text.
func longest(fd protoreflect.FieldDescriptor) int {
	rules, _ := proto.GetExtension(fd.Options(), validate.E_Field).(*validate.FieldRules)
	return int(min(rules.GetString().GetMaxLen(), 1<<30))
}

// bound is how many elements the contract allows a list.
func bound(fd protoreflect.FieldDescriptor) int {
	rules, _ := proto.GetExtension(fd.Options(), validate.E_Field).(*validate.FieldRules)
	if n := rules.GetRepeated().GetMaxItems(); n > 0 && n < 1<<20 {
		return int(n)
	}
	return maxElements
}

// apart reports whether the contract judges each element of a list alone: an element that cannot be read must not cost the
// others.
func apart(fd protoreflect.FieldDescriptor) bool {
	rules, _ := proto.GetExtension(fd.Options(), validate.E_Field).(*validate.FieldRules)
	return rules.GetRepeated().GetItems().GetIgnore() == validate.Ignore_IGNORE_ALWAYS
}
