// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"github.com/koogate/koogate/server/call"
	"github.com/koogate/koogate/store"
)

var _ call.Journal = (*Journal)(nil)

// Sent notes a call to the marketplace and returns the ID of its row, empty when there will be none: no call was made, or there is no room.
// It does not wait, whatever the database does. Calls of the marketplace keep half of the room.
func (j *Journal) Sent(s call.Sent) (id string) {
	if s.Heard.Tries == 0 || s.Seller == "" {
		return ""
	}
	c := store.Call{
		Seller: s.Seller, Direction: store.CallOutbound, ID: store.TimedID(j.NewID(), s.At), CreatedAt: s.At, LastAt: s.At, Times: 1,
		Activity: string(s.Operation), OrderID: identifier(s.OrderID), InstanceID: identifier(s.InstanceID), TaskID: s.TaskID, TraceID: s.TraceID,
		Verdict: store.CallAnswered, Code: identifier(s.Heard.Code), Reason: identifier(s.Reason), HTTPStatus: s.Heard.Status, Took: max(s.Took, 0),
		Request: int64(s.Heard.Request), Answer: int64(s.Heard.Answer), Attempt: int64(s.Attempt), Records: int64(s.Records), UntilAt: s.Until,
	}
	if s.Heard.Status == 0 {
		c.Verdict = store.CallUnanswered
	}
	j.keep(&c, &Body{Request: s.Heard.Asked, Answer: s.Heard.Said})
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.add(c, lostSent, 1, most/2)
}
