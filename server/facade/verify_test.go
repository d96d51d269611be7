// SPDX-License-Identifier: Apache-2.0

package facade_test

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/server/facade"
	"github.com/koogate/koogate/server/fulfil"
)

const released = "releaseInstance 10e758d0-31ad-4c4b-8f1b-81d03469a10e CS2211181819B4LVS CS2211181819B4LVS-000001"

const frozenCall = "updateInstanceStatus 10e758d0-31ad-4c4b-8f1b-81d03469a10e freeze=true"

func TestMissingAndMalformed(t *testing.T) {
	for _, c := range []struct {
		name string
		q    request
		code string
		why  string // the rejection that is counted
	}{
		{"no timestamp", request{query: func(v url.Values) { v.Del("timestamp") }}, "000002", "timestamp"},
		{"empty timestamp", request{query: func(v url.Values) { v.Set("timestamp", "") }}, "000002", "timestamp"},
		{"no nonce", request{query: func(v url.Values) { v.Del("nonce") }}, "000002", "nonce"},
		{"nonce too long", request{nonce: strings.Repeat("n", sign.MaxNonce+1)}, "000002", "nonce"},
		{"no signature", request{query: func(v url.Values) { v.Del("signature") }}, "000001", "signature"},
		{"wrong key", request{key: "wrong"}, "000001", "signature"},
		{"other body", request{signed: bodyRelease}, "000001", "signature"},
		{"not hex", request{signature: strings.Repeat("z", 64)}, "000001", "signature"},
		{"other nonce", request{query: func(v url.Values) { v.Set("nonce", "other") }}, "000001", "signature"},
		{"other timestamp", request{query: func(v url.Values) { v.Set("timestamp", strconv.FormatInt(noon.UnixMilli()+1, 10)) }}, "000001", "signature"},
		{"not signed and old", request{query: func(v url.Values) { v.Set("timestamp", "1780000000001") }}, "000002", "stale"},
		{"signed but no time", request{timestamp: "yesterday"}, "000002", "timestamp"},
		{"signed microseconds", request{timestamp: "1795435200000000"}, "000002", "timestamp"},
		{"key of another endpoint", request{key: key3}, "000001", "signature"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newRig(t)
			r.want(r.call(bodyStatus, c.q), c.code)
			if n := r.counter("koogate_rejected_total", "endpoint=demo", "reason="+c.why); n != 1 {
				t.Errorf("%v rejections counted", n)
			}
			if len(r.spans.GetSpans()) != 0 {
				t.Error("a call that was not verified left a span")
			}
		})
	}
}

func TestTimeWindow(t *testing.T) {
	for _, c := range []struct {
		off     time.Duration
		seconds bool
		code    string
	}{
		{0, false, "000000"},
		{-60 * time.Second, false, "000000"},
		{-60*time.Second - time.Millisecond, false, "000002"},
		{60 * time.Second, false, "000000"},
		{60*time.Second + time.Millisecond, false, "000002"},
		{-time.Hour, false, "000002"},
		{24 * time.Hour, false, "000002"},
		{0, true, "000000"},
		{-60 * time.Second, true, "000000"},
		{-61 * time.Second, true, "000002"},
		{60 * time.Second, true, "000000"},
		{61 * time.Second, true, "000002"},
	} {
		r := newRig(t)
		at := noon.Add(c.off)
		ts := strconv.FormatInt(at.UnixMilli(), 10)
		if c.seconds {
			ts = strconv.FormatInt(at.Unix(), 10)
		}
		a := r.call(bodyStatus, request{timestamp: ts})
		if c.code == "000000" {
			r.want(a, c.code, frozenCall)
		} else {
			r.want(a, c.code)
		}
	}
}

