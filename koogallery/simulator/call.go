// SPDX-License-Identifier: Apache-2.0

package simulator

import "time"

// Call is the record of one call to the seller, that is, of one attempt.
type Call struct {
	Seq        int64         `json:"seq"`
	MessageID  int64         `json:"messageId,omitempty"` // the Message it is an attempt of; 0 for dial tests
	OrderID    string        `json:"orderId"`
	LineID     string        `json:"orderLineId"`
	InstanceID string        `json:"instanceId,omitempty"` // sent
	Activity   Activity      `json:"activity"`
	Scene      string        `json:"scene,omitempty"` // scene of a refresh, status of a status change, flag of the Kit
	Test       bool          `json:"test,omitempty"`  // testFlag "1"
	Attempt    int           `json:"attempt"`         // from 1
	At         time.Time     `json:"at"`
	Took       time.Duration `json:"took"` // nanoseconds in JSON

	HTTPStatus         int    `json:"httpStatus,omitempty"` // 0: no answer
	ResultCode         string `json:"resultCode,omitempty"`
	ResultMsg          string `json:"resultMsg,omitempty"` // the seller's text, at most 255 characters
	InstanceIDReturned string `json:"instanceIdReturned,omitempty"`

	// Outcome is the judgement.
	Outcome Outcome `json:"outcome"`

	// Err says why there was no answer. Problem says what the marketplace's
	// debugger would object to; a call can succeed and still have a problem.
	Err     string `json:"err,omitempty"`
	Problem string `json:"problem,omitempty"`

	act   Activity // what SaaS V2.0 calls the activity
	shows shown
}

// shown is what an answer showed of the instance.
type shown struct {
	access  bool     // appInfo with a front-end URL
	usage   bool     // at least one usageInfo
	related []string // relatedInstanceId of the usage
	digest  string   // of what newInstance or getLicense of V1 handed over
}

// Outcome is the judgement of a call.
type Outcome string

// The outcomes of a call.
const (
	OutcomeOK      Outcome = "ok"
	OutcomePending Outcome = "pending" // queryInstance: nothing to show yet
	OutcomeFailed  Outcome = "failed"
)

// exception is the text of the column 异常信息.
func (c Call) exception() string {
	switch {
	case c.Err != "":
		return c.Err
	case c.Problem != "":
		return c.Problem
	case c.Outcome == OutcomePending:
		return "the instance is not shown yet, resultCode " + c.ResultCode
	case c.Outcome == OutcomeFailed:
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

func (s MessageState) label() string {
	switch s {
	case MessagePending:
		return "进行中 pending"
	case MessageSucceeded:
		return "成功 succeeded"
	case MessageFailed:
		return "失败 failed"
	default:
		return string(s)
	}
}

// Message is one row of 生产接口消息 (open-apis §9.1): one thing that the
// seller was to be told, with all its attempts.
type Message struct {
	ID         int64        `json:"id"`
	OrderID    string       `json:"orderId"`
	LineID     string       `json:"orderLineId"`
	InstanceID string       `json:"instanceId,omitempty"`
	Activity   Activity     `json:"activity"`
	Scene      string       `json:"scene,omitempty"`
	FirstAt    time.Time    `json:"firstAt"`
	LastAt     time.Time    `json:"lastAt"`
	Attempts   int          `json:"attempts"`
	State      MessageState `json:"state"`
	Exception  string       `json:"exception,omitempty"`
}

// Restartable tells whether an attempt failed that can be repeated by hand.
func (m Message) Restartable() bool {
	return m.State == MessageFailed || (m.State == MessagePending && m.Exception != "")
}
