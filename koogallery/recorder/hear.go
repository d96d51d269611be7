// SPDX-License-Identifier: Apache-2.0

package recorder

import (
	"net/url"
	"slices"
	"strings"

	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/recorder/tape"
	"github.com/koogate/koogate/koogallery/seal"
	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/koogallery/simulator/wire"
)

// hear turns a call into what is written down of it.
func (r *Recorder) hear(h *heard) *tape.Call {
	c := &tape.Call{N: h.n, At: h.at, Took: h.took, Method: h.request.Method, Err: h.err}
	c.Path = strings.Trim(strings.TrimPrefix(h.request.URL.Path, strings.TrimSuffix(r.to.Path, "/")), "/")
	query, clear := r.params(h.request.URL.RawQuery)
	c.Query, c.Header = query, pairsOf(h.head)
	body := h.body.Bytes()
	c.Family, c.Activity = identify(c, body)
	c.Act = actOf(c.Family, c.Activity)
	c.Signed = r.signed(c, h.request.URL.RawQuery, body)
	if !clear {
		c.Withheld = "its query cannot be read"
	}
	asked, members := c.Members(), h.body.Len() > 0 || c.Method != "GET"
	if members {
		text := string(body)
		asked = (&tape.Call{Body: &text}).Members()
	}
	r.judge(c, h, asked)
	r.hideHeaders(c)
	r.hideQuery(c)
	if members {
		r.hideBody(c, h)
	}
	r.guard(c)
	return c
}

// params reads a query; those of the seller's own address are left out. It reports false for one that cannot be read.
func (r *Recorder) params(raw string) (pairs []tape.Pair, ok bool) {
	own := r.to.Query()
	for part := range strings.SplitSeq(raw, "&") {
		if part == "" {
			continue
		}
		name, value, _ := strings.Cut(part, "=")
		name, bad := url.QueryUnescape(name)
		value, worse := url.QueryUnescape(value)
		if bad != nil || worse != nil {
			return nil, false
		}
		if !slices.Contains(own[name], value) {
			pairs = append(pairs, tape.Pair{name, value})
		}
	}
	return pairs, true
}

// judge notes what the marketplace thinks of the answer. Late answers are none to it; the time is compared by itself.
func (r *Recorder) judge(c *tape.Call, h *heard, asked map[string]string) {
	c.Verdict.Outcome = judge.OutcomeFailed
	if h.answer == nil {
		return
	}
	key := r.cfg.Keys
	if c.Family.Joint() {
		key = r.cfg.KitKeys
	}
	q := judge.Request{
		Family: c.Family, Activity: c.Act, Test: asked["testFlag"] == "1", Asked: asked["instanceId"] + asked["license"],
		Key: key[0], Timeout: wire.DefaultV1Timeout,
	}
	a := judge.Answer{Status: h.answer.StatusCode, Header: h.answer.Header, Body: h.said.Bytes()}
	given := a.Header.Get(sign.BodySignHeader)
	c.Answer = &tape.Answer{Status: a.Status, Header: pairsOf(h.answerHead), BodySign: tape.SignNone}
	if given != "" {
		c.Answer.BodySign = tape.SignWrong
		for _, k := range key { // while keys are changed there are two
			if sign.VerifyBodySign(k, given, a.Body) {
				c.Answer.BodySign, q.Key = tape.SignGood, k
			}
		}
	}
	c.Verdict = judge.Judge(q, a, judge.Readings{})
	c.Verdict.ResultMsg = ""
	c.Verdict.Shows.Digest = r.veil.Opaque(c.Verdict.Shows.Digest)
	c.Info = judge.Instances(a.Body)
	r.hideAnswer(c, q.Key, a.Body, h.said.cut)
}

// hideAnswer writes down what may be seen of an answer.
func (r *Recorder) hideAnswer(c *tape.Call, key string, body []byte, cut bool) {
	c.Answer.Header = slices.DeleteFunc(c.Answer.Header, func(p tape.Pair) bool {
		return !strings.EqualFold(p[0], "Content-Type") && !strings.EqualFold(p[0], sign.BodySignHeader)
	})
	for i, p := range c.Answer.Header {
		if strings.EqualFold(p[0], sign.BodySignHeader) {
			c.Answer.Header[i][1] = r.veil.Opaque(p[1])
		}
	}
	cipher := seal.AES256
	if m, ok := judge.Object(body); ok {
		if name, ok := m.Text("encryptType"); ok {
			cipher = seal.EncryptType(name)
		}
	}
	said, err := r.veil.Said(body, func(text string) string {
		if plain, err := seal.Decrypt(key, cipher, text); err == nil {
			return plain
		}
		return text
	})
	if cut || err != nil {
		c.Answer.Withheld = "it is no JSON, or longer than 1 MiB"
		return
	}
	text := string(said)
	c.Answer.Body = &text
}

// hideHeaders keeps the headers that a call is made of.
func (r *Recorder) hideHeaders(c *tape.Call) {
	c.Header = slices.DeleteFunc(c.Header, func(p tape.Pair) bool {
		return !slices.ContainsFunc([]string{
			"Accept", "Content-Type", sign.AuthTokenHeader, sign.KitSignHeader, sign.KitTimestampHeader, sign.KitNonceHeader,
		}, func(name string) bool { return strings.EqualFold(p[0], name) })
	})
	for i, p := range c.Header {
		switch strings.ToLower(p[0]) {
		case "authtoken":
			c.Header[i][1] = r.veil.Opaque(p[1])
		case sign.KitSignHeader, sign.KitNonceHeader:
			c.Header[i][1] = r.veil.Shaped("", p[1])
		case sign.KitTimestampHeader:
			c.Header[i][1] = r.stamp(p[1])
		}
	}
}

// stamp keeps a time stamp, and nothing else that stands in its place.
func (r *Recorder) stamp(text string) string {
	if len(text) <= 17 && strings.Trim(text, "0123456789") == "" {
		return text
	}
	return r.veil.Shaped("", text)
}
