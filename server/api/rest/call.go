// SPDX-License-Identifier: Apache-2.0

package rest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/errs"
)

// restCall is an rpc as REST has it.
type restCall struct {
	input    protoreflect.MessageDescriptor
	inPath   map[protoreflect.Name]bool     // the fields that the path holds
	body     protoreflect.MessageDescriptor // what the body is; nil when the call has none
	bodyName string                         // the field that the body is, by its JSON name; empty when it is the whole request
	inBody   protoreflect.Name              // the same field by its proto name
	stream   bool                           // the body is one message after the other
	words    map[string]string              // the JSON names of the request's fields by their proto names
}

// strict returns a middleware of the gateway that refuses a request which holds anything that the call does not know or which is
// not in the contract's form: the gateway alone would ignore the one and describe the other without its place. It answers through
// refuse. Reason: INVALID_FIELD, with the fields by their JSON names.
func strict(refuse func(http.ResponseWriter, *http.Request, error)) runtime.Middleware {
	calls := restCalls()
	return func(next runtime.HandlerFunc) runtime.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request, pathParams map[string]string) {
			c := calls.of(r)
			if c == nil {
				next(w, r, pathParams)
				return
			}
			if err := c.checkQuery(r.URL.RawQuery); err != nil {
				refuse(w, r, err)
				return
			}
			switch {
			case c.body == nil:
			case c.stream:
				f := &filter{call: c, source: r.Body}
				r = r.WithContext(context.WithValue(r.Context(), filterKey{}, f))
				r.Body = f
			default:
				body, err := c.readBody(r.Body)
				if err != nil {
					refuse(w, r, err)
					return
				}
				r.Body = io.NopCloser(bytes.NewReader(body))
			}
			next(w, r, pathParams)
		}
	}
}

// refused is the error that ended the body of a stream early; nil when none did.
func refused(ctx context.Context) error {
	if f, ok := ctx.Value(filterKey{}).(*filter); ok {
		return f.fault
	}
	return nil
}

// readBody reads a body that is one message, and checks it. An empty body is an empty message.
func (c *restCall) readBody(r io.Reader) ([]byte, error) {
	body, err := io.ReadAll(r)
	if err != nil {
		return nil, unreadBody(err)
	}
	if len(bytes.TrimSpace(body)) == 0 {
		return body, nil
	}
	return body, c.checkBody(body)
}

func unreadBody(err error) error {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return errs.New(errs.Invalid, errs.InvalidField, "the body is longer than %d bytes", large.Limit)
	}
	return errs.New(errs.Invalid, errs.InvalidField, "the body cannot be read to its end")
}

// table finds the call of a request by its method and the gateway's pattern.
type table map[string]*restCall

func (t table) of(r *http.Request) *restCall {
	p, ok := runtime.HTTPPattern(r.Context())
	if !ok {
		return nil
	}
	return t[r.Method+" "+p.String()]
}

var variable = regexp.MustCompile(`\{([a-z0-9_]+)\}`)

// restCalls reads the calls of every service of the internal API from the paths in the protos.
func restCalls() table {
	t := table{}
	protoregistry.GlobalFiles.RangeFilesByPackage(koogatev1.File_koogate_v1_order_service_proto.Package(), func(file protoreflect.FileDescriptor) bool {
		for i := range file.Services().Len() {
			t.add(file.Services().Get(i).Methods())
		}
		return true
	})
	return t
}

func (t table) add(methods protoreflect.MethodDescriptors) {
	for i := range methods.Len() {
		rule, _ := proto.GetExtension(methods.Get(i).Options(), annotations.E_Http).(*annotations.HttpRule)
		for _, r := range append([]*annotations.HttpRule{rule}, rule.GetAdditionalBindings()...) {
			method, path := methodAndPath(r)
			t[method+" "+variable.ReplaceAllString(path, "{$1=*}")] = restCallOf(methods.Get(i), r, path)
		}
	}
}

func methodAndPath(r *annotations.HttpRule) (method, path string) {
	switch p := r.GetPattern().(type) {
	case *annotations.HttpRule_Get:
		return http.MethodGet, p.Get
	case *annotations.HttpRule_Put:
		return http.MethodPut, p.Put
	case *annotations.HttpRule_Post:
		return http.MethodPost, p.Post
	case *annotations.HttpRule_Delete:
		return http.MethodDelete, p.Delete
	case *annotations.HttpRule_Patch:
		return http.MethodPatch, p.Patch
	}
	panic(fmt.Sprintf("rest: an rpc without a path that REST can serve: %v", r))
}

func restCallOf(m protoreflect.MethodDescriptor, r *annotations.HttpRule, path string) *restCall {
	c := &restCall{input: m.Input(), inPath: map[protoreflect.Name]bool{}, stream: m.IsStreamingClient(), words: wordsOf(m.Input())}
	for _, v := range variable.FindAllStringSubmatch(path, -1) {
		c.inPath[protoreflect.Name(v[1])] = true
	}
	switch r.GetBody() {
	case "":
	case "*":
		c.body = m.Input()
	default:
		f := m.Input().Fields().ByName(protoreflect.Name(r.GetBody()))
		c.body, c.bodyName, c.inBody = f.Message(), f.JSONName(), f.Name()
	}
	return c
}
