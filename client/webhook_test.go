// SPDX-License-Identifier: Apache-2.0

package client_test

import (
	"context"
	"encoding/base64"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/koogate/koogate/client"
)

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func secret(of byte) client.Secret {
	return client.Secret("whsec_" + base64.StdEncoding.EncodeToString([]byte(strings.Repeat(string(of), 32))))
}

const event = `{"specversion":"1.0","id":"evt_1","source":"/koogate/sellers/acme","type":"koogate.event.instance.released","subject":"CS1",` +
	`"time":"2026-05-01T11:59:00.5Z","datacontenttype":"application/json","newer":1,"data":{"orderId":"CS1","newer":1,"event":{"seq":"7","kind":"instance.released"}}}`

// signed is a message as the public library signs it.
func signed(t *testing.T, body string, at time.Time, by ...client.Secret) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/hook", strings.NewReader(body))
	var signatures []string
	for _, s := range by {
		hook, err := standardwebhooks.NewWebhook(string(s))
		if err != nil {
			t.Fatal(err)
		}
		text, err := hook.Sign("evt_1", at, []byte(body))
		if err != nil {
			t.Fatal(err)
		}
		signatures = append(signatures, text)
	}
	r.Header.Set("webhook-id", "evt_1")
	r.Header.Set("webhook-timestamp", strconv.FormatInt(at.Unix(), 10))
	r.Header.Set("webhook-signature", strings.Join(signatures, " "))
	return r
}

// Whatever is not Koogate's is refused without a reason, and no event of it is handed on.
func TestWhatTheWebhookTakes(t *testing.T) {
	a, b, c := secret('a'), secret('b'), secret('c')
	change := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	for name, x := range map[string]struct {
		body   string
		at     time.Duration
		by     []client.Secret
		change func(*http.Request)
		status int
		handed int
	}{
		"the first secret":     {event, 0, []client.Secret{a}, nil, 204, 1},
		"the second secret":    {event, 0, []client.Secret{b}, nil, 204, 1},
		"both":                 {event, 0, []client.Secret{b, a}, nil, 204, 1},
		"a newer one and ours": {event, 0, []client.Secret{c, a}, nil, 204, 1},
		"a foreign one":        {event, 0, []client.Secret{c}, nil, 401, 0},
		"just in time":         {event, -5 * time.Minute, []client.Secret{a}, nil, 204, 1},
		"just in time, ahead":  {event, 5 * time.Minute, []client.Secret{a}, nil, 204, 1},
		"too old":              {event, -5*time.Minute - time.Second, []client.Secret{a}, nil, 401, 0},
		"too new":              {event, 5*time.Minute + time.Second, []client.Secret{a}, nil, 401, 0},
		"another time":         {event, 0, []client.Secret{a}, change("webhook-timestamp", strconv.FormatInt(noon.Unix()+1, 10)), 401, 0},
		"no time":              {event, 0, []client.Secret{a}, change("webhook-timestamp", ""), 401, 0},
		"a time of letters":    {event, 0, []client.Secret{a}, change("webhook-timestamp", "now"), 401, 0},
		"the end of time":      {event, 0, []client.Secret{a}, change("webhook-timestamp", "9223372036854775807"), 401, 0},
		"another ID":           {event, 0, []client.Secret{a}, change("webhook-id", "evt_2"), 401, 0},
		"no ID":                {event, 0, []client.Secret{a}, change("webhook-id", ""), 401, 0},
		"no signature":         {event, 0, []client.Secret{a}, change("webhook-signature", ""), 401, 0},
		"a signature of noise": {event, 0, []client.Secret{a}, change("webhook-signature", "v1,AAAA v1 v2,x ,"), 401, 0},
		"another version":      {event, 0, []client.Secret{a}, func(r *http.Request) { r.Header.Set("webhook-signature", "v2"+r.Header.Get("webhook-signature")[2:]) }, 401, 0},
		"a GET":                {event, 0, []client.Secret{a}, func(r *http.Request) { r.Method = http.MethodGet }, 405, 0},
		"too long":             {strings.Repeat(" ", 1<<20) + event, 0, []client.Secret{a}, nil, 413, 0},
		"no event":             {`[]`, 0, []client.Secret{a}, nil, 400, 0},
		"no CloudEvent":        {`{"id":"1","type":"x"}`, 0, []client.Secret{a}, nil, 400, 0},
		"a test message":       {`{"specversion":"1.0","id":"ping_1","type":"koogate.ping","time":"2026-05-01T11:59:00Z","data":{}}`, 0, []client.Secret{a}, nil, 204, 0},
	} {
		t.Run(name, func(t *testing.T) {
			v, err := client.NewVerifier(a, b)
			if err != nil {
				t.Fatal(err)
			}
			var log strings.Builder
			v.Now, v.Log = func() time.Time { return noon }, slog.New(slog.NewTextHandler(&log, nil))
			handed := 0
			h := v.Handler(func(_ context.Context, e client.Event) error {
				handed++
				told, err := e.Told()
				if e.ID != "evt_1" || e.Subject != "CS1" || e.Source != "/koogate/sellers/acme" || e.Type != client.EventPrefix+"instance.released" ||
					!e.Time.Equal(noon.Add(-59500*time.Millisecond)) || err != nil || told.GetOrderId() != "CS1" || told.GetEvent().GetSeq() != 7 {
					t.Errorf("%+v: %v, %v", e, told, err)
				}
				return nil
			})
			r := signed(t, x.body, noon.Add(x.at), x.by...)
			if x.change != nil {
				x.change(r)
			}
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != x.status || handed != x.handed {
				t.Errorf("answered %d, handed on %d times", w.Code, handed)
			}
			if got := strings.TrimSpace(w.Body.String()); w.Code != 204 && got != http.StatusText(w.Code) {
				t.Errorf("a stranger is told %q", got)
			}
			if text := log.String(); strings.Contains(text, "whsec") || strings.Contains(text, strings.Repeat("a", 32)) {
				t.Error(text)
			}
		})
	}
}

