// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/koogate/koogate/client"
	"github.com/koogate/koogate/cmd/koogate/internal/remote/contexts"
	"github.com/koogate/koogate/cmd/koogate/internal/remote/show"
	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/clock"
)

// RPCs returns every rpc of the internal API by the message that asks for it. Each rpc has a request message of its own.
var RPCs = sync.OnceValue(func() map[protoreflect.FullName]protoreflect.MethodDescriptor {
	all := make(map[protoreflect.FullName]protoreflect.MethodDescriptor)
	protoregistry.GlobalFiles.RangeFilesByPackage(koogatev1.File_koogate_v1_order_service_proto.Package(), func(file protoreflect.FileDescriptor) bool {
		for i := range file.Services().Len() {
			methods := file.Services().Get(i).Methods()
			for j := range methods.Len() {
				all[methods.Get(j).Input().FullName()] = methods.Get(j)
			}
		}
		return true
	})
	return all
})

func rpcOf(request proto.Message) protoreflect.MethodDescriptor {
	return RPCs()[request.ProtoReflect().Descriptor().FullName()]
}

// Asks names rpcs by their requests.
func asks(requests ...proto.Message) []protoreflect.FullName {
	var names []protoreflect.FullName
	for _, r := range requests {
		names = append(names, rpcOf(r).FullName())
	}
	return names
}

// zero makes an empty request of a type.
func zero[R any]() proto.Message { return any(new(R)).(proto.Message) }

// service is a connection to the service that a command asks.
type service struct {
	conn    *grpc.ClientConn
	address string
	timeout time.Duration // how long one answer may take
	clock   clock.Clock   // waits where the service asks to; nil to give up instead
}

// with connects to the service that is chosen, lets do ask it, and tells what was refused.
func with(choice contexts.Choice, env *Env, form string, do func(s *service) error) error {
	o, err := choice.Options(env.In)
	if wrong := contexts.Wrong(""); errors.As(err, &wrong) {
		return &UsageError{wrong.Error()}
	}
	if err != nil {
		return err
	}
	conn, err := client.Dial(o)
	if err != nil {
		return err
	}
	defer conn.Close()
	return told(env, form, o.Addr, do(&service{conn, o.Addr, choice.Timeout, env.Clock}))
}

// told tells the error of a call, which then is [ErrReported]; other errors stay.
func told(env *Env, form, address string, err error) error {
	var refused *client.Error
	if !errors.As(err, &refused) {
		return err
	}
	show.Refusal(env.Out, form, env.Language, address, refused)
	return ErrReported
}

// ask makes one call.
func (s *service) ask(ctx context.Context, request proto.Message) (proto.Message, error) {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	m := rpcOf(request)
	kind, err := protoregistry.GlobalTypes.FindMessageByName(m.Output().FullName())
	if err != nil {
		return nil, err
	}
	answer := kind.New().Interface()
	return answer, s.conn.Invoke(ctx, fmt.Sprintf("/%s/%s", m.Parent().FullName(), m.Name()), request, answer)
}

// mostWaits is how often a call is made again because the service has asked to wait.
const mostWaits = 20

// patient is [service.ask] for one of many calls: where the service says how long to wait, because it is busy or the caller's budget is
// used up, it waits.
func (s *service) patient(ctx context.Context, request proto.Message) (proto.Message, error) {
	for waits := 0; ; waits++ {
		answer, err := s.ask(ctx, request)
		var refused *client.Error
		if s.clock == nil || waits == mostWaits || !errors.As(err, &refused) || !refused.Retryable || refused.RetryAfter <= 0 || refused.RetryAfter > s.timeout ||
			!clock.Wait(ctx, s.clock, refused.RetryAfter, nil) {
			return answer, err
		}
	}
}

// errLate is that a stream has not begun in time.
var errLate = errors.New("late")

// begin returns a context for a stream, which ends when begun is not called in time.
func (s *service) begin(ctx context.Context) (stream context.Context, begun func(), end context.CancelFunc) {
	stream, cancel := context.WithCancelCause(ctx)
	came := make(chan struct{})
	go func() {
		t := s.clock.NewTimer(s.timeout)
		defer t.Stop()
		select {
		case <-t.C():
			cancel(errLate)
		case <-came:
		case <-stream.Done():
		}
	}()
	return stream, sync.OnceFunc(func() { close(came) }), func() { cancel(nil) }
}

// lateOr is the error of a stream; one that has not begun in time says so.
func (s *service) lateOr(stream context.Context, err error) error {
	if errors.Is(context.Cause(stream), errLate) {
		return &client.Error{Code: codes.DeadlineExceeded, Message: fmt.Sprintf("no answer within %s", s.timeout), Retryable: true}
	}
	return err
}

// call is [service.ask] for an answer of a known type.
func call[A proto.Message](ctx context.Context, s *service, request proto.Message) (a A, err error) {
	answer, err := s.ask(ctx, request)
	if err != nil {
		return a, err
	}
	return answer.(A), nil
}

// rule is what REST makes of an rpc.
func rule(m protoreflect.MethodDescriptor) *annotations.HttpRule {
	r, _ := proto.GetExtension(m.Options(), annotations.E_Http).(*annotations.HttpRule)
	return r
}

// resource is what an answer is about: the field that REST answers with or the answer itself.
func resource(m protoreflect.MethodDescriptor, answer proto.Message) proto.Message {
	if name := rule(m).GetResponseBody(); name != "" {
		r := answer.ProtoReflect()
		return r.Get(r.Descriptor().Fields().ByName(protoreflect.Name(name))).Message().Interface()
	}
	return answer
}

// elements is the field of a list's answer that has them: the first with several messages.
func elements(m protoreflect.MethodDescriptor) protoreflect.FieldDescriptor {
	fields := m.Output().Fields()
	for i := range fields.Len() {
		if f := fields.Get(i); f.IsList() && f.Message() != nil {
			return f
		}
	}
	return nil
}
