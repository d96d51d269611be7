// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/errs/storefault"
	"github.com/koogate/koogate/store"
)

// Most is how many applications a seller may have.
const Most = 100

// Caller says what can be seen to be wrong with an address that Koogate is to call; see package outbound.
type Caller interface {
	// Check has the errors [outbound.ErrForbidden] among others.
	Check(u *url.URL) error
}

// Sealer encrypts what must not be readable at rest. Its context binds a ciphertext to its place.
type Sealer interface {
	Seal(plain []byte, context string) ([]byte, error)
	Open(sealed []byte, context string) ([]byte, error)
}

// Deps are what the registry works with; all are required.
type Deps struct {
	Store  store.LoginApplications
	Caller Caller
	Sealer Sealer
	Clock  clock.Clock
	NewID  func() string // unique IDs of secrets
}

// Service is the registry. Safe for concurrent use.
type Service struct{ Deps }

// New returns the registry.
func New(d Deps) *Service { return &Service{Deps: d} }

func (s *Service) now() time.Time { return s.Clock.Now().UTC().Truncate(time.Microsecond) }

// Draft is what a caller says of an application.
type Draft struct {
	Name      string
	ProductID string // empty while the credential is bound to no product
	State     store.LoginApplicationState
	Settings  store.LoginSettings
}

// Etag is the version of an application as callers see it.
func Etag(a *store.LoginApplication) string { return strconv.FormatInt(a.Version, 10) }

// Place is where an application stands in a list.
func Place(a store.LoginApplication) store.Cursor {
	return store.Cursor{CreatedAt: a.CreatedAt, ID: a.AppID}
}

// Add adds an application with its first secret, which is shown this once. An empty state is ENABLED. Errors: INVALID_FIELD,
// TARGET_FORBIDDEN, STATE_CONFLICT when the appId or the product is taken or the seller has as many as allowed, STORE_UNAVAILABLE.
func (s *Service) Add(ctx context.Context, seller, appID string, d Draft) (store.LoginApplication, string, error) {
	now := s.now()
	secret, text := s.newSecret(now)
	a := store.LoginApplication{Seller: seller, AppID: appID, Secrets: []store.LoginSecret{secret}, Version: 1, CreatedAt: now, UpdatedAt: now}
	if d.State == "" {
		d.State = store.LoginEnabled
	}
	d.write(&a)
	if err := s.check(&a); err != nil {
		return store.LoginApplication{}, "", err
	}
	if err := s.Store.AddLoginApplication(ctx, &a, Most); err != nil {
		return store.LoginApplication{}, "", fault(err, appID)
	}
	return a, text, nil
}

func (d Draft) write(a *store.LoginApplication) {
	a.Name, a.ProductID, a.State, a.Settings = d.Name, d.ProductID, d.State, d.Settings
}

// Get reads an application of a seller. Errors: LOGIN_APPLICATION_NOT_FOUND, STORE_UNAVAILABLE.
func (s *Service) Get(ctx context.Context, seller, appID string) (store.LoginApplication, error) {
	a, err := s.Store.LoginApplication(ctx, appID)
	if err == nil && a.Seller != seller {
		err = store.ErrNotFound
	}
	if err != nil {
		return store.LoginApplication{}, fault(err, appID)
	}
	return a, nil
}

// List reads a page of a seller's applications, filtered by state or product_id. Errors: STORE_UNAVAILABLE.
func (s *Service) List(ctx context.Context, q store.ListQuery) ([]store.LoginApplication, error) {
	list, err := s.Store.LoginApplications(ctx, q.Seller)
	if err != nil {
		return nil, fault(err, "")
	}
	list = slices.DeleteFunc(list, func(a store.LoginApplication) bool {
		return !store.Match(q.Filter, func(field string) string {
			if field == "product_id" {
				return a.ProductID
			}
			return string(a.State)
		})
	})
	return store.PageOf(list, q, Place), nil
}

// Change changes an application: apply makes what the caller wants of what there is, and may be called several times. etag is empty for
// whatever is there. Errors: LOGIN_APPLICATION_NOT_FOUND, ETAG_MISMATCH, INVALID_FIELD, TARGET_FORBIDDEN, STATE_CONFLICT when the product is
// taken, STORE_UNAVAILABLE.
func (s *Service) Change(ctx context.Context, seller, appID, etag string, apply func(*Draft)) (store.LoginApplication, error) {
	return s.change(ctx, seller, appID, etag, func(a *store.LoginApplication) error {
		d := Draft{Name: a.Name, ProductID: a.ProductID, State: a.State, Settings: a.Settings}
		apply(&d)
		d.write(a)
		return s.check(a)
	})
}

func (s *Service) change(ctx context.Context, seller, appID, etag string, edit func(*store.LoginApplication) error) (store.LoginApplication, error) {
	a, err := s.Store.ChangeLoginApplication(ctx, seller, appID, s.now(), func(a *store.LoginApplication) error {
		if err := versioned(a, etag); err != nil {
			return err
		}
		return edit(a)
	})
	if err != nil {
		return store.LoginApplication{}, fault(err, appID)
	}
	return a, nil
}

// Delete deletes an application; its sessions end. Errors: LOGIN_APPLICATION_NOT_FOUND, ETAG_MISMATCH, STORE_UNAVAILABLE.
func (s *Service) Delete(ctx context.Context, seller, appID, etag string) error {
	err := s.Store.DeleteLoginApplication(ctx, seller, appID, s.now(), func(a *store.LoginApplication) error { return versioned(a, etag) })
	if err != nil {
		return fault(err, appID)
	}
	return nil
}

func versioned(a *store.LoginApplication, etag string) error {
	if etag == "" || etag == Etag(a) {
		return nil
	}
	return errs.New(errs.Conflict, errs.EtagMismatch, "login application %s has changed: its etag is %s now; read it again", a.AppID, Etag(a))
}

// fault turns a store's error about an application into the domain's.
func fault(err error, appID string) error {
	switch {
	case errors.Is(err, store.ErrNotFound):
		return errs.New(errs.NotFound, errs.LoginApplicationNotFound, "login application %s does not exist", appID)
	case errors.Is(err, store.ErrConflict):
		return errs.New(errs.Precondition, errs.StateConflict,
			"another login application has this appId or this product: a credential belongs to one product, and a product to one credential")
	case errors.Is(err, store.ErrExhausted):
		return errs.New(errs.Precondition, errs.StateConflict, "the seller has %d login applications, and that is the most: delete one that is not needed", Most)
	}
	return storefault.Told(err)
}
