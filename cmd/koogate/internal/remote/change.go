// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"context"
	"fmt"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"github.com/koogate/koogate/cmd/koogate/internal/remote/contexts"
	"github.com/koogate/koogate/cmd/koogate/internal/remote/show"
)

// Create is a command that makes something by rpc R from a file and --set. F are the flags that fill the request in, its name among
// them. The file is the request as REST takes it, or the thing itself where the request has it as a whole (webhooks, applications).
type Create[R, F any] struct {
	Flags F        `embed:""`
	File  string   `help:"The request as REST takes it, in YAML or JSON; - is the standard input." short:"f" placeholder:"FILE" predictor:"file"`
	Set   []string `help:"Set one field, e.g. --set skew=90s or --set webhook.url=https://…; wins over the file. A list or map is written in JSON." placeholder:"PATH=VALUE" sep:"none"`
	show.Form
	contexts.Choice
}

// Asks names the rpc.
func (*Create[R, F]) Asks() []protoreflect.FullName { return asks(zero[R]()) }

// Run implements the command.
func (c *Create[R, F]) Run(ctx context.Context, env *Env) error {
	request := zero[R]()
	m := request.ProtoReflect()
	set := m
	if field := m.Descriptor().Fields().ByName("settings"); field != nil {
		set = m.Mutable(field).Message()
	} else if field := whole(request); field != nil {
		set = m.Mutable(field).Message()
	}
	if c.File != "" {
		into := request
		if field := whole(request); field != nil {
			into = set.Interface()
		}
		if _, err := env.readInto(c.File, into); err != nil {
			return err
		}
		if field := m.Descriptor().Fields().ByName("settings"); field != nil { // what was read is another message
			set = m.Mutable(field).Message()
		}
	}
	if _, err := env.sets(set, c.Set); err != nil {
		return err
	}
	if err := sameNames(request, c.Flags, env); err != nil {
		return err
	}
	if err := env.fill(request, c.Flags); err != nil {
		return err
	}
	return with(c.Choice, env, c.Output, func(s *service) error { return s.act(ctx, env, c.Form, request, c.Flags) })
}

// whole is the field of a request that has all of what is made, of a webhook or an application; nil when the request has its settings apart.
func whole(request proto.Message) protoreflect.FieldDescriptor {
	fields := request.ProtoReflect().Descriptor().Fields()
	if f := fields.ByName("webhook"); f != nil {
		return f
	}
	return fields.ByName("login_application")
}

// sameNames refuses a file that is about something else than the command line.
func sameNames(request proto.Message, flags any, env *Env) error {
	named := request.ProtoReflect().New().Interface()
	if err := env.fill(named, flags); err != nil {
		return err
	}
	m, n := request.ProtoReflect(), named.ProtoReflect()
	for i := protoreflect.FieldNumber(1); i <= 2; i++ {
		field := m.Descriptor().Fields().ByNumber(i)
		if field == nil || field.Kind() != protoreflect.StringKind || field.IsList() || !m.Has(field) || !n.Has(field) {
			continue
		}
		if in, given := m.Get(field).String(), n.Get(field).String(); in != given {
			return Usagef("the file is about %q, and the command about %q", in, given)
		}
	}
	return nil
}

// Update is a command that changes something by rpc U, of which rpc G tells the version; F are the flags that fill the request in.
type Update[U, G, F any] struct {
	Flags   F        `embed:""`
	File    string   `help:"What changes, or all of it as get -o yaml shows it, in YAML or JSON; - is the standard input." short:"f" placeholder:"FILE" predictor:"file"`
	Set     []string `help:"Set one field, e.g. --set skew=90s or --set meter.window=86400s; without a value, back to the default. Wins over the file." placeholder:"PATH=VALUE" sep:"none"`
	Replace bool     `help:"What the file does not name goes back to its default."`
	Etag    string   `help:"Refuse when it has another version by now; without it the file's, or the one that is there when the command begins." placeholder:"ETAG"`
	show.Form
	contexts.Choice
}

// Asks names the rpc.
func (*Update[U, G, F]) Asks() []protoreflect.FullName { return asks(zero[U](), zero[G]()) }

