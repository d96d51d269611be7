// SPDX-License-Identifier: Apache-2.0

package dev

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// refused is an error of the API.
type refused struct {
	status int
	reason string
	text   string
}

// Error implements error.
func (r *refused) Error() string { return fmt.Sprintf("HTTP %d %s: %s", r.status, r.reason, r.text) }

// internalAPI is the base URL of the internal API, which takes the demo token.
type internalAPI string

// call makes a call. Errors: *refused.
func (a internalAPI) call(ctx context.Context, method, path string, body, into any) error {
	var text []byte
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			return err
		}
	}
	q, err := http.NewRequestWithContext(ctx, method, string(a)+path, bytes.NewReader(text))
	if err != nil {
		return err
	}
	q.Header.Set("Authorization", "Bearer "+demoToken)
	res, err := http.DefaultClient.Do(q)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		var e struct {
			Message string
			Details []struct{ Reason string }
		}
		_ = json.Unmarshal(answer, &e)
		r := &refused{status: res.StatusCode, text: path + ": " + e.Message}
		for _, detail := range e.Details {
			if detail.Reason != "" {
				r.reason = detail.Reason
			}
		}
		return r
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(answer, into)
}
