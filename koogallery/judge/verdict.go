// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"fmt"
	"net/http"
	"time"

	"github.com/koogate/koogate/koogallery/resultcode"
)

// MaxAnswer bounds how many bytes of an answer are read. The documents name no limit.
const MaxAnswer = 1 << 20

// Request is what was asked, as far as the answer is judged by it.
type Request struct {
	Family   Family
	Activity Activity      // what SaaS V2.0 calls it
	Test     bool          // testFlag "1"
	Asked    string        // the instance ids sent, separated by commas
	Key      string        // signs the answer and seals access information
	Timeout  time.Duration // how long the marketplace waits
}

// Answer is what came back. Body holds at most one byte more than MaxAnswer.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
	Took   time.Duration
}

// Outcome is the judgement of a call.
type Outcome string

// The outcomes of a call.
const (
	OutcomeOK      Outcome = "ok"
	OutcomePending Outcome = "pending" // queryInstance: nothing to show yet
	OutcomeFailed  Outcome = "failed"
)

// Verdict is what is thought of an answer. The zero value is that of a call without one.
type Verdict struct {
	Outcome    Outcome
	ResultCode string
	ResultMsg  string // the seller's text, at most 255 characters
	InstanceID string // returned, at most 64 characters

	// Problem says what the marketplace's debugger would object to; a call can succeed and still have a problem.
	Problem    string
	Objections []Objection // the same one by one, as far as they are about this answer alone
	Shows      Shown
}

// Shown is what an answer showed of the instance.
type Shown struct {
	Access  bool     // appInfo with a front-end URL
	Usage   bool     // at least one usageInfo
	Related []string // relatedInstanceId of the usage
	Digest  string   // of what newInstance or getLicense of V1 handed over
}

// Succeeded tells whether the result code is that of success.
func (v *Verdict) Succeeded() bool { return resultcode.Code(v.ResultCode) == resultcode.Success }

// Processing tells whether the result code is 000004: the answer to come later.
func (v *Verdict) Processing() bool { return resultcode.Code(v.ResultCode) == resultcode.Processing }

// Complain adds an objection.
func (v *Verdict) Complain(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if v.Problem != "" {
		text = v.Problem + "; " + text
	}
	v.Problem = text
}
