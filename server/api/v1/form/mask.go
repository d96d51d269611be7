// SPDX-License-Identifier: Apache-2.0

package form

import (
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/koogate/koogate/server/errs"
)

// maxPaths bounds a mask; no settings have as many fields.
const maxPaths = 64

// Merge puts the fields of from that a mask names into settings, also empty ones; "*" names all. Without a mask those that are given go there. A
// list or map is replaced as a whole. A path has proto names or JSON names. Errors: INVALID_FIELD.
func Merge(settings, from proto.Message, mask []string) error {
	dst, src := settings.ProtoReflect(), from.ProtoReflect()
	if len(mask) == 0 {
		if given(dst, src) == 0 {
			return errs.BadField("settings", "names nothing to change")
		}
		return nil
	}
	if len(mask) > maxPaths {
		return errs.BadField("update_mask", "names more fields than settings have")
	}
	for _, path := range mask {
		if path == "*" {
			proto.Reset(settings)
			given(dst, src)
			continue
		}
		if !put(dst, src, strings.Split(path, ".")) {
			return errs.BadField("update_mask", "names what settings do not have; they have %s", strings.Join(names(dst.Descriptor()), ", "))
		}
	}
	return nil
}

// Field is a field that a PATCH may change: its proto name, its JSON name, and whether the request gives it.
type Field struct {
	Path, Name string
	Given      bool
}

// Changed are the JSON names of the fields that change: those that a mask names by either name, or without one those that are given. A mask in
// a query comes as the caller wrote it. known is false when the mask names a field that there is not.
func Changed(mask []string, fields ...Field) (names []string, known bool) {
	unknown := slices.Clone(mask)
	for _, f := range fields {
		others := slices.DeleteFunc(slices.Clone(unknown), func(p string) bool { return p == f.Path || p == f.Name })
		if len(others) < len(unknown) || len(mask) == 0 && f.Given {
			names = append(names, f.Name)
		}
		unknown = others
	}
	return names, len(unknown) == 0
}

// given puts what src has into dst, and counts it.
func given(dst, src protoreflect.Message) (n int) {
	src.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		if section(f) && v.Message().IsValid() {
			n += given(dst.Mutable(f).Message(), v.Message())
		} else {
			dst.Set(f, v)
			n++
		}
		return true
	})
	return n
}

// put puts one field into dst; it is false when there is no such field.
func put(dst, src protoreflect.Message, path []string) bool {
	f := dst.Descriptor().Fields().ByTextName(path[0])
	if f == nil {
		f = dst.Descriptor().Fields().ByJSONName(path[0])
	}
	switch {
	case f == nil || len(path) > 1 && !section(f):
		return false
	case len(path) > 1:
		return put(dst.Mutable(f).Message(), src.Get(f).Message(), path[1:])
	case src.Has(f):
		dst.Set(f, src.Get(f))
	default:
		dst.Clear(f)
	}
	return true
}

// section says whether a field is a message of ours, whose fields change one by one.
func section(f protoreflect.FieldDescriptor) bool {
	return f.Message() != nil && !f.IsList() && !f.IsMap() && f.Message().FullName().Parent() != "google.protobuf"
}

func names(d protoreflect.MessageDescriptor) []string {
	list := make([]string, d.Fields().Len())
	for i := range list {
		list[i] = string(d.Fields().Get(i).Name())
	}
	return list
}
