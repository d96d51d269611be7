// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/koogate/koogate/cmd/koogate/internal/remote/contexts"
	"github.com/koogate/koogate/cmd/koogate/internal/remote/show"
	"github.com/koogate/koogate/cmd/koogate/internal/terminal"
	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
)

// Get is a command that shows what rpc R answers about one thing.
type Get[R any] = Act[R, one]

// Act is a command that makes one call of rpc R and shows what it answers; F are the flags that fill the request in. F may have
// methods: agreed() bool, of an act about which the user is asked first; changesNothing() bool, of one that can be tried;
// judge(proto.Message) error, for answers that are a failure.
type Act[R, F any] struct {
	Flags F `embed:""`
	show.Form
	contexts.Choice
}

// Asks names the rpc.
func (*Act[R, F]) Asks() []protoreflect.FullName { return asks(zero[R]()) }

// Run implements the command.
func (a *Act[R, F]) Run(ctx context.Context, env *Env) error {
	request := zero[R]()
	if err := env.fill(request, a.Flags); err != nil {
		return err
	}
	return with(a.Choice, env, a.Output, func(s *service) error { return s.act(ctx, env, a.Form, request, a.Flags) })
}

// act asks the user where flags say so, makes the call and shows the answer.
func (s *service) act(ctx context.Context, env *Env, form show.Form, request proto.Message, flags any) error {
	m := rpcOf(request)
	try, ok := flags.(interface{ changesNothing() bool })
	trial := ok && try.changesNothing()
	if asked, ok := flags.(interface{ agreed() bool }); ok && !asked.agreed() && !trial {
		if err := env.ask(ctx, describe(m, request)); err != nil {
			return err
		}
	}
	if makesSecret(request) && !trial && terminal.OthersRead(env.Out.Raw) {
		return errors.New("others can read the file that the secret goes to: chmod 600 it first; nothing was done")
	}
	answer, err := s.ask(ctx, request)
	if err != nil {
		return err
	}
	if err := shown(env, form, m, answer, trial); err != nil {
		return err
	}
	if verdict, ok := flags.(interface{ judge(proto.Message) error }); ok {
		return verdict.judge(answer)
	}
	return nil
}

// shown writes an answer. Of one with a secret the standard output has the secret alone, unless a program reads it.
func shown(env *Env, form show.Form, m protoreflect.MethodDescriptor, answer proto.Message, trial bool) error {
	what := resource(m, answer)
	if !form.Table() {
		return show.One(env.Out, form.Output, what, env.Clock.Now())
	}
	if trial {
		fmt.Fprintln(env.Out.Err, "it would be done; nothing was changed")
	} else if m.Output().Fields().Len() == 0 {
		fmt.Fprintln(env.Out.Err, "done")
		return nil
	}
	if text := takeSecret(m, what); text != "" {
		aside := *env.Out
		aside.Out = env.Out.Err
		if err := show.One(&aside, form.Output, what, env.Clock.Now()); err != nil {
			return err
		}
		fmt.Fprintln(env.Out.Err, "\nThe secret is shown this once:")
		_, err := fmt.Fprintln(env.Out.Out, text)
		return err
	}
	if trial && proto.Size(what) == 0 {
		return nil
	}
	return show.One(env.Out, form.Output, what, env.Clock.Now())
}

// makesSecret says whether the answer to a request may have a secret that is shown once. Of provisioners webhooks have one.
func makesSecret(request proto.Message) bool {
	switch r := request.(type) {
	case *koogatev1.CreateProvisionerRequest:
		return r.GetSettings().GetType() == "webhook"
	case *koogatev1.UpdateProvisionerRequest:
		return r.GetSettings().GetType() == "webhook"
	}
	m := rpcOf(request)
	of := m.Output()
	if name := rule(m).GetResponseBody(); name != "" {
		of = of.Fields().ByName(protoreflect.Name(name)).Message()
	}
	return secretOf(m, of) != nil
}

// secretOf is the field of an answer in which rpc m shows a secret, this once; nil for none. What an rpc reads is shown whenever it is
// asked for.
func secretOf(m protoreflect.MethodDescriptor, answer protoreflect.MessageDescriptor) protoreflect.FieldDescriptor {
	if rule(m).GetGet() != "" {
		return nil
	}
	for i := range answer.Fields().Len() {
		if f := answer.Fields().Get(i); f.Kind() == protoreflect.StringKind && !f.IsList() && redacted(f) {
			return f
		}
	}
	return nil
}

// redacted says whether the contract calls a field secret or personal.
func redacted(field protoreflect.FieldDescriptor) bool {
	o, _ := field.Options().(*descriptorpb.FieldOptions)
	return o.GetDebugRedact()
}

// takeSecret takes the secret out of an answer to rpc m.
func takeSecret(m protoreflect.MethodDescriptor, answer proto.Message) string {
	a := answer.ProtoReflect()
	field := secretOf(m, a.Descriptor())
	if field == nil {
		return ""
	}
	text := a.Get(field).String()
	a.Clear(field)
	return text
}

// describe is a call in words: "delete endpoint main".
func describe(m protoreflect.MethodDescriptor, request proto.Message) string {
	var b strings.Builder
	for i, r := range string(m.Name()) {
		if i > 0 && unicode.IsUpper(r) {
			b.WriteByte(' ')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	r := request.ProtoReflect()
	for n := protoreflect.FieldNumber(1); n <= 2; n++ {
		field := r.Descriptor().Fields().ByNumber(n)
		if field != nil && field.Kind() == protoreflect.StringKind && !field.IsList() && strings.Contains(path(m), "{"+string(field.Name())+"}") {
			b.WriteString(" " + r.Get(field).String())
		}
	}
	return b.String()
}

// path is the path of an rpc in REST.
func path(m protoreflect.MethodDescriptor) string {
	r := rule(m)
	return r.GetGet() + r.GetPost() + r.GetPut() + r.GetPatch() + r.GetDelete()
}
