// SPDX-License-Identifier: Apache-2.0

package market

import (
	"fmt"
	"time"

	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/koogallery/simulator/wire"
)

// Call is the record of one call to the seller, that is, of one attempt.
type Call struct {
	Seq        int64          `json:"seq"`
	MessageID  int64          `json:"messageId,omitempty"` // the Message it is an attempt of; 0 for dial tests
	OrderID    string         `json:"orderId"`
	LineID     string         `json:"orderLineId"`
	InstanceID string         `json:"instanceId,omitempty"` // sent
	Activity   judge.Activity `json:"activity"`
	Scene      string         `json:"scene,omitempty"` // scene of a refresh, status of a status change, flag of the Kit
	Test       bool           `json:"test,omitempty"`  // testFlag "1"
	Attempt    int            `json:"attempt"`         // from 1
	At         time.Time      `json:"at"`
	Took       time.Duration  `json:"took"` // nanoseconds in JSON

	HTTPStatus         int    `json:"httpStatus,omitempty"` // 0: no answer
	ResultCode         string `json:"resultCode,omitempty"`
	ResultMsg          string `json:"resultMsg,omitempty"` // the seller's text, at most 255 characters
	InstanceIDReturned string `json:"instanceIdReturned,omitempty"`

	// Outcome is the judgement.
	Outcome judge.Outcome `json:"outcome"`

	// Err says why there was no answer. Problem says what the marketplace's
	// debugger would object to; a call can succeed and still have a problem.
	Err     string `json:"err,omitempty"`
	Problem string `json:"problem,omitempty"`

	act   judge.Activity // what SaaS V2.0 calls the activity
	shows judge.Shown
}

// Exception is the text of the column 异常信息.
func (c Call) Exception() string {
	switch {
	case c.Err != "":
		return c.Err
	case c.Problem != "":
		return c.Problem
	case c.Outcome == judge.OutcomePending:
		return "the instance is not shown yet, resultCode " + c.ResultCode
	case c.Outcome == judge.OutcomeFailed:
		return "resultCode " + c.ResultCode
	default:
		return ""
	}
}

// MessageState is the state of a Message.
type MessageState string

// The message states.
const (
	MessagePending   MessageState = "PENDING"
	MessageSucceeded MessageState = "SUCCEEDED"
	MessageFailed    MessageState = "FAILED"
)

// Message is one row of 生产接口消息 (open-apis §9.1): one thing that the
// seller was to be told, with all its attempts.
type Message struct {
	ID         int64          `json:"id"`
	OrderID    string         `json:"orderId"`
	LineID     string         `json:"orderLineId"`
	InstanceID string         `json:"instanceId,omitempty"`
	Activity   judge.Activity `json:"activity"`
	Scene      string         `json:"scene,omitempty"`
	FirstAt    time.Time      `json:"firstAt"`
	LastAt     time.Time      `json:"lastAt"`
	Attempts   int            `json:"attempts"`
	State      MessageState   `json:"state"`
	Exception  string         `json:"exception,omitempty"`
}

// Restartable tells whether an attempt failed that can be repeated by hand.
func (m Message) Restartable() bool {
	return m.State == MessageFailed || (m.State == MessagePending && m.Exception != "")
}

// Rehearsed returns the record of a call that belongs to no order.
func Rehearsed(a judge.Activity, c Call, r wire.Result) Call {
	c.act, c.Test, c.Attempt = a, true, 1
	c.take(r)
	return c
}

// take notes what came of the call.
func (c *Call) take(v wire.Result) {
	c.At, c.Took, c.HTTPStatus, c.Err = v.At, v.Took, v.Status, v.Err
	c.Outcome, c.ResultCode, c.ResultMsg, c.InstanceIDReturned = v.Outcome, v.ResultCode, v.ResultMsg, v.InstanceID
	c.Problem, c.shows = v.Problem, v.Shows
}

// Complain adds an objection.
func (c *Call) Complain(format string, args ...any) {
	v := judge.Verdict{Problem: c.Problem}
	v.Complain(format, args...)
	c.Problem = v.Problem
}

// Succeeded tells whether the result code is that of success.
func (c *Call) Succeeded() bool { return resultcode.Code(c.ResultCode) == resultcode.Success }

// asynchronous tells whether a newInstance was answered with 000004.
func (c *Call) asynchronous() bool {
	return c.act == judge.ActivityNew && resultcode.Code(c.ResultCode) == resultcode.Processing
}

// Shown is what the answer showed of the instance.
func (c *Call) Shown() judge.Shown { return c.shows }

// CallError describes the last attempt of a call that did not succeed.
func CallError(c Call) error {
	return fmt.Errorf("%w: %s of order %s, attempt %d: %s", ErrCall, c.Activity, c.OrderID, c.Attempt, c.Exception())
}