// An event that was not taken comes again; why it was not reaches the log and not the caller.
func TestAnEventThatWasNotTaken(t *testing.T) {
	v, err := client.NewVerifier(secret('a'))
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	v.Now, v.Log = func() time.Time { return noon }, slog.New(slog.NewTextHandler(&log, nil))
	w := httptest.NewRecorder()
	v.Handler(func(context.Context, client.Event) error { return errors.New("canary") }).ServeHTTP(w, signed(t, event, noon, secret('a')))
	if w.Code != 500 || strings.Contains(w.Body.String(), "canary") || !strings.Contains(log.String(), "canary") {
		t.Errorf("%d %s\n%s", w.Code, w.Body, log.String())
	}
}

// By this machine's clock and the public library alike.
func TestTheTimeIsTheMachines(t *testing.T) {
	v, err := client.NewVerifier(secret('a'))
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := standardwebhooks.NewWebhook(string(secret('a')))
	if err != nil {
		t.Fatal(err)
	}
	for off, want := range map[time.Duration]error{0: nil, -4 * time.Minute: nil, -6 * time.Minute: client.ErrTime, 6 * time.Minute: client.ErrTime} {
		r := signed(t, event, time.Now().Add(off), secret('a'))
		if err := v.Verify([]byte(event), r.Header); !errors.Is(err, want) || (theirs.Verify([]byte(event), r.Header) == nil) != (want == nil) {
			t.Errorf("%s: %v", off, err)
		}
	}
}

// A verifier that anybody could fool is not made.
func TestSecretsThatAreNone(t *testing.T) {
	for _, secrets := range [][]client.Secret{
		nil, {""}, {"whsec_"}, {"whsec_c2hvcnQ="}, {"whsec_canary!"}, {secret('a'), ""},
	} {
		if v, err := client.NewVerifier(secrets...); err == nil || v != nil || strings.Contains(err.Error(), "canary") {
			t.Errorf("%q: %v", secrets, err)
		}
	}
}

func FuzzVerify(f *testing.F) {
	v, err := client.NewVerifier(secret('a'))
	if err != nil {
		f.Fatal(err)
	}
	v.Now = func() time.Time { return noon }
	f.Add("evt_1", "1777636800", "v1,x v1a,y", event)
	f.Add("", "-1", ",", "{")
	f.Fuzz(func(t *testing.T, id, stamp, signature, body string) {
		h := http.Header{"Webhook-Id": {id}, "Webhook-Timestamp": {stamp}, "Webhook-Signature": {signature}}
		if err := v.Verify([]byte(body), h); err == nil {
			t.Errorf("%q %q %q", id, stamp, signature)
		}
		if e, err := client.ParseEvent([]byte(body)); err == nil {
			_, _ = e.Told()
		}
	})
}
