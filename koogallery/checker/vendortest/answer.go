// SPDX-License-Identifier: Apache-2.0

package vendortest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/koogate/koogate/koogallery/resultcode"
)

// answer is the members of an answer beside resultCode and resultMsg.
type answer map[string]any

// reply is what is answered to a call.
type reply struct {
	code resultcode.Code
	more answer
}

func refuse(code resultcode.Code) reply { return reply{code: code} }

func success(more answer) reply { return reply{resultcode.Success, more} }

// encode returns the bytes of an answer: JSON in ASCII.
func (r reply) encode() []byte {
	all := map[string]any{"resultCode": string(r.code), "resultMsg": resultcode.Message(r.code, "")}
	for name, value := range r.more {
		all[name] = value
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(all); err != nil {
		panic(err) // texts, numbers and maps of them cannot fail
	}
	return ascii(bytes.TrimSpace(b.Bytes()))
}

// ascii escapes what is not ASCII in a JSON text.
func ascii(text []byte) []byte {
	var b strings.Builder
	for _, r := range string(text) {
		switch {
		case r < utf8.RuneSelf:
			b.WriteRune(r)
		case r > 0xFFFF:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&b, `\u%04x\u%04x`, high, low)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	return []byte(b.String())
}

// write sends an answer.
func (v *Vendor) write(w http.ResponseWriter, r reply) {
	body := r.encode()
	w.Header().Set("Date", v.cfg.Clock.Now().UTC().Format(http.TimeFormat))
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(body)
}
