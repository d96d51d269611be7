// SPDX-License-Identifier: Apache-2.0

package dbrow

import (
	"cmp"
	"time"

	"github.com/koogate/koogate/store"
)

// FromCall makes what records a call.
func FromCall(c *store.Call) CallPutParams {
	return CallPutParams{
		Seller: c.Seller, ID: c.ID, CreatedAt: Micros(c.CreatedAt), LastAt: Micros(c.LastAt), Times: c.Times, Endpoint: c.Endpoint, Family: c.Family,
		Activity: c.Activity, OrderID: c.OrderID, InstanceID: c.InstanceID, Subject: c.Subject, Verdict: string(c.Verdict), Cause: string(c.Cause),
		ResultCode: c.Code, Reason: c.Reason, HttpStatus: int64(c.HTTPStatus), Took: c.Took.Microseconds(), Probe: Truth(c.Probe), KeyID: c.KeyID,
		TraceID: c.TraceID, RequestSize: c.Request, AnswerSize: c.Answer, Series: c.Series.Microseconds(),
		Direction: string(cmp.Or(c.Direction, store.CallInbound)), Attempt: c.Attempt, Records: c.Records, TaskID: c.TaskID, UntilAt: Micros(c.UntilAt),
		ReplayOf: c.ReplayOf, Side: string(c.Side), Comparison: string(c.Comparison), OwnCode: c.OwnCode, Rules: c.Rules,
	}
}

// FromCallBody makes what keeps a call's body.
func FromCallBody(c *store.Call) CallBodyPutParams {
	return CallBodyPutParams{Seller: c.Seller, CreatedAt: Micros(c.CreatedAt), ID: c.ID, Sealed: c.Body}
}

// SpanOfID is when what has a timed ID was made, as microseconds: since the first and before the second. They are the same when nothing has
// such an ID.
func SpanOfID(id string) (since, before int64) {
	at, ok := store.TimeOfID(id)
	if !ok {
		return 0, 0
	}
	return Micros(at), Micros(at.Add(time.Millisecond))
}

// ForgetInTurn deletes the first rows of one seller after the other, limit at most; after names the next seller, and nobody after the last.
func ForgetInTurn(limit int, after func(seller string) (string, error), forget func(seller string, limit int64) (int64, error)) (n int64, err error) {
	for left, seller := int64(max(limit, 0)), ""; left > n; {
		if seller, err = after(seller); err != nil || seller == "" {
			return n, err
		}
		deleted, err := forget(seller, left-n)
		if err != nil {
			return n, err
		}
		n += deleted
	}
	return n, nil
}

// ToCall makes a call of its row.
func ToCall(r Call) store.Call {
	return store.Call{
		Seller: r.Seller, ID: r.ID, CreatedAt: Time(r.CreatedAt), LastAt: Time(r.LastAt), Times: r.Times, Endpoint: r.Endpoint, Family: r.Family,
		Activity: r.Activity, OrderID: r.OrderID, InstanceID: r.InstanceID, KeyID: r.KeyID, TraceID: r.TraceID, Probe: r.Probe != 0,
		Verdict: store.CallVerdict(r.Verdict), Cause: store.CallCause(r.Cause), Code: r.ResultCode, Reason: r.Reason, HTTPStatus: int(r.HttpStatus),
		Took: time.Duration(r.Took) * time.Microsecond, Request: r.RequestSize, Answer: r.AnswerSize, Subject: r.Subject, Attempt: r.Attempt,
		FirstAt: Time(r.FirstAt), Direction: store.CallDirection(r.Direction), Records: r.Records, TaskID: r.TaskID, UntilAt: Time(r.UntilAt),
		ReplayOf: r.ReplayOf, Side: store.Side(r.Side), Comparison: store.CallComparison(r.Comparison), OwnCode: r.OwnCode, Rules: r.Rules,
	}
}

// FromRefusal makes what adds to a count.
func FromRefusal(r *store.CallRefusal) CallRefusalAddParams {
	return CallRefusalAddParams{
		Seller: r.Seller, CreatedAt: Micros(r.Hour), ID: r.ID(), Endpoint: r.Endpoint, Cause: string(r.Cause), Calls: r.Calls,
		FirstAt: Micros(r.FirstAt), LastAt: Micros(r.LastAt),
	}
}

// ToRefusal makes a count of its row.
func ToRefusal(r CallRefusal) store.CallRefusal {
	return store.CallRefusal{
		Seller: r.Seller, Endpoint: r.Endpoint, Cause: store.CallCause(r.Cause), Hour: Time(r.CreatedAt), Calls: r.Calls, FirstAt: Time(r.FirstAt),
		LastAt: Time(r.LastAt),
	}
}

// ToCompared makes a count of comparisons of its row.
func ToCompared(r CallsComparedRow) store.Compared {
	return store.Compared{
		Comparison: store.CallComparison(r.Comparison), Rules: r.Rules, Calls: r.Calls, FirstAt: Time(r.FirstAt), LastAt: Time(r.LastAt),
	}
}
