// SPDX-License-Identifier: Apache-2.0

// Package taskanswer makes requests of TaskService of what the webhook of a provisioner has answered (ADR 47). The service reads answers by it, and so
// does koogate listen for a program on a developer's machine. What to do with an answer is package handover's business.
package taskanswer

import (
	"strings"
	"sync"
	"time"

	"buf.build/go/protovalidate"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/durationpb"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/api/rest"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/interceptor"
	"github.com/koogate/koogate/store"
)

// Validator holds messages to the rules of the contract; all of a process share it.
var Validator = sync.OnceValues(func() (protovalidate.Validator, error) { return protovalidate.New() })

// Lease is a task under the fencing token of its lease.
type Lease struct {
	TaskID string
	Fence  int64
}

// Complete reads an answer as the body of CompleteTask. Errors: RESULT_INVALID and INVALID_FIELD for what is not valid, without a value of it.
func (l Lease) Complete(valid protovalidate.Validator, answer []byte) (*koogatev1.CompleteTaskRequest, error) {
	r := &koogatev1.CompleteTaskRequest{}
	if err := rest.Read(answer, r); err != nil {
		return nil, err
	}
	if id, token := r.GetTaskId(), r.GetFencingToken(); id != "" && id != l.TaskID || token != 0 && token != l.Fence {
		return nil, errs.New(errs.Invalid, errs.ResultInvalid, "the answer names another task, or another lease of it")
	}
	r.TaskId, r.FencingToken = l.TaskID, l.Fence
	return r, interceptor.Check(valid, r)
}

// Refuse reads an answer as the body of a FailTask that is final. An answer that breaks a rule is not a reason to ask again: what is valid of it counts.
// why is the message when the answer has none. Without a code it says of a question that the instance is not known.
func (l Lease) Refuse(valid protovalidate.Validator, kind store.TaskKind, why string, answer []byte) *koogatev1.FailTaskRequest {
	r := &koogatev1.FailTaskRequest{}
	if (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(answer, r) != nil {
		r = &koogatev1.FailTaskRequest{}
	}
	if kind == store.TaskIdentify && r.GetCode() == koogatev1.FailureCode_FAILURE_CODE_UNSPECIFIED {
		r.Code = koogatev1.FailureCode_FAILURE_CODE_UNKNOWN_INSTANCE
	}
	said := &koogatev1.FailTaskRequest{TaskId: l.TaskID, FencingToken: l.Fence, Permanent: true, Message: why}
	for _, put := range []func(*koogatev1.FailTaskRequest){
		func(x *koogatev1.FailTaskRequest) { x.Code = r.GetCode() },
		func(x *koogatev1.FailTaskRequest) { x.CustomerMessage = r.GetCustomerMessage() },
		func(x *koogatev1.FailTaskRequest) {
			if text := strings.TrimSpace(r.GetMessage()); text != "" {
				x.Message = cut(why + ": " + text)
			}
		},
	} {
		with := &koogatev1.FailTaskRequest{
			TaskId: said.GetTaskId(), FencingToken: said.GetFencingToken(), Permanent: true, Code: said.GetCode(), Message: said.GetMessage(), CustomerMessage: said.GetCustomerMessage(),
		}
		if put(with); interceptor.Check(valid, with) == nil {
			said = with
		}
	}
	return said
}

// Return gives a task back to be tried again after a pause, of which 0 is the queue's own.
func (l Lease) Return(why string, pause time.Duration) *koogatev1.FailTaskRequest {
	r := &koogatev1.FailTaskRequest{TaskId: l.TaskID, FencingToken: l.Fence, Message: cut(why)}
	if pause > 0 {
		r.RetryAfter = durationpb.New(pause)
	}
	return r
}

// cut cuts a message for operators to what FailTask takes.
func cut(text string) string {
	const most = 1024 // characters
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most])
	}
	return text
}
