// SPDX-License-Identifier: Apache-2.0

package facade

import (
	"net/http"
	"strconv"

	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/server/facade/wirejson"
)

// appendResult appends an answer that holds only a code and its message.
func appendResult(dst []byte, code resultcode.Code, msg string) []byte {
	dst = append(dst, `{"resultCode":`...)
	dst = wirejson.AppendText(dst, string(code))
	dst = append(dst, `,"resultMsg":`...)
	dst = wirejson.AppendText(dst, msg)
	return append(dst, '}')
}

func setHeader(h http.Header, length int) {
	h["Content-Type"] = []string{wirejson.ContentType}
	h["Content-Length"] = []string{strconv.Itoa(length)}
}

// put makes code and msg the answer, in place of what was there.
func (x *exchange) put(code resultcode.Code, msg string) {
	x.code = code
	x.out = appendResult(x.out[:0], code, msg)
}

// fail is put with the message made from a detail.
func (x *exchange) fail(code resultcode.Code, detail string) {
	x.put(code, resultcode.Message(code, detail))
}

// send sends the answer once; a second call finds it sent. It returns the code that went out.
func (x *exchange) send() resultcode.Code {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.sent == "" {
		x.sent = x.code
		x.write(x.out, x.relay)
	} else {
		x.relay = nil // it was too late
	}
	return x.sent
}

// expire answers for a handler that is still busy when the budget is used up.
func (x *exchange) expire() {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.sent != "" || x.finished {
		return
	}
	x.sent = resultcode.Internal
	x.write(appendResult(nil, x.sent, resultcode.Message(x.sent, "the call was not done in time; repeat it")), nil)
	_ = http.NewResponseController(x.w).Flush() // the handler still holds the response; without a flush it would wait with it
}

// write sends a body that is ours, or an old server's with what came with it.
func (x *exchange) write(body []byte, from *relay) {
	h, status := x.w.Header(), x.status
	setHeader(h, len(body))
	switch {
	case from != nil:
		status = from.status
		if from.contentType != "" {
			h["Content-Type"] = []string{from.contentType}
		}
		if from.bodySign != "" {
			h[sign.BodySignHeader] = []string{from.bodySign}
		}
	case x.key != "" && (x.endpoint.BodySign || x.door.V1):
		h[sign.BodySignHeader] = []string{sign.BodySign(x.key, body)}
	case x.key == "" && x.endpoint.SignRefusals && x.door.V1:
		h[sign.BodySignHeader] = []string{sign.BodySign(x.door.ring(x.endpoint)[0], body)}
	}
	if status != 0 {
		x.w.WriteHeader(status)
	}
	x.wrote = len(body)
	_, _ = x.w.Write(body) // the caller has left, and nobody else needs this answer
}
