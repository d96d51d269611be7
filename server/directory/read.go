// SPDX-License-Identifier: Apache-2.0

package directory

import (
	"context"
	"errors"

	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/errs/storefault"
	"github.com/koogate/koogate/store"
)

// Client is an application with its secret in clear.
type Client struct {
	store.Application
	Secret string `json:"-"`
}

// String hides the secret from every %v.
func (Client) String() string { return "[client]" }

// GoString hides the secret from every %#v.
func (Client) GoString() string { return "[client]" }

// Member is a user with the profile in clear.
type Member struct {
	store.User
	Known      Profile
	Unreadable bool // the profile cannot be unsealed; Known is empty and says nothing
}

// String hides the person from every %v.
func (Member) String() string { return "[member]" }

// GoString hides the person from every %#v.
func (Member) GoString() string { return "[member]" }

// Tenant returns a tenant. Errors: DIRECTORY_NOT_FOUND, STORE_UNAVAILABLE.
func (s *Service) Tenant(ctx context.Context, k store.TenantKey) (store.Tenant, error) {
	t, err := s.Store.Tenant(ctx, k)
	if err != nil {
		return store.Tenant{}, storeError(err, "no such tenant")
	}
	return t, nil
}

// Application returns a tenant's application with its secret. Errors: DIRECTORY_NOT_FOUND, STORE_UNAVAILABLE.
func (s *Service) Application(ctx context.Context, k store.TenantKey, appID string) (Client, error) {
	a, err := s.Store.Application(ctx, k, appID)
	if err != nil {
		return Client{}, storeError(err, "no such application")
	}
	secret, err := OpenSecret(s.Sealer, a)
	if err != nil {
		return Client{}, err
	}
	return Client{Application: a, Secret: secret}, nil
}

// Tenants returns one page. Errors: STORE_UNAVAILABLE.
func (s *Service) Tenants(ctx context.Context, q store.ListQuery) ([]store.Tenant, error) {
	return listed(s.Store.ListTenants(ctx, q))
}

// Applications returns one page, without secrets. Errors: STORE_UNAVAILABLE.
func (s *Service) Applications(ctx context.Context, q store.ListQuery) ([]store.Application, error) {
	return listed(s.Store.ListApplications(ctx, q))
}

// Departments returns one page. Errors: STORE_UNAVAILABLE.
func (s *Service) Departments(ctx context.Context, q store.ListQuery) ([]store.Department, error) {
	return listed(s.Store.ListDepartments(ctx, q))
}

// Users returns one page. A profile that cannot be opened is marked, so that people who have lost their names do not pass for
// people without, and costs the others nothing. Errors: STORE_UNAVAILABLE.
func (s *Service) Users(ctx context.Context, q store.ListQuery) ([]Member, error) {
	rows, err := listed(s.Store.ListUsers(ctx, q))
	if err != nil {
		return nil, err
	}
	members := make([]Member, len(rows))
	for i, u := range rows {
		p, err := s.openProfile(u)
		members[i] = Member{User: u, Known: p, Unreadable: err != nil}
	}
	return members, nil
}

func listed[T any](rows []T, err error) ([]T, error) {
	if err != nil {
		return nil, storeError(err, "")
	}
	return rows, nil
}

// storeError says what a failure of the store means to the caller.
func storeError(err error, missing string) error {
	if errors.Is(err, store.ErrNotFound) {
		return errs.New(errs.NotFound, errs.DirectoryNotFound, "%s", missing)
	}
	return storefault.Told(err)
}
