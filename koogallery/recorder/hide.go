// SPDX-License-Identifier: Apache-2.0

package recorder

import (
	"strings"

	"github.com/koogate/koogate/koogallery/plain"
	"github.com/koogate/koogate/koogallery/recorder/tape"
	"github.com/koogate/koogate/koogallery/seal"
	"github.com/koogate/koogate/koogallery/sign"
)

// hideQuery replaces what is secret or personal in the query. What was encrypted stands there in clear, as a stand-in.
func (r *Recorder) hideQuery(c *tape.Call) {
	for i, p := range c.Query {
		name, value := p[0], p[1]
		if c.Signed.Plus && (name == "mobilePhone" || name == "email" || name == "saasExtendParams") {
			value = strings.ReplaceAll(value, " ", "+")
		}
		switch {
		case name == sign.ParamSignature || name == sign.ParamNonce:
			value = r.veil.Shaped("", value)
		case name == sign.ParamAuthToken:
			value = r.veil.Opaque(value)
		case name == sign.ParamTimestamp || name == sign.ParamTimeStamp:
			value = r.stamp(value)
		case (name == "mobilePhone" || name == "email") && value != "":
			plain, cipher := r.open(value)
			if c.Sealed == nil {
				c.Sealed = make(map[string]seal.EncryptType)
			}
			c.Sealed[name] = cipher
			value = r.veil.Shaped(name, plain)
		case name == "saasExtendParams":
			value = r.veil.Extend(value)
		case !plain.Asked(name):
			value = r.veil.Shaped(name, value)
		}
		c.Query[i] = tape.Pair{r.veil.Name(name), value}
	}
}

// open decrypts a field of a call. Of one that cannot be opened the cipher is empty.
func (r *Recorder) open(value string) (plain string, cipher seal.EncryptType) {
	for _, key := range r.cfg.Keys {
		if plain, err := seal.Decrypt(key, r.cfg.Cipher, value); err == nil {
			return plain, r.cfg.Cipher
		}
	}
	return value, ""
}

// hideBody writes down what may be seen of a body.
func (r *Recorder) hideBody(c *tape.Call, h *heard) {
	text := h.body.Bytes()
	if len(text) > 0 {
		var err error
		if text, err = r.veil.Asked(text); err != nil || h.body.cut {
			c.Withheld = "its body is no JSON, or longer than 1 MiB"
			return
		}
	}
	body := string(text)
	c.Body = &body
}
