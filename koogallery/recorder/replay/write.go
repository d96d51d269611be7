// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"crypto"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/recorder/tape"
	"github.com/koogate/koogate/koogallery/rewrite"
	"github.com/koogate/koogate/koogallery/seal"
	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/koogallery/simulator/catalogue"
	"github.com/koogate/koogate/koogallery/simulator/wire"
)

// hash is the one of OAEP and its mask; targets have to accept several (kit §A.10).
const hash = crypto.SHA256

// sent remembers calls that were captured and sent again as they were: they are sent again as they are.
type sent struct {
	mu     sync.Mutex
	copies map[string]int
	calls  map[string]wire.Call
}

func (s *sent) init(calls []*tape.Call) {
	s.copies, s.calls = make(map[string]int), make(map[string]wire.Call)
	for _, c := range calls {
		if k := signature(c); k != "" {
			s.copies[k]++
		}
	}
}

// again returns the call that was sent with the same signature before.
func (s *sent) again(c *tape.Call) (wire.Call, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	call, ok := s.calls[signature(c)]
	return call, ok
}

func (s *sent) note(c *tape.Call, call wire.Call) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if k := signature(c); s.copies[k] > 1 {
		s.calls[k] = call
	}
}

// signature is the stand-in of a signature that is never the same twice, unless a call was captured. The Kit's first generation signs
// nothing but the body, so its repetitions look alike by themselves.
func signature(c *tape.Call) string {
	if c.Signed.State != tape.SignGood { // one that was altered after it was signed is no copy
		return ""
	}
	switch c.Family {
	case judge.FamilyKitV1:
		return ""
	case judge.FamilyKitV2:
		return header(c, sign.KitSignHeader)
	default:
		return c.Param(sign.ParamSignature) + c.Param(sign.ParamAuthToken)
	}
}

func header(c *tape.Call, name string) string {
	for _, p := range c.Header {
		if strings.EqualFold(p[0], name) {
			return p[1]
		}
	}
	return ""
}

// write writes a call down for the target and signs it. A repetition has another businessId.
func (r *runner) write(c *tape.Call, repetition int) (wire.Call, error) {
	if call, ok := r.sent.again(c); ok && repetition == 0 {
		return call, nil
	}
	m := c.Members()
	call := wire.Call{Method: c.Method, Header: make(http.Header), Asked: judge.Request{
		Family: c.Family, Activity: c.Act, Test: m["testFlag"] == "1", Asked: r.pairs.Names(m["instanceId"]) + m["license"],
		Key: r.cfg.Key, Timeout: limit(c),
	}}
	if c.Family.Joint() {
		call.Asked.Key = r.cfg.KitKey
	}
	for _, p := range c.Header {
		call.Header[p[0]] = append(call.Header[p[0]], p[1])
	}
	if c.Body != nil {
		body, err := r.body(c, repetition)
		if err != nil {
			return call, err
		}
		call.Body = body
	}
	query, err := r.query(c, repetition)
	if err != nil {
		return call, err
	}
	raw, err := r.sign(c, &call, query, repetition)
	if err != nil {
		return call, err
	}
	call.URL, err = r.address(c, raw)
	if repetition == 0 {
		r.sent.note(c, call)
	}
	return call, err
}

// address is the target's address for a call.
func (r *runner) address(c *tape.Call, query string) (string, error) {
	u, err := url.Parse(r.cfg.URL)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrConfig, err)
	}
	if c.Path != "" {
		u = u.JoinPath(strings.Split(c.Path, "/")...)
	}
	u.RawQuery = strings.Trim(u.RawQuery+"&"+query, "&")
	return u.String(), nil
}

// body is the body of a call with the target's ids, moved dates and a secret that the target can open.
func (r *runner) body(c *tape.Call, repetition int) ([]byte, error) {
	var failed error
	if *c.Body == "" {
		return []byte{}, nil
	}
	text, err := rewrite.Edit([]byte(*c.Body), func(v rewrite.Value) string {
		if v.Name == "clientSecret" && v.Text != "" && !v.Number {
			sealed, err := seal.EncryptSecret(r.cfg.PublicKey, v.Text[:min(len(v.Text), 64)], hash, hash)
			failed = err
			return sealed
		}
		return r.member(c, v.Name, v.Text, repetition)
	}, nil)
	if err == nil {
		err = failed
	}
	return text, err
}

// member is a member or parameter as the target is to get it.
func (r *runner) member(c *tape.Call, name, text string, repetition int) string {
	switch name {
	case "instanceId", "relatedInstanceId":
		return r.pairs.Names(text)
	case "businessId":
		if repetition > 0 {
			return catalogue.UUID(r.veil.Opaque(text + strconv.Itoa(repetition)))
		}
	case "expireTime", "effectiveTime", "acceptanceTime", "currentSyncTime":
		return moved(text, r.moved)
	case "timeStamp":
		if c.Body != nil {
			return moved(text, r.moved)
		}
	}
	return text
}

// query is what follows the question mark, with the target's ids, in the order in which it was recorded.
func (r *runner) query(c *tape.Call, repetition int) ([]tape.Pair, error) {
	pairs := make([]tape.Pair, len(c.Query))
	for i, p := range c.Query {
		text := r.member(c, p[0], p[1], repetition)
		if cipher, ok := c.Sealed[p[0]]; ok && cipher != "" {
			iv, err := seal.NewIV(r.cfg.Random)
			if err != nil {
				return nil, err
			}
			if text, err = seal.Encrypt(r.cfg.Key, cipher, iv, text); err != nil {
				return nil, err
			}
		}
		pairs[i] = tape.Pair{p[0], text}
	}
	return pairs, nil
}

// moved moves a date that is written in one of the marketplace's ways. Whatever else it is, it stays.
func moved(text string, by time.Duration) string {
	for _, layout := range []string{"20060102150405", "2006-01-02 15:04:05"} {
		if len(text) < len(layout) {
			continue
		}
		head, tail := text[:len(layout)], text[len(layout):]
		if at, err := time.Parse(layout, head); err == nil {
			return at.Add(by).Format(layout) + tail
		}
	}
	return text
}
