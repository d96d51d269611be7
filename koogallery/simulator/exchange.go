// SPDX-License-Identifier: Apache-2.0

package simulator

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

// exchange makes one signed call and judges the answer. It fills in everything
// of c from At on. Only a body that cannot be sent at all is an error.
func (s *Simulator) exchange(ctx context.Context, c *Call, d dialect, params map[string]any) error {
	c.At = s.cfg.Clock.Now()
	p, err := d.pack(s, c, params)
	if err != nil {
		return fmt.Errorf("simulator: sign call: %w", err)
	}

	// The deadline is the seller's: the answer has to be complete by then.
	ctx, cancel := clock.WithTimeout(ctx, s.cfg.Clock, p.timeout)
	defer cancel()
	var body io.Reader
	if p.body != nil {
		body = bytes.NewReader(p.body)
	}
	request, err := http.NewRequestWithContext(ctx, p.method, p.url, body)
	if err != nil {
		return fmt.Errorf("simulator: build call: %w", transportError(ctx, err, p.timeout))
	}
	request.Header = p.header

	c.Outcome = judge.OutcomeFailed
	response, err := s.client.Do(request)
	if err != nil {
		c.Took = s.cfg.Clock.Now().Sub(c.At)
		c.Err = transportError(ctx, err, p.timeout).Error()
		return nil
	}
	text, err := io.ReadAll(io.LimitReader(response.Body, judge.MaxAnswer+1))
	_ = response.Body.Close()
	c.Took = s.cfg.Clock.Now().Sub(c.At)
	c.HTTPStatus = response.StatusCode
	if err == nil && c.Took > p.timeout { // complete, but nobody listened any more
		err = context.DeadlineExceeded
	}
	if err != nil {
		c.Err = transportError(ctx, err, p.timeout).Error()
		return nil
	}
	family, key := d.rules(s)
	c.take(judge.Judge(
		judge.Request{Family: family, Activity: c.act, Test: c.Test, Asked: c.InstanceID, Key: key, Timeout: p.timeout},
		judge.Answer{Status: c.HTTPStatus, Header: response.Header, Body: text, Took: c.Took},
		s.cfg.Readings.Readings,
	))
	return nil
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

// log writes one line about a call. The seller's resultMsg is left out: it may
// hold anything.
func (s *Simulator) log(ctx context.Context, c Call) {
	attrs := []any{
		"activity", string(c.Activity), "order", c.OrderID, "attempt", c.Attempt,
		"outcome", string(c.Outcome), "status", c.HTTPStatus, "code", c.ResultCode, "took", c.Took,
	}
	if c.Scene != "" {
		attrs = append(attrs, "scene", c.Scene)
	}
	if c.Outcome == judge.OutcomeFailed || c.Problem != "" {
		s.cfg.Log.WarnContext(ctx, "marketplace call", append(attrs, "exception", c.exception())...)
		return
	}
	s.cfg.Log.InfoContext(ctx, "marketplace call", attrs...)
}