// Validate is called by kong.
func (c *Update[U, G, F]) Validate() error {
	switch {
	case c.File == "" && len(c.Set) == 0:
		return Usagef("what is to change? -f FILE, or --set PATH=VALUE")
	case c.Replace && c.File == "":
		return Usagef("--replace goes with -f")
	}
	return nil
}

// Run implements the command.
func (c *Update[U, G, F]) Run(ctx context.Context, env *Env) error {
	request := zero[U]()
	if err := env.fill(request, c.Flags); err != nil {
		return err
	}
	return with(c.Choice, env, c.Output, func(s *service) error {
		get := zero[G]()
		sameID(get, request)
		answer, err := s.ask(ctx, get)
		if err != nil {
			return err
		}
		there := resource(rpcOf(get), answer)
		etag := c.Etag
		if etag == "" {
			etag = etagOf(there)
		}
		m := request.ProtoReflect()
		fields := m.Descriptor().Fields()
		body := m.Mutable(fields.ByName(protoreflect.Name(rule(rpcOf(request)).GetBody()))).Message()
		mask, fileTag, err := c.changes(env, body, there)
		if err != nil {
			return err
		}
		if fileTag != "" && c.Etag == "" {
			etag = fileTag
		}
		m.Set(fields.ByName("update_mask"), protoreflect.ValueOfMessage((&fieldmaskpb.FieldMask{Paths: mask}).ProtoReflect()))
		m.Set(fields.ByName("etag"), protoreflect.ValueOfString(etag))
		return s.act(ctx, env, c.Form, request, c.Flags)
	})
}

// changes fills in what changes and returns the paths that do, and the version that a file of the whole thing was read at. there is the
// thing as it is now.
func (c *Update[U, G, F]) changes(env *Env, body protoreflect.Message, there proto.Message) (mask []string, etag string, err error) {
	if c.File != "" {
		if mask, etag, err = env.readChange(c.File, body, there, c.Replace); err != nil {
			return nil, "", err
		}
	}
	more, err := env.sets(body, c.Set)
	if err != nil {
		return nil, "", err
	}
	if c.Replace && len(mask) == 1 && mask[0] == "*" {
		return mask, etag, nil
	}
	if mask = append(mask, more...); len(mask) == 0 {
		return nil, "", Usagef("%s changes nothing", c.File)
	}
	return mask, etag, nil
}

// etagOf is the version of a thing.
func etagOf(m proto.Message) string {
	fields := m.ProtoReflect().Descriptor().Fields()
	for _, name := range []protoreflect.Name{"etag", "access_etag"} {
		if f := fields.ByName(name); f != nil {
			return m.ProtoReflect().Get(f).String()
		}
	}
	return ""
}

// sameID copies what the fields of a request to read have in another.
func sameID(get, from proto.Message) {
	g, f := get.ProtoReflect(), from.ProtoReflect()
	fields := g.Descriptor().Fields()
	for i := range fields.Len() {
		if other := f.Descriptor().Fields().ByName(fields.Get(i).Name()); other != nil {
			g.Set(fields.Get(i), f.Get(other))
		}
	}
}

// sets reads PATH=VALUE into a message and returns the paths.
func (e *Env) sets(into protoreflect.Message, texts []string) (paths []string, err error) {
	for _, text := range texts {
		path, value, err := cutSet(text)
		if err != nil {
			return nil, err
		}
		m, field := target(into, path)
		switch {
		case field == nil:
			return nil, Usagef("--set %s: there is no such field of %s", path, into.Descriptor().Name())
		case redacted(field) && value != "":
			return nil, Usagef("--set %s: a secret comes from a file or the standard input (-f), not from the command line", path)
		case value == "":
			m.Clear(field)
		case field.IsList() || field.IsMap() || field.Message() != nil && !wellKnown(field):
			if err := e.setJSON(m, field, value); err != nil {
				return nil, err
			}
		default:
			v, err := e.scalar(field, value)
			if err != nil {
				return nil, fmt.Errorf("--set %s: %w", path, err)
			}
			m.Set(field, v)
		}
		paths = append(paths, path)
	}
	return paths, nil
}
