// SPDX-License-Identifier: Apache-2.0

package facade

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/server/journal"
	"github.com/koogate/koogate/store"
)

// The bounds of a second look.
const (
	doubtBody = 16 << 10 // the longest body that is looked at again
	doubtKeys = 32       // keys of other endpoints that are tried
)

// doubt is a refused call as far as a second look needs it. It lives until the journal has asked it, in memory alone.
type doubt struct {
	door      *door
	table     *Table
	endpoint  *endpoint
	query     string // of a GET
	nonce     string
	timestamp string
	signature string
	body      []byte
}

var _ journal.Doubt = (*doubt)(nil)

// doubt takes what a second look needs from a call whose signature did not hold; nil when there is no look. It does the same for calls to
// endpoints that nobody has.
func (x *exchange) doubt() journal.Doubt {
	if x.rejected != rejectedSignature || !x.tried || len(x.body) > doubtBody || !x.f.Calls.Room() {
		return nil
	}
	d := &doubt{door: x.door, table: x.table, endpoint: x.endpoint, nonce: strings.Clone(x.nonce), body: bytes.Clone(x.body)}
	switch x.door.scheme.(type) {
	case urlScheme:
		d.timestamp = strings.Clone(param(x.r.URL.RawQuery, sign.ParamTimestamp))
		d.signature = strings.Clone(param(x.r.URL.RawQuery, sign.ParamSignature))
	case queryScheme:
		d.query = strings.Clone(x.r.URL.RawQuery)
	case kitScheme:
		d.timestamp, d.signature = strings.Clone(x.r.Header.Get(sign.KitTimestampHeader)), strings.Clone(x.r.Header.Get(sign.KitSignHeader))
	case authTokenScheme:
		d.signature = strings.Clone(x.r.Header.Get(sign.AuthTokenHeader))
	}
	return d
}

// Cause implements journal.Doubt. What cannot be told stays KEY.
func (d *doubt) Cause() store.CallCause {
	switch {
	case d.holds(d.door.ended(d.endpoint), d.nonce, d.query, d.body):
		return store.CauseKeyEnded
	case d.holds(d.table.others(d.door, d.endpoint), d.nonce, d.query, d.body):
		return store.CauseOtherEndpoint
	case d.changed():
		return store.CauseEncoding
	}
	return store.CauseKey
}

// holds tells whether the signature holds with one of the keys.
func (d *doubt) holds(keys []string, nonce, query string, body []byte) bool {
	if len(keys) == 0 {
		return false
	}
	var err error
	switch d.door.scheme.(type) {
	case urlScheme:
		_, _, err = sign.VerifyURL(keys, nonce, d.timestamp, d.signature, body)
	case queryScheme:
		_, _, err = sign.VerifyQuery(keys, query)
	case kitScheme:
		_, _, err = sign.VerifyKit(keys, nonce, d.timestamp, d.signature, body)
	default:
		_, err = sign.VerifyBody(keys, d.signature, body)
	}
	return err == nil
}

// changed tells whether the signature holds with a key that counts once a change is undone that proxies are known to make.
func (d *doubt) changed() bool {
	keys := d.door.ring(d.endpoint)
	if _, ok := d.door.scheme.(queryScheme); ok {
		plus := strings.ReplaceAll(strings.ReplaceAll(d.query, "%20", "%2B"), "+", "%2B") // a plus sign was read as a blank
		return plus != d.query && d.holds(keys, "", plus, nil)
	}
	if _, ok := d.door.scheme.(authTokenScheme); ok {
		return false // members are signed, and no form of theirs
	}
	nonce := strings.ReplaceAll(d.nonce, " ", "+")
	for i, body := range forms(d.body) {
		if (i > 0 || nonce != d.nonce) && d.holds(keys, nonce, "", body) {
			return true
		}
	}
	return false
}

// forms are the texts that a JSON text may have been before somebody wrote it anew: itself, without blanks, and that with each character as
// itself or each beyond ASCII as an escape. The order of members is nobody's to find again.
func forms(body []byte) [][]byte {
	list := [][]byte{body}
	add := func(form []byte) {
		if !slices.ContainsFunc(list, func(have []byte) bool { return bytes.Equal(have, form) }) {
			list = append(list, form)
		}
	}
	var compact bytes.Buffer
	if json.Compact(&compact, bytes.TrimPrefix(body, []byte("\xef\xbb\xbf"))) != nil {
		return list
	}
	add(compact.Bytes())
	add(spelled(compact.Bytes(), false))
	add(spelled(compact.Bytes(), true))
	return list
}

// spelled is a JSON text without blanks with its characters as themselves, or those beyond ASCII as escapes.
func spelled(text []byte, escape bool) []byte {
	const hex = "0123456789abcdef"
	out := make([]byte, 0, len(text))
	unit := func(u rune) {
		out = append(out, '\\', 'u', hex[u>>12&15], hex[u>>8&15], hex[u>>4&15], hex[u&15])
	}
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		switch {
		case r == '\\' && len(text) > 1 && text[1] == '/':
			out, text = append(out, '/'), text[2:]
			continue
		case r == '\\' && len(text) >= 6 && text[1] == 'u':
			var s string
			n := 6
			if json.Unmarshal(quoted(text[:6]), &s) == nil && s == "\ufffd" && len(text) >= 12 && text[6] == '\\' && text[7] == 'u' {
				n = 12 // a pair of surrogates
				_ = json.Unmarshal(quoted(text[:12]), &s)
			}
			c, _ := utf8.DecodeRuneInString(s)
			if c < ' ' || c == '"' || c == '\\' || c == utf8.RuneError || escape && c > '~' {
				out, text = append(out, text[:n]...), text[n:]
				continue
			}
			out, text = append(out, s...), text[n:]
			continue
		case r == '\\' && len(text) > 1:
			out, text = append(out, text[:2]...), text[2:]
			continue
		case escape && r > 0xffff:
			v := r - 0x10000
			unit(0xd800 + v>>10)
			unit(0xdc00 + v&0x3ff)
		case escape && r > '~':
			unit(r)
		default:
			out = append(out, text[:size]...)
		}
		text = text[size:]
	}
	return out
}

func quoted(escape []byte) []byte { return append(append([]byte{'"'}, escape...), '"') }

// ended returns the keys of an endpoint that do not count now, as far as they are known.
func (d *door) ended(e *endpoint) []string {
	if d.Kit {
		return e.KitOutside
	}
	return e.Outside
}

// others are keys of other endpoints of the same seller.
func (t *Table) others(d *door, e *endpoint) []string {
	var keys []string
	for _, o := range t.endpoints {
		if o != e && o.Seller == e.Seller {
			keys = append(keys, d.ring(o)...)
		}
	}
	return keys[:min(len(keys), doubtKeys)]
}