// What verified calls say of the marketplace's clock is heard, also of those that are stale: they tell that a clock is wrong. What
// anybody could say is not.
func TestVerifiedCallsTellTheTime(t *testing.T) {
	millis := func(at time.Time) string { return strconv.FormatInt(at.UnixMilli(), 10) }
	captured := millis(noon.Add(-time.Hour))
	for name, c := range map[string]struct {
		request request
		heard   []time.Time
	}{
		"fresh":               {request{timestamp: millis(noon)}, []time.Time{noon}},
		"stale":               {request{timestamp: millis(noon.Add(-time.Hour))}, []time.Time{noon.Add(-time.Hour)}},
		"ahead":               {request{timestamp: millis(noon.Add(time.Hour))}, []time.Time{noon.Add(time.Hour)}},
		"beyond belief":       {request{timestamp: millis(noon.Add(25 * time.Hour))}, nil},
		"in seconds":          {request{timestamp: strconv.FormatInt(noon.Unix(), 10)}, nil},
		"with another's sign": {request{timestamp: millis(noon), signature: sign.URLSignature("another-key", "n", millis(noon), []byte(bodyStatus))}, nil},
		"captured, in another split": {request{
			nonce: "captured" + captured[:3], timestamp: captured[3:], signature: sign.URLSignature(key1, "captured", captured, []byte(bodyStatus)),
		}, nil},
	} {
		var heard []time.Time
		r := newRig(t, func(_ *facade.Config, d *facade.Deps) { d.Heard = func(sent time.Time) { heard = append(heard, sent) } })
		r.call(bodyStatus, c.request)
		if !slices.EqualFunc(heard, c.heard, time.Time.Equal) {
			t.Errorf("%s: heard %v, want %v", name, heard, c.heard)
		}
	}
}

// A signature covers nonce and timestamp without a separator. A call captured when its milliseconds were fresh must not come
// back months later with three digits moved into the nonce, in the second that the other ten happen to name.
func TestMovedSplitIsRefused(t *testing.T) {
	seconds := strconv.FormatInt(noon.Unix(), 10)
	captured := request{nonce: "captured", timestamp: "178" + seconds} // fresh once, at another time
	moved := request{
		nonce: "captured178", timestamp: seconds, signature: sign.URLSignature(key1, captured.nonce, captured.timestamp, []byte(bodyStatus)),
	}
	r := newRig(t)
	r.want(r.call(bodyStatus, moved), "000002")
	r.want(r.call(bodyStatus, request{nonce: "plain-nonce-1A8", timestamp: seconds}), "000000", frozenCall)
}

func TestHexCase(t *testing.T) {
	r := newRig(t)
	ts := strconv.FormatInt(noon.UnixMilli(), 10)
	for i, fold := range []func(string) string{strings.ToUpper, strings.ToLower, func(s string) string { return strings.ToUpper(s[:32]) + s[32:] }} {
		nonce := "case" + strconv.Itoa(i)
		r.want(r.call(bodyStatus, request{nonce: nonce, signature: fold(sign.URLSignature(key1, nonce, ts, []byte(bodyStatus)))}), "000000", frozenCall)
	}
}

// House rule 12: two keys are valid at once, and an answer is signed with the key that the call came with.
func TestKeyRotation(t *testing.T) {
	r := newRig(t)
	r.want(r.call(bodyStatus, request{key: key1}), "000000", frozenCall)
	r.want(r.call(bodyStatus, request{key: key2}), "000000", frozenCall)
	r.want(r.call(bodyStatus, request{key: key3}), "000001")
}

func TestReplay(t *testing.T) {
	r := newRig(t)
	q := request{nonce: "same", timestamp: strconv.FormatInt(noon.Add(30*time.Second).UnixMilli(), 10)}
	r.want(r.call(bodyStatus, q), "000000", frozenCall)
	r.want(r.call(bodyStatus, q), "000001")
	r.want(r.call(bodyRelease, q), "000000", released) // signed anew, it is another call
	q.signature = strings.ToLower(sign.URLSignature(key1, q.nonce, q.timestamp, []byte(bodyStatus)))
	r.want(r.call(bodyStatus, q), "000001")
	if n := r.counter("koogate_rejected_total", "endpoint=demo", "reason=replay"); n != 2 {
		t.Errorf("%v replays counted", n)
	}
	// Whenever the timestamp is still acceptable, the call is still remembered.
	r.clock.Advance(90 * time.Second)
	r.want(r.call(bodyStatus, request{nonce: "same", timestamp: q.timestamp}), "000001")
	r.clock.Advance(time.Millisecond)
	r.want(r.call(bodyStatus, request{nonce: "same", timestamp: q.timestamp}), "000002")
	// Calls under different keys have nothing to do with each other, and a debugging call counts as any.
	r.want(r.call(debugging(bodyStatus), request{nonce: "other"}), "000000")
	r.want(r.call(debugging(bodyStatus), request{nonce: "other", endpoint: "signing", key: key3}), "000000")
	r.want(r.call(debugging(bodyStatus), request{nonce: "other"}), "000001")
	// A signed call that makes no sense uses its nonce up, one that is not signed does not.
	r.want(r.call("{}", request{nonce: "third"}), "000002")
	r.want(r.call("{}", request{nonce: "third"}), "000001")
	r.want(r.call(bodyStatus, request{nonce: "fourth", key: "wrong"}), "000001")
	r.want(r.call(bodyStatus, request{nonce: "fourth"}), "000000", frozenCall)
}

