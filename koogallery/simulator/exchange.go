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

	"github.com/koogate/koogate/koogallery/sign"
)

// maxAnswer bounds how much of an answer is read. The documents name no limit.
const maxAnswer = 1 << 20

// exchange makes one signed call and judges the answer. It fills in everything
// of c from At on. Only a body that cannot be sent at all is an error.
func (s *Simulator) exchange(ctx context.Context, c *Call, params map[string]any) error {
	body, err := encode(params)
	if err != nil {
		return err
	}
	c.At = s.cfg.Now()
	signed, err := sign.SignURL(s.cfg.FacadeURL, s.cfg.AccessKey, token(s.cfg.NewID()), c.At, body)
	if err != nil {
		return fmt.Errorf("simulator: sign call: %w", err)
	}

	// The deadline is the seller's: the answer has to be complete by then.
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, signed, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("simulator: build call: %w", transportError(err, s.cfg.Timeout))
	}
	request.Header.Set("Accept", "application/json")
	request.Header.Set("Content-Type", "application/json;charset=utf8")

	c.Outcome = OutcomeFailed
	response, err := s.client.Do(request)
	if err != nil {
		c.Took = s.cfg.Now().Sub(c.At)
		c.Err = transportError(err, s.cfg.Timeout).Error()
		return nil
	}
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	_ = response.Body.Close()
	c.Took = s.cfg.Now().Sub(c.At)
	c.HTTPStatus = response.StatusCode
	if err != nil {
		c.Err = transportError(err, s.cfg.Timeout).Error()
		return nil
	}
	judge(c, response.Header.Get("Content-Type"), answer, s.cfg.Timeout)
	return nil
}

// transportError leaves out the URL, which carries nonce and signature, and
// says plainly when time ran out.
func transportError(err error, timeout time.Duration) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		err = wrapped.Err
	}
	if errors.Is(err, context.DeadlineExceeded) {
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
	if c.Outcome == OutcomeFailed || c.Problem != "" {
		s.cfg.Log.WarnContext(ctx, "marketplace call", append(attrs, "exception", c.exception())...)
		return
	}
	s.cfg.Log.InfoContext(ctx, "marketplace call", attrs...)
}
