// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"context"
	"slices"
	"time"

	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/outbound"
	"github.com/koogate/koogate/store"
)

// mostSecrets is how many secrets of a webhook are valid at once.
const mostSecrets = 2

// newSecret makes a secret and its sealed form. text is what is shown once.
func (s *Service) newSecret(w *store.Webhook, now time.Time) (secret store.WebhookSecret, text string, err error) {
	text = outbound.NewSecret()
	sealed, err := s.Sealer.Seal([]byte(text), sealedAs(w))
	if err != nil {
		return secret, "", errs.Wrap(err, errs.Internal, errs.InternalFault, "internal error")
	}
	return store.WebhookSecret{ID: s.NewID(), Sealed: sealed, CreatedAt: now}, text, nil
}

// sealedAs is what the secrets of a webhook are bound to.
func sealedAs(w *store.Webhook) string { return "webhook/secret/" + w.Seller + "/" + w.ID }

// keys are the keys by which messages to a webhook are signed, the newest first.
func (s *Service) keys(w *store.Webhook) ([][]byte, error) {
	keys := make([][]byte, 0, len(w.Secrets))
	for _, x := range w.Secrets {
		text, err := s.Sealer.Open(x.Sealed, sealedAs(w))
		if err != nil {
			return nil, err
		}
		key, err := outbound.Key(string(text))
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// AddSecret adds a second secret: from then on messages bear a signature by each. secret is not shown again. Errors: SETTING_NOT_FOUND,
// ETAG_MISMATCH, STATE_CONFLICT when there are two already, STORE_UNAVAILABLE.
func (s *Service) AddSecret(ctx context.Context, seller, id, etag string) (w store.Webhook, secret string, err error) {
	now := s.now()
	made, secret, err := s.newSecret(&store.Webhook{Seller: seller, ID: id}, now)
	if err != nil {
		return w, "", err
	}
	w, err = s.Store.ChangeWebhook(ctx, seller, id, now, func(w *store.Webhook) error {
		if err := versioned(w, etag); err != nil {
			return err
		}
		if len(w.Secrets) >= mostSecrets {
			return errs.New(errs.Precondition, errs.StateConflict, "webhook %s has %d secrets: retire the one that is not in use any more", id, mostSecrets)
		}
		w.Secrets = append([]store.WebhookSecret{made}, w.Secrets...)
		return nil
	})
	if err != nil {
		return w, "", fault(err, id)
	}
	return w, secret, nil
}

// RetireSecret ends a secret for good: nothing is signed by it any more. Errors: SETTING_NOT_FOUND when there is no such webhook or secret,
// ETAG_MISMATCH, STATE_CONFLICT when it is the only one, STORE_UNAVAILABLE.
func (s *Service) RetireSecret(ctx context.Context, seller, id, secretID, etag string) (store.Webhook, error) {
	w, err := s.Store.ChangeWebhook(ctx, seller, id, s.now(), func(w *store.Webhook) error {
		if err := versioned(w, etag); err != nil {
			return err
		}
		at := slices.IndexFunc(w.Secrets, func(x store.WebhookSecret) bool { return x.ID == secretID })
		switch {
		case at < 0:
			return errs.New(errs.NotFound, errs.SettingNotFound, "webhook %s has no secret %s", id, secretID)
		case len(w.Secrets) == 1:
			return errs.New(errs.Precondition, errs.StateConflict, "secret %s is the webhook's only one: add another first", secretID)
		}
		w.Secrets = slices.Delete(w.Secrets, at, at+1)
		return nil
	})
	if err != nil {
		return w, fault(err, id)
	}
	return w, nil
}
