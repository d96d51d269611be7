// SPDX-License-Identifier: Apache-2.0

package simulator

import (
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

// exception is the text of the column 异常信息.
func (c Call) exception() string {
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

// take notes what came of the call.
func (c *Call) take(v wire.Result) {
	c.At, c.Took, c.HTTPStatus, c.Err = v.At, v.Took, v.Status, v.Err
	c.Outcome, c.ResultCode, c.ResultMsg, c.InstanceIDReturned = v.Outcome, v.ResultCode, v.ResultMsg, v.InstanceID
	c.Problem, c.shows = v.Problem, v.Shows
}

// complain adds an objection.
func (c *Call) complain(format string, args ...any) {
	v := judge.Verdict{Problem: c.Problem}
	v.Complain(format, args...)
	c.Problem = v.Problem
}

func (c *Call) succeeded() bool { return resultcode.Code(c.ResultCode) == resultcode.Success }

// asynchronous tells whether a newInstance was answered with 000004.
func (c *Call) asynchronous() bool {
	return c.act == judge.ActivityNew && resultcode.Code(c.ResultCode) == resultcode.Processing
}
