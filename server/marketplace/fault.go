// SPDX-License-Identifier: Apache-2.0

package marketplace

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/koogate/koogate/koogallery/openapi"
	"github.com/koogate/koogate/server/fulfil"
)

// The codes of failures for which the marketplace gave no code. They are shown to operators as the task's reason.
const (
	CodeNetwork  = "NETWORK"          // no complete answer; retried
	CodeAnswer   = "ANSWER_MALFORMED" // an answer that cannot be read; retried, an update of Koogate may read it
	CodeOrder    = "ORDER_MISMATCH"   // the answer is about another order; retried
	CodeLine     = "LINE_MISSING"     // the order has no such line; final
	CodeProduct  = "PRODUCT_MISSING"  // the line has no product yet; retried
	CodeLinear   = "QUANTITY_BOUNDS"  // the quantity is out of bounds; final
	CodeArgument = "ID_INVALID"       // the order's or event's ID, or the licence, cannot be sent; final
	CodeSeller   = "SELLER_UNKNOWN"   // the seller is not configured; retried
	CodeUsageKey = "USAGE_KEY"        // there is no key that signs usage pushes; retried
)

// fault turns a client's error into the core's. Refusals of our own keys (401, 403) are retried although the client calls
// them final: they say nothing about the order, and an operator who corrects the keys within the query window saves it.
func fault(err error) *fulfil.QueryError {
	q := &fulfil.QueryError{Retryable: true, Code: CodeNetwork, Cause: err}
	var e *openapi.Error
	switch {
	case errors.Is(err, openapi.ErrArgument):
		q.Retryable, q.Code = false, CodeArgument
	case !errors.As(err, &e):
	case errors.Is(err, openapi.ErrNetwork):
	case errors.Is(err, openapi.ErrResponse), errors.Is(err, openapi.ErrResponseSize), errors.Is(err, openapi.ErrNoOrder):
		q.Code = CodeAnswer
		q.Retryable = e.Retryable || e.HTTPStatus == http.StatusOK
	default:
		q.Retryable = e.Retryable || e.HTTPStatus == http.StatusUnauthorized || e.HTTPStatus == http.StatusForbidden
		if q.Code = e.Code; q.Code == "" {
			q.Code = fmt.Sprintf("HTTP_%d", e.HTTPStatus)
		}
	}
	return q
}

// uploadFault is fault for the upload, where "illegal operation" speaks of the event and not of our keys (saas-v1 §6.1).
func uploadFault(err error) *fulfil.QueryError {
	q := fault(err)
	var e *openapi.Error
	if errors.As(err, &e) && !e.Gateway() && e.Suffix() == openapi.SuffixNotPermitted {
		q.Retryable = false
	}
	return q
}
