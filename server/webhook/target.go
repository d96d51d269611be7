// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/outbound"
	"github.com/koogate/koogate/store"
)

// Target is what a caller says of a webhook.
type Target struct {
	Name   string
	URL    string
	Filter []store.Term
	// State is empty for the present one, which for a new webhook is ENABLED.
	State store.WebhookState
}

// Etag is the version of a webhook as callers see it. It does not change by deliveries.
func Etag(w *store.Webhook) string { return strconv.FormatInt(w.Version, 10) }

// Create adds a webhook with a secret, which is not shown again. It reads the feed from what is committed after the call, or from its beginning. Errors:
// INVALID_FIELD, TARGET_FORBIDDEN, STATE_CONFLICT when the name is taken or the seller has as many as allowed, STORE_UNAVAILABLE.
func (s *Service) Create(ctx context.Context, seller string, t Target, fromBeginning bool) (store.Webhook, string, error) {
	if err := s.check(t); err != nil {
		return store.Webhook{}, "", err
	}
	now := s.now()
	w := store.Webhook{
		Seller: seller, ID: s.NewID(), Name: t.Name, URL: t.URL, Filter: t.Filter, State: store.WebhookEnabled, StateAt: now, Version: 1, CreatedAt: now, UpdatedAt: now,
	}
	if t.State == store.WebhookDisabled {
		w.State, w.Reason = store.WebhookDisabled, store.WebhookByCaller
	}
	if !fromBeginning {
		switch end, err := s.Store.FeedEnd(ctx, seller); {
		case err == nil:
			w.At = end.Place()
		case !errors.Is(err, store.ErrNotFound):
			return w, "", fault(err, w.ID)
		}
	}
	secret, text, err := s.newSecret(&w, now)
	if err != nil {
		return w, "", err
	}
	w.Secrets = []store.WebhookSecret{secret}
	if err := s.Store.AddWebhook(ctx, &w, Most); err != nil {
		return w, "", fault(err, w.ID)
	}
	return w, text, nil
}

// check judges what a caller says. Errors: INVALID_FIELD, TARGET_FORBIDDEN.
func (s *Service) check(t Target) error {
	if strings.TrimSpace(t.Name) == "" {
		return errs.BadField("webhook.name", "is required")
	}
	u, err := url.Parse(t.URL)
	if err != nil || t.URL != strings.TrimSpace(t.URL) {
		return errs.BadField("webhook.url", "is not a URL") // the parser's text would repeat the caller's
	}
	switch err := s.Caller.Check(u); {
	case errors.Is(err, outbound.ErrForbidden):
		return Forbidden(err, "webhook.url")
	case err != nil:
		return errs.BadField("webhook.url", "%s", err) // a sentence of the guard
	}
	return nil
}

// Forbidden refuses an address, which stands in a field of the request, where Koogate calls nobody.
func Forbidden(err error, field string) error {
	e := errs.Wrap(err, errs.Precondition, errs.TargetForbidden,
		"Koogate calls no private, local or reserved address, and http:// none at all, unless webhooks.allow of the configuration file names its network: use a public https:// address, or have it added there")
	e.Fields = []errs.Field{{Path: field, Msg: "is not allowed as a target"}}
	return e
}

// Get reads a webhook. Errors: SETTING_NOT_FOUND, STORE_UNAVAILABLE.
func (s *Service) Get(ctx context.Context, seller, id string) (store.Webhook, error) {
	w, err := s.Store.Webhook(ctx, seller, id)
	if err != nil {
		return w, fault(err, id)
	}
	return w, nil
}

// List reads a page of a seller's webhooks, filtered by state. Errors: STORE_UNAVAILABLE.
func (s *Service) List(ctx context.Context, q store.ListQuery) ([]store.Webhook, error) {
	list, err := s.Store.Webhooks(ctx, q.Seller)
	if err != nil {
		return nil, fault(err, "")
	}
	list = slices.DeleteFunc(list, func(w store.Webhook) bool {
		return !store.Match(q.Filter, func(string) string { return string(w.State) })
	})
	return store.PageOf(list, q, Place), nil
}

// Place is where a webhook stands in a list.
func Place(w store.Webhook) store.Cursor { return store.Cursor{CreatedAt: w.CreatedAt, ID: w.ID} }

// Change changes a webhook: apply makes what the caller wants of what there is. etag is empty for whatever is there. Errors: SETTING_NOT_FOUND,
// ETAG_MISMATCH, INVALID_FIELD, TARGET_FORBIDDEN, STATE_CONFLICT when the name is taken, STORE_UNAVAILABLE.
func (s *Service) Change(ctx context.Context, seller, id, etag string, apply func(*Target)) (store.Webhook, error) {
	now := s.now()
	w, err := s.Store.ChangeWebhook(ctx, seller, id, now, func(w *store.Webhook) error {
		if err := versioned(w, etag); err != nil {
			return err
		}
		t := Target{Name: w.Name, URL: w.URL, Filter: w.Filter, State: w.State}
		apply(&t)
		if err := s.check(t); err != nil {
			return err
		}
		w.Name, w.URL, w.Filter = t.Name, t.URL, t.Filter
		switch {
		case t.State == w.State || t.State == "":
		case t.State == store.WebhookEnabled:
			enable(w)
			w.StateAt = now
		default:
			w.State, w.Reason, w.StateAt = store.WebhookDisabled, store.WebhookByCaller, now
		}
		return nil
	})
	if err != nil {
		return w, fault(err, id)
	}
	return w, nil
}

// enable lets a webhook begin anew: it goes on in the feed where it stopped, and what has not been delivered is.
func enable(w *store.Webhook) {
	w.State, w.Reason = store.WebhookEnabled, ""
	w.Failures, w.FailingSince = 0, time.Time{}
}

// Delete deletes a webhook; what was not delivered to it is cancelled. Errors: SETTING_NOT_FOUND, ETAG_MISMATCH, STORE_UNAVAILABLE.
func (s *Service) Delete(ctx context.Context, seller, id, etag string) error {
	err := s.Store.DeleteWebhook(ctx, seller, id, s.now(), func(w *store.Webhook) error { return versioned(w, etag) })
	if err != nil {
		return fault(err, id)
	}
	return nil
}

func versioned(w *store.Webhook, etag string) error {
	if etag == "" || etag == Etag(w) {
		return nil
	}
	return errs.New(errs.Conflict, errs.EtagMismatch, "webhook %s has changed: its etag is %s now; read it again", w.ID, Etag(w))
}
