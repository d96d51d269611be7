// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/koogate/koogate/koogallery/resultcode"
)

// Longest values, in characters (saas-v2 §5).
const (
	maxResultMsg  = 255
	maxInstanceID = 64
)

// judge reads an answer as the marketplace's debugger does (saas-v2 §8.3): HTTP
// status, content type, resultCode and resultMsg, the fields that the activity
// must return, and the time taken. An objection that would not make the
// production call fail leaves the outcome at ok.
func judge(c *Call, contentType string, body []byte, timeout time.Duration) {
	answer, ok := c.read(contentType, body, timeout)
	if !ok {
		return
	}
	code := resultcode.Code(c.ResultCode)
	switch {
	case c.Activity == ActivityNew:
		c.judgeNew(answer)
	case c.Activity == ActivityQuery && code == resultcode.Processing:
		c.Outcome = OutcomePending
	case code != resultcode.Success:
	case c.Activity == ActivityQuery:
		c.judgeQuery(answer)
	default:
		c.Outcome = OutcomeOK
	}
}

// read reads what every answer has to have, and leaves the outcome at failed. It
// reports false if there is no result code to go by.
func (c *Call) read(contentType string, body []byte, timeout time.Duration) (answer members, ok bool) {
	c.Outcome = OutcomeFailed
	if c.Took > timeout {
		c.complain("the answer took %v, more than %v", c.Took, timeout)
	}
	if c.HTTPStatus != http.StatusOK {
		c.complain("HTTP status %d, must be 200", c.HTTPStatus)
		return nil, false
	}
	if media, _, err := mime.ParseMediaType(contentType); err != nil || media != "application/json" {
		c.complain("the Content-Type is not application/json")
		return nil, false
	}
	if len(body) > maxAnswer {
		c.complain("the answer is longer than %d bytes", maxAnswer)
		return nil, false
	}
	if answer, ok = object(body); !ok {
		c.complain("the answer is not a JSON object in UTF-8")
		return nil, false
	}
	code, ok := answer.text("resultCode")
	if !ok || code == "" {
		c.complain("resultCode is missing or no string")
		return nil, false
	}
	c.ResultCode = shorten(code, maxInstanceID)
	if message, ok := answer.text("resultMsg"); !ok || message == "" {
		c.complain("resultMsg is missing or empty")
	} else {
		c.ResultMsg = shorten(message, maxResultMsg)
		if c.ResultMsg != message {
			c.complain("resultMsg is longer than %d characters", maxResultMsg)
		}
	}
	return answer, true
}

// judgeNew: success needs an instance id, also with 000004 (saas-v2 §5.1). A
// debugging call has to answer 000000.
func (c *Call) judgeNew(answer members) {
	id, _ := answer.text("instanceId")
	c.InstanceIDReturned = shorten(id, maxInstanceID)
	code := resultcode.Code(c.ResultCode)
	switch {
	case code == resultcode.Processing && c.Test:
		return
	case code != resultcode.Success && code != resultcode.Processing:
		return
	case id == "":
		c.complain("instanceId is missing or no string")
		return
	case id != c.InstanceIDReturned:
		c.complain("instanceId is longer than %d characters", maxInstanceID)
		return
	}
	c.Outcome = OutcomeOK
}

// complain adds an objection.
func (c *Call) complain(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if c.Problem != "" {
		text = c.Problem + "; " + text
	}
	c.Problem = text
}

// asynchronous tells whether a newInstance was answered with 000004.
func (c Call) asynchronous() bool {
	return c.Activity == ActivityNew && resultcode.Code(c.ResultCode) == resultcode.Processing
}

// members are the members of a JSON object, by their exact names: unlike
// encoding/json with a struct, the marketplace does not ignore case.
type members map[string]json.RawMessage

func object(b []byte) (members, bool) {
	var m members
	if !utf8.Valid(b) || json.Unmarshal(b, &m) != nil || m == nil {
		return nil, false
	}
	return m, true
}

// text returns a member that is a string.
func (m members) text(name string) (string, bool) {
	var s *string
	if json.Unmarshal(m[name], &s) != nil || s == nil {
		return "", false
	}
	return *s, true
}

// has tells whether a member is there and not null.
func (m members) has(name string) bool {
	raw, ok := m[name]
	return ok && string(raw) != "null"
}

// list returns a member that is an array of objects.
func (m members) list(name string) ([]members, bool) {
	var raw []json.RawMessage
	if json.Unmarshal(m[name], &raw) != nil || raw == nil {
		return nil, false
	}
	out := make([]members, 0, len(raw))
	for _, r := range raw {
		element, ok := object(r)
		if !ok {
			return nil, false
		}
		out = append(out, element)
	}
	return out, true
}

// shorten cuts a text to n characters.
func shorten(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return strings.ToValidUTF8(s, "\uFFFD")
	}
	return string([]rune(s)[:n])
}
