// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"slices"
	"strings"
	"time"

	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/login/session"
	"github.com/koogate/koogate/store"
)

// The bounds of secrets.
const (
	// MostSecrets is how many secrets of an application count at once.
	MostSecrets = 2
	// Overlap is how long an older secret counts beside a newer one unless its caller says otherwise.
	Overlap = 24 * time.Hour

	longOverlap  = 365 * 24 * time.Hour
	secretBytes  = 32
	secretPrefix = "kgl_"
)

// newSecret makes a secret and what is kept of it: 256 bits of chance need no slow digest.
func (s *Service) newSecret(now time.Time) (store.LoginSecret, string) {
	random := make([]byte, secretBytes)
	_, _ = rand.Read(random) // never fails
	text := secretPrefix + base64.RawURLEncoding.EncodeToString(random)
	return store.LoginSecret{ID: s.NewID(), Digest: session.Digest(text), CreatedAt: now}, text
}

// Shows says whether a text is a secret of an application that counts at a time. How long it takes says nothing of the secrets.
func Shows(a *store.LoginApplication, text string, now time.Time) bool {
	shown, found := session.Digest(text), 0
	for i := range a.Secrets {
		if counts(&a.Secrets[i], now) {
			found |= subtle.ConstantTimeCompare(a.Secrets[i].Digest, shown)
		}
	}
	return found == 1 && strings.HasPrefix(text, secretPrefix)
}

func counts(x *store.LoginSecret, now time.Time) bool { return x.Until.IsZero() || now.Before(x.Until) }

// AddSecret adds a secret, which is shown this once, and ends the present one at a time; zero is [Overlap] from now. Errors:
// LOGIN_APPLICATION_NOT_FOUND, ETAG_MISMATCH, INVALID_FIELD for an end that is over or more than a year away, STATE_CONFLICT when two
// secrets count already, STORE_UNAVAILABLE.
func (s *Service) AddSecret(ctx context.Context, seller, appID, etag string, end time.Time) (store.LoginApplication, string, error) {
	now := s.now()
	if end = end.UTC().Truncate(time.Microsecond); end.IsZero() {
		end = now.Add(Overlap)
	}
	if end.Before(now) || end.After(now.Add(longOverlap)) {
		return store.LoginApplication{}, "", errs.BadField("older_end_time", "must be now at the earliest and a year from now at the latest")
	}
	made, text := s.newSecret(now)
	a, err := s.change(ctx, seller, appID, etag, func(a *store.LoginApplication) error {
		live := slices.DeleteFunc(slices.Clone(a.Secrets), func(x store.LoginSecret) bool { return !counts(&x, now) })
		if len(live) >= MostSecrets {
			return errs.New(errs.Precondition, errs.StateConflict, "login application %s has %d secrets that count: end the one that is not in use any more, or wait until it ends", appID, MostSecrets)
		}
		for i := range live {
			if live[i].Until.IsZero() || live[i].Until.After(end) {
				live[i].Until = end
			}
		}
		a.Secrets = append([]store.LoginSecret{made}, slices.DeleteFunc(live, func(x store.LoginSecret) bool { return !counts(&x, now) })...)
		return nil
	})
	if err != nil {
		return a, "", err
	}
	return a, text, nil
}

// EndSecret ends a secret at once; one that is left counts without an end, so that an app is never locked out by time alone. Errors:
// LOGIN_APPLICATION_NOT_FOUND, also when there is no such secret, ETAG_MISMATCH, STATE_CONFLICT when it is the only one that counts,
// STORE_UNAVAILABLE.
func (s *Service) EndSecret(ctx context.Context, seller, appID, secretID, etag string) (store.LoginApplication, error) {
	now := s.now()
	return s.change(ctx, seller, appID, etag, func(a *store.LoginApplication) error {
		rest := slices.DeleteFunc(slices.Clone(a.Secrets), func(x store.LoginSecret) bool { return x.ID == secretID })
		if len(rest) == len(a.Secrets) {
			return errs.New(errs.NotFound, errs.LoginApplicationNotFound, "login application %s has no secret %s", appID, secretID)
		}
		rest = slices.DeleteFunc(rest, func(x store.LoginSecret) bool { return !counts(&x, now) })
		if len(rest) == 0 {
			return errs.New(errs.Precondition, errs.StateConflict, "secret %s is the application's only one that counts: add another first", secretID)
		}
		for i := range rest {
			rest[i].Until = time.Time{}
		}
		a.Secrets = rest
		return nil
	})
}
