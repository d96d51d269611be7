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
	d := dialectOf(m.Family, m.Activity)
	params, err := d.params(c, m)
	if err != nil {
		return Result{}, fmt.Errorf("write call: %w", err)
	}
	return c.exchange(ctx, d, judge.Request{Activity: m.Activity, Asked: m.Instance}, params)
}

// Replay makes a debugging call whose parameters were saved as they are on the
// wire. Errors as Send.
func (c *Caller) Replay(ctx context.Context, s Saved) (Result, error) {
	return c.exchange(ctx, dialectOf(s.Family, s.Activity), judge.Request{Activity: s.Activity, Test: true, Asked: s.Asked}, s.Params)
}

// exchange signs a call, makes it and judges the answer.
func (c *Caller) exchange(ctx context.Context, d dialect, q judge.Request, params map[string]any) (Result, error) {
	r := Result{At: c.cfg.Clock.Now(), Verdict: judge.Verdict{Outcome: judge.OutcomeFailed}}
	p, err := d.pack(c, d.name(q.Activity), r.At, params)
	if err != nil {
		return r, fmt.Errorf("sign call: %w", err)
	}

	// The deadline is the seller's: the answer has to be complete by then.
	ctx, cancel := clock.WithTimeout(ctx, c.cfg.Clock, p.timeout)
	defer cancel()
	var body io.Reader
	if p.body != nil {
		body = bytes.NewReader(p.body)
	}
	request, err := http.NewRequestWithContext(ctx, p.method, p.url, body)
	if err != nil {
		return r, fmt.Errorf("build call: %w", transportError(ctx, err, p.timeout))
	}
	request.Header = p.header

	answer, err := c.receive(request)
	r.Took = c.cfg.Clock.Now().Sub(r.At)
	r.Status = answer.Status
	if err == nil && r.Took > p.timeout { // complete, but nobody listened any more
		err = context.DeadlineExceeded
	}
	if err != nil {
		r.Err = transportError(ctx, err, p.timeout).Error()
		return r, nil
	}
	answer.Took = r.Took
	q.Timeout = p.timeout
	q.Family, q.Key = d.rules(c)
	r.Verdict = judge.Judge(q, answer, c.cfg.Readings.Readings)
	return r, nil
}

// receive makes a request and reads the answer, as much of it as is looked at.
func (c *Caller) receive(request *http.Request) (judge.Answer, error) {
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
