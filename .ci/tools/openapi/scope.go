// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"

	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
)

// scopesOf are the scopes that a method declares, as the configuration names them. The option is read by its declaration among
// the files and not by generated code, which may be older than they are.
func (b *builder) scopesOf(m *protogen.Method) ([]string, error) {
	if b.scopes == nil {
		return nil, nil
	}
	option := dynamicpb.NewExtensionType(b.scopes.Desc)
	var known protoregistry.Types
	if err := known.RegisterExtension(option); err != nil {
		return nil, err
	}
	raw, err := proto.Marshal(m.Desc.Options())
	if err != nil {
		return nil, err
	}
	var options descriptorpb.MethodOptions
	if err := (proto.UnmarshalOptions{Resolver: &known}).Unmarshal(raw, &options); err != nil {
		return nil, err
	}
	list := options.ProtoReflect().Get(option.TypeDescriptor()).List()
	names := make([]string, list.Len())
	for i := range names {
		value := b.scopes.Desc.Enum().Values().ByNumber(list.Get(i).Enum())
		names[i] = strings.ToLower(strings.TrimPrefix(string(value.Name()), "SCOPE_"))
	}
	return names, nil
}
