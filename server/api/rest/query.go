// SPDX-License-Identifier: Apache-2.0

package rest

import (
	"maps"
	"net/url"
	"slices"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"github.com/grpc-ecosystem/grpc-gateway/v2/utilities"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/koogate/koogate/server/errs"
)

// checkQuery holds the parameters of a query to those that the call has there: what neither the path nor the body holds.
func (c *restCall) checkQuery(query string) error {
	values, err := url.ParseQuery(query)
	if err != nil {
		return errs.New(errs.Invalid, errs.InvalidField, "the query cannot be read: write a reserved character as %% and two hexadecimal digits")
	}
	var f faults
	seen := map[protoreflect.Name]bool{}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		field := fieldOf(c.input, name)
		switch {
		case field != nil && c.inPath[field.Name()]:
			f.add(field.JSONName(), "belongs to the path alone")
		case field == nil || c.body == c.input || field.Name() == c.inBody || isObject(field) || field.IsMap():
			f.add(shown(name), "no such parameter")
		case seen[field.Name()] || len(values[name]) > 1 && !field.IsList():
			f.add(field.JSONName(), "is given more than once")
		case runtime.PopulateQueryParameters(dynamicpb.NewMessage(c.input), url.Values{string(field.Name()): values[name]}, utilities.NewDoubleArray(nil)) != nil:
			f.add(field.JSONName(), form(field, false))
		}
		if field != nil {
			seen[field.Name()] = true
		}
	}
	return f.err()
}
