// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"net/http"
	"time"

	"github.com/koogate/koogate/koogallery/judge"
)

// Call is one call written down and signed. Whoever checks a seller may alter it before it is made.
type Call struct {
	Method, URL string
	Header      http.Header
	Body        []byte        // nil for GET
	Asked       judge.Request // what its answer is judged by; for Timeout it is waited for
}

func post(address string, header http.Header, body []byte, timeout time.Duration) Call {
	return Call{Method: http.MethodPost, URL: address, Header: header, Body: body, Asked: judge.Request{Timeout: timeout}}
}
