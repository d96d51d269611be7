// SPDX-License-Identifier: Apache-2.0

package client

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// Why a message is not Koogate's, or not now.
var (
	// ErrUnsigned says that the message lacks its ID, its time stamp or its signature, or has one that cannot be read.
	ErrUnsigned = errors.New("client: the message is not signed in the form of Standard Webhooks")
	// ErrSignature says that none of its signatures was made with one of the secrets.
	ErrSignature = errors.New("client: no signature of the message is by one of the secrets")
	// ErrTime says that it was signed too long ago, or in the future: it is replayed, or one of the two clocks is wrong.
	ErrTime = errors.New("client: the message was signed at another time")
)

const (
	mostBody      = 1 << 20 // bytes of a message
	leastKey      = 24      // bytes of a secret's key, after Standard Webhooks
	anyTolerance  = 5 * time.Minute
	secretPrefix  = "whsec_"
	headerTime    = standardwebhooks.HeaderWebhookTimestamp
	headerMessage = standardwebhooks.HeaderWebhookID
)

// Verifier tells Koogate's messages from all others, by the signatures of Standard Webhooks. It is safe for concurrent use.
type Verifier struct {
	// Tolerance is how far the time stamp of a message may be from this machine's clock, in both directions. 0 means 5 min.
	Tolerance time.Duration
	// Now is the time; nil means this machine's clock.
	Now func() time.Time
	// Log tells why messages are refused and what handlers fail with. nil means slog.Default().
	Log *slog.Logger

	hooks []*standardwebhooks.Webhook
}

// NewVerifier takes the secrets of a webhook, as Koogate has shown them (whsec_…). Each is enough by itself: while a secret is replaced
// give the old one and the new one.
func NewVerifier(secrets ...Secret) (*Verifier, error) {
	v := &Verifier{}
	for n, s := range secrets {
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(string(s), secretPrefix))
		if err != nil || len(key) < leastKey {
			return nil, fmt.Errorf("client: secret %d is no secret of a webhook: it is shown once as whsec_… when the webhook or its secret is made", n+1)
		}
		hook, err := standardwebhooks.NewWebhookRaw(key)
		if err != nil {
			return nil, fmt.Errorf("client: secret %d: %w", n+1, err)
		}
		v.hooks = append(v.hooks, hook)
	}
	if len(v.hooks) == 0 {
		return nil, errors.New("client: a verifier needs a secret: it is shown once as whsec_… when the webhook is made")
	}
	return v, nil
}

// Verify holds a message against the secrets: the body as it came, before anything has read it. Errors: ErrUnsigned, ErrSignature,
// ErrTime, which is told only of a message that is Koogate's.
func (v *Verifier) Verify(body []byte, h http.Header) error {
	stamp, err := strconv.ParseInt(h.Get(headerTime), 10, 64)
	if err != nil || h.Get(headerMessage) == "" || h.Get(standardwebhooks.HeaderWebhookSignature) == "" {
		return ErrUnsigned
	}
	known := false
	for _, hook := range v.hooks { // all of them, whichever it is
		known = hook.VerifyIgnoringTimestamp(body, h) == nil || known
	}
	if !known {
		return ErrSignature
	}
	tolerance := v.Tolerance
	if tolerance <= 0 {
		tolerance = anyTolerance
	}
	at := now()
	if v.Now != nil {
		at = v.Now()
	}
	if off := at.Sub(time.Unix(stamp, 0)); off.Abs() > tolerance {
		return fmt.Errorf("%w: %s ago by this machine's clock", ErrTime, off.Round(time.Second))
	}
	return nil
}

// Handler receives a webhook. It verifies each message before anything reads it and hands its event to next, at least once. When next
// returns nil the event is taken (204). Koogate waits 10 s for that: take the event durably, answer, and do the work afterwards. When
// next fails Koogate tries again for 3 days (500); the error goes to the log and not to the caller. Test messages are answered 204 and
// handed to nobody.
//
// Whatever is not Koogate's is answered without a reason: 405 for other methods, 413 beyond 1 MiB, 401 for what does not verify, 400 for
// what does and is no event.
func (v *Verifier) Handler(next func(ctx context.Context, e Event) error) http.Handler {
	log := v.Log
	if log == nil {
		log = slog.Default()
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost {
			w.Header().Set("Allow", http.MethodPost)
			answer(w, http.StatusMethodNotAllowed)
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, mostBody))
		var long *http.MaxBytesError
		switch {
		case errors.As(err, &long):
			answer(w, http.StatusRequestEntityTooLarge)
			return
		case err != nil: // the caller has gone, or is too slow
			answer(w, http.StatusBadRequest)
			return
		}
		if err := v.Verify(body, r.Header); err != nil {
			log.WarnContext(r.Context(), "a message to the webhook is refused", "error", err)
			answer(w, http.StatusUnauthorized)
			return
		}
		e, err := ParseEvent(body)
		if err != nil {
			log.ErrorContext(r.Context(), "a message of Koogate's cannot be read", "error", err)
			answer(w, http.StatusBadRequest)
			return
		}
		if e.Type != PingType {
			err = next(r.Context(), e)
		}
		if err != nil {
			log.ErrorContext(r.Context(), "an event of the webhook was not taken; it comes again", "id", e.ID, "type", e.Type, "error", err)
			answer(w, http.StatusInternalServerError)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
}

func answer(w http.ResponseWriter, status int) { http.Error(w, http.StatusText(status), status) }
