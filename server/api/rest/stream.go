// SPDX-License-Identifier: Apache-2.0

package rest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
)

// filter is the body of a stream: it passes on one message after the other, each checked. What is wrong ends the stream, and
// [refused] has it: the gateway would pass on no more than its text.
type filter struct {
	call   *restCall
	source io.ReadCloser
	json   *json.Decoder
	passed bytes.Buffer
	fault  error
}

type filterKey struct{}

var errRefused = errors.New("the stream was refused")

// Read implements io.Reader.
func (f *filter) Read(p []byte) (int, error) {
	if f.json == nil {
		f.json = json.NewDecoder(f.source)
	}
	for f.passed.Len() == 0 {
		if f.fault != nil {
			return 0, errRefused
		}
		var raw json.RawMessage
		err := f.json.Decode(&raw)
		if errors.Is(err, io.EOF) {
			return 0, io.EOF
		}
		if err != nil {
			f.fault = notMessage(err)
			return 0, errRefused
		}
		if f.fault = f.call.checkMessage(raw); f.fault == nil {
			f.passed.Write(raw)
			f.passed.WriteByte('\n')
		}
	}
	return f.passed.Read(p)
}

// Close implements io.Closer.
func (f *filter) Close() error { return f.source.Close() }

// notMessage tells a body that cannot be read from one that is no JSON.
func notMessage(err error) error {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) || errors.Is(err, io.ErrUnexpectedEOF) {
		return notJSON(err)
	}
	return unreadBody(err)
}
