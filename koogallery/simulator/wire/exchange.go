// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/koogate/koogate/koogallery/clock"
	"github.com/koogate/koogate/koogallery/judge"
)

// Result is what came of one exchange. Without an answer Status is 0 and Err says
// why.
type Result struct {
	At     time.Time
	Took   time.Duration
	Status int
	Err    string
	judge.Verdict
}

// Send makes the next attempt of a call and judges the answer. Only a call that
// cannot be written down is an error.
func (c *Caller) Send(ctx context.Context, m Message) (Result, error) {
	call, err := c.Write(m)
	if err != nil {
		return Result{}, err
	}
	r, _ := c.Make(ctx, call)
	return r, nil
}

// Replay makes a debugging call whose parameters were saved as they are on the
// wire. Errors as Send.
func (c *Caller) Replay(ctx context.Context, s Saved) (Result, error) {
	call, err := c.WriteSaved(s)
	if err != nil {
		return Result{}, err
	}
	r, _ := c.Make(ctx, call)
	return r, nil
}

// Write writes the next attempt of a call down and signs it.
func (c *Caller) Write(m Message) (Call, error) {
	d := dialectOf(m.Family, m.Activity)
	params, err := d.params(c, m)
	if err != nil {
		return Call{}, fmt.Errorf("write call: %w", err)
	}
	return c.write(d, judge.Request{Activity: m.Activity, Asked: m.Instance}, params)
}

// WriteSaved writes a debugging call down and signs it.
func (c *Caller) WriteSaved(s Saved) (Call, error) {
	return c.write(dialectOf(s.Family, s.Activity), judge.Request{Activity: s.Activity, Test: true, Asked: s.Asked}, s.Params)
}

func (c *Caller) write(d dialect, q judge.Request, params map[string]any) (Call, error) {
	call, err := d.pack(c, d.name(q.Activity), c.cfg.Clock.Now(), params)
	if err != nil {
		return Call{}, fmt.Errorf("sign call: %w", err)
	}
	q.Timeout = call.Asked.Timeout
	q.Family, q.Key = d.rules(c)
	call.Asked = q
	return call, nil
}

// Make makes a call once and judges the answer, which is empty when there was none.
func (c *Caller) Make(ctx context.Context, call Call) (Result, judge.Answer) {
	r := Result{At: c.cfg.Clock.Now(), Verdict: judge.Verdict{Outcome: judge.OutcomeFailed}}
	// The deadline is the seller's: the answer has to be complete by then.
	timeout := call.Asked.Timeout
	ctx, cancel := clock.WithTimeout(ctx, c.cfg.Clock, timeout)
	defer cancel()
	answer, err := c.receive(ctx, call)
	r.Took = c.cfg.Clock.Now().Sub(r.At)
	r.Status, answer.Took = answer.Status, r.Took
	if err == nil && r.Took > timeout { // complete, but nobody listened any more
		err = context.DeadlineExceeded
	}
	if err != nil {
		r.Err = transportError(ctx, err, timeout).Error()
		return r, answer
	}
	r.Verdict = judge.Judge(call.Asked, answer, c.cfg.Readings.Readings)
	return r, answer
}

// receive makes the call and reads the answer, of which it may return a part with an error.
func (c *Caller) receive(ctx context.Context, call Call) (judge.Answer, error) {
	var body io.Reader
	if call.Body != nil {
		body = bytes.NewReader(call.Body)
	}
	request, err := http.NewRequestWithContext(ctx, call.Method, call.URL, body)
	if err != nil {
		return judge.Answer{}, err
	}
	request.Header = call.Header
	response, err := c.client.Do(request)
	if err != nil {
		return judge.Answer{}, err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(response.Body, judge.MaxAnswer+1))
	return judge.Answer{Status: response.StatusCode, Header: response.Header, Body: text}, err
}

// transportError leaves out the URL, which carries nonce and signature, and
// says plainly when time ran out.
func transportError(ctx context.Context, err error, timeout time.Duration) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
		return fmt.Errorf("no complete answer within %v", timeout)
	}
	return err
}
