package wirejson

import (
	"fmt"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// The fields of a request that are Koogate's own and never on the wire.
const (
	helperEndpoint = "endpoint"
	helperExtra    = "extra_json"
)

// plan is how a message is read and written, worked out once.
type plan struct {
	byName map[string]*field // what can be read, by the wire's name
	fields []*field          // what is written, in order
	extra  protoreflect.FieldDescriptor
}

// field is one field of a plan.
type field struct {
	desc protoreflect.FieldDescriptor
	name string // the wire's
	key  string // `"name":`
	list bool
	sub  *plan // of a message's; nil for scalars
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
		if p.extra != nil && (fd.Name() == helperEndpoint || fd.Name() == helperExtra) {
			continue
		}
		f := &field{desc: fd, name: fd.JSONName(), key: `"` + fd.JSONName() + `":`, list: fd.IsList()}
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