// A captured call works at no other endpoint that shares the key, in no spelling of it, however long either takes calls for.
func TestReplayAtAnotherEndpoint(t *testing.T) {
	r := newRig(t, func(cfg *facade.Config, d *facade.Deps) {
		cfg.Endpoints = append(cfg.Endpoints,
			facade.Endpoint{Name: "twin", Seller: "demo-seller", Keys: []string{key2, key1}, Skew: time.Minute},
			facade.Endpoint{Name: "patient", Seller: "demo-seller", Keys: []string{key1}, Skew: 10 * time.Minute})
		for _, name := range []string{"twin", "patient"} {
			d.Core.(*stub).endpoints[name] = &fulfil.Endpoint{Name: name, Seller: "demo-seller"}
		}
	})
	q := request{nonce: "captured", timestamp: strconv.FormatInt(noon.UnixMilli(), 10)}
	r.want(r.call(bodyStatus, q), "000000", frozenCall)
	q.endpoint = "twin"
	r.want(r.call(bodyStatus, q), "000001")
	q.signature = strings.ToLower(sign.URLSignature(key1, q.nonce, q.timestamp, []byte(bodyStatus)))
	r.want(r.call(bodyStatus, q), "000001")
	q.endpoint = "patient"
	r.want(r.call(bodyStatus, q), "000001")
	r.clock.Advance(5 * time.Minute) // too late for the endpoint that took it
	r.want(r.call(bodyStatus, q), "000001")
	q.nonce, q.signature, q.timestamp = "own", "", "" // a call of its own is taken
	r.want(r.call(bodyStatus, q), "000000", frozenCall)
}

// The marketplace's sample signs a sorted form of the body. What counts then is that form.
func TestSortedForm(t *testing.T) {
	r := newRig(t)
	body := ` { "testFlag" : null, "status" : "UNFREEZE", "status" : "FREEZE" , "instanceId":"10e758d0-31ad-4c4b-8f1b-81d03469a10e","activity":"updateInstanceStatus"} `
	sorted, err := sign.Canonical([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	r.want(r.call(body, request{signed: string(sorted)}), "000000", frozenCall)
	r.want(r.call(body), "000000", frozenCall)
	r.want(r.call(body, request{signed: strings.TrimSpace(body)}), "000001")
}

func TestBodySign(t *testing.T) {
	r := newRig(t)
	for _, body := range []string{bodyStatus, "{}", "null"} {
		a := r.call(body, request{endpoint: "signing", key: key3})
		if !sign.VerifyBodySign(key3, a.header.Get("Body-Sign"), []byte(a.body)) {
			t.Errorf("Body-Sign %q does not fit %s", a.header.Get("Body-Sign"), a.body)
		}
	}
	if a := r.call(bodyStatus, request{endpoint: "signing", key: "wrong"}); a.header.Get("Body-Sign") != "" {
		t.Error("an answer to a stranger is signed")
	}
	if a := r.call(bodyStatus); a.header.Get("Body-Sign") != "" {
		t.Error("an answer is signed although the endpoint does not say so")
	}
}

func TestQueryParameters(t *testing.T) {
	r := newRig(t)
	// Escaped values are the values; the first of several counts; unknown ones do not matter.
	r.want(r.call(bodyStatus, request{nonce: "a b+c&d=e%/中"}), "000000", frozenCall)
	r.want(r.call(bodyStatus, request{query: func(v url.Values) { v.Add("signature", "x"); v.Add("nonce", "y"); v.Add("other", "z") }}), "000000", frozenCall)
	req := r.build(bodyStatus, request{})
	req.URL.RawQuery = "&&=&x&" + strings.Replace(req.URL.RawQuery, "nonce=", "nonce=%zz", 1)
	r.want(r.do(req), "000002")
}
