// SPDX-License-Identifier: Apache-2.0

package interceptor

import (
	"context"
	"errors"
	"strings"
	"unicode/utf8"

	"buf.build/go/protovalidate"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/koogate/koogate/server/errs"
)

// The metadata of an UNKNOWN_ENUM_VALUE.
const (
	MetaField = "field" // the field's path in the request
	MetaValue = "value" // what it held, at most MaxMetaValue bytes; absent for fields that hold secrets
)

// MaxMetaValue is how much of a value outside its list is repeated, in bytes.
const MaxMetaValue = 64

// maxFields bounds how many violations one error lists.
const maxFields = 20

// ruleIn is the rule whose violation means: a value that the contract does not list.
const ruleIn = "string.in"

// Validate holds every request, and every message that a client streams, to the rules written in the proto. Violations
// become INVALID_FIELD, or UNKNOWN_ENUM_VALUE when one of them is a non-empty text outside its documented list. No text
// that was in a field becomes part of the message.
func Validate(v protovalidate.Validator) Pair {
	return Pair{
		Unary: func(ctx context.Context, req any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
			if err := check(v, req); err != nil {
				return nil, err
			}
			return next(ctx, req)
		},
		Stream: func(srv any, ss grpc.ServerStream, _ *grpc.StreamServerInfo, next grpc.StreamHandler) error {
			return next(srv, validated{ss, v})
		},
	}
}

// validated checks what it receives.
type validated struct {
	grpc.ServerStream
	v protovalidate.Validator
}

// RecvMsg implements grpc.ServerStream.
func (s validated) RecvMsg(m any) error {
	if err := s.ServerStream.RecvMsg(m); err != nil {
		return err
	}
	return check(s.v, m)
}

// Check holds one message to the rules written in the proto, as [Validate] does.
func Check(v protovalidate.Validator, m proto.Message) error { return check(v, m) }

func check(v protovalidate.Validator, req any) error {
	m, ok := req.(proto.Message)
	if !ok {
		return errs.New(errs.Internal, errs.InternalFault, "internal error")
	}
	err := v.Validate(m)
	if err == nil {
		return nil
	}
	var broken *protovalidate.ValidationError
	if !errors.As(err, &broken) {
		return errs.Wrap(err, errs.Internal, errs.InternalFault, "internal error")
	}
	return violated(broken.Violations)
}

func violated(list []*protovalidate.Violation) error {
	e := &errs.Error{Kind: errs.Invalid, Reason: errs.InvalidField}
	var text strings.Builder
	for i, v := range list {
		if i >= maxFields {
			text.WriteString("; and more")
			break
		}
		f := errs.Field{Path: protovalidate.FieldPathString(v.Proto.GetField()), Msg: v.Proto.GetMessage()}
		if f.Msg == "" {
			f.Msg = "breaks the rule " + v.Proto.GetRuleId()
		}
		e.Fields = append(e.Fields, f)
		if i > 0 {
			text.WriteString("; ")
		}
		if f.Path != "" {
			text.WriteString(f.Path + ": ")
		}
		text.WriteString(f.Msg)
		if e.Meta == nil && v.Proto.GetRuleId() == ruleIn && v.FieldValue.IsValid() && v.FieldValue.String() != "" {
			e.Reason, e.Meta = errs.UnknownEnumValue, map[string]string{MetaField: f.Path}
			if !secret(v) {
				e.Meta[MetaValue] = cut(v.FieldValue.String())
			}
		}
	}
	e.Msg = text.String()
	return e
}

// secret reports whether the proto marks the field as not to be shown. A field of unknown kind counts as secret.
func secret(v *protovalidate.Violation) bool {
	if v.FieldDescriptor == nil {
		return true
	}
	o, ok := v.FieldDescriptor.Options().(*descriptorpb.FieldOptions)
	return ok && o.GetDebugRedact()
}

// cut shortens a text to MaxMetaValue bytes, between characters.
func cut(s string) string {
	if len(s) <= MaxMetaValue {
		return s
	}
	end := MaxMetaValue
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end]
}
