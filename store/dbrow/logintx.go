// SPDX-License-Identifier: Apache-2.0

package dbrow

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/koogate/koogate/store"
)

// LoginTx is what a transaction about logins does, in either engine. What it locks nobody else changes until it ends. Errors of its reads:
// store.ErrNotFound.
type LoginTx interface {
	LockApplication(ctx context.Context, appID string) (LoginApplication, error)
	LockRequest(ctx context.Context, id string) (LoginRequest, error)
	LockGrant(ctx context.Context, digest []byte) (LoginGrant, error)
	LockSession(ctx context.Context, id string) (LoginSession, error)
	// HoldSession tells when a session ended, 0 for not, and keeps it from ending until the transaction is over.
	HoldSession(ctx context.Context, id string) (int64, error)
	SessionOfGrant(ctx context.Context, digest []byte) (LoginSession, error)
	// Mark has the sessions of an application judged.
	Mark(ctx context.Context, seller, appID string) error

	LoginApplicationUpdate(ctx context.Context, p LoginApplicationUpdateParams) (int64, error)
	LoginApplicationDelete(ctx context.Context, appID string) (int64, error)
	LoginRequestUpdate(ctx context.Context, p LoginRequestUpdateParams) (int64, error)
	LoginGrantInsert(ctx context.Context, p LoginGrantInsertParams) error
	LoginGrantUse(ctx context.Context, p LoginGrantUseParams) (int64, error)
	LoginSessionUpdate(ctx context.Context, p LoginSessionUpdateParams) (int64, error)
}

// lockApplication locks an application of a seller. Errors: store.ErrNotFound, also when it is another's.
func lockApplication(ctx context.Context, tx LoginTx, seller, appID string) (store.LoginApplication, error) {
	row, err := tx.LockApplication(ctx, appID)
	if err == nil && row.Seller != seller {
		err = store.ErrNotFound
	}
	if err != nil {
		return store.LoginApplication{}, err
	}
	return ToLoginApplication(row), nil
}

// ChangeLoginApplication implements store.Logins within a transaction.
func ChangeLoginApplication(
	ctx context.Context, tx LoginTx, seller, appID string, now time.Time, change func(*store.LoginApplication) error,
) (before, after store.LoginApplication, err error) {
	if before, err = lockApplication(ctx, tx, seller, appID); err != nil {
		return before, after, err
	}
	if after, err = lockApplication(ctx, tx, seller, appID); err != nil { // once more, so that the two have no slice in common
		return before, after, err
	}
	if err = errors.Join(change(&after), store.CheckText(after)); err != nil {
		return before, after, err
	}
	after.Seller, after.AppID, after.CreatedAt = before.Seller, before.AppID, before.CreatedAt
	after.Version, after.UpdatedAt = before.Version+1, now
	if before.State != store.LoginDisabled && after.State == store.LoginDisabled || before.Settings.Frozen != after.Settings.Frozen ||
		before.Settings.Roles != after.Settings.Roles || !bytes.Equal(before.Test, after.Test) {
		if err = tx.Mark(ctx, seller, appID); err != nil {
			return before, after, err
		}
	}
	_, err = tx.LoginApplicationUpdate(ctx, loginApplicationUpdate(&after))
	return before, after, err
}

// DeleteLoginApplication implements store.Logins within a transaction.
func DeleteLoginApplication(ctx context.Context, tx LoginTx, seller, appID string, check func(*store.LoginApplication) error) (store.LoginApplication, error) {
	a, err := lockApplication(ctx, tx, seller, appID)
	if err != nil {
		return a, err
	}
	if err := check(&a); err != nil {
		return a, err
	}
	if err := tx.Mark(ctx, seller, appID); err != nil {
		return a, err
	}
	_, err = tx.LoginApplicationDelete(ctx, appID)
	return a, err
}

// ChangeLoginRequest implements store.Logins within a transaction.
func ChangeLoginRequest(ctx context.Context, tx LoginTx, id string, change func(*store.LoginRequest) error) (store.LoginRequest, error) {
	row, err := tx.LockRequest(ctx, id)
	if err != nil {
		return store.LoginRequest{}, err
	}
	before := ToLoginRequest(row)
	r := before
	if err := errors.Join(change(&r), store.CheckText(r)); err != nil {
		return r, err
	}
	r.ID, r.Seller, r.AppID, r.CreatedAt = before.ID, before.Seller, before.AppID, before.CreatedAt
	_, err = tx.LoginRequestUpdate(ctx, loginRequestUpdate(&r))
	return r, err
}

// AddLoginGrants implements store.Logins within a transaction. taken makes the error of a digest that is there one that says so.
func AddLoginGrants(ctx context.Context, tx LoginTx, grants []store.LoginGrant, taken func(error) error) error {
	held := make(map[string]bool)
	for i := range grants {
		id := grants[i].SessionID
		if held[id] {
			continue
		}
		held[id] = true
		switch ended, err := tx.HoldSession(ctx, id); {
		case errors.Is(err, store.ErrNotFound), err == nil && ended != 0:
			return store.ErrStale
		case err != nil:
			return err
		}
	}
	for i := range grants {
		if err := tx.LoginGrantInsert(ctx, FromLoginGrant(&grants[i])); err != nil {
			return taken(err)
		}
	}
	return nil
}

// UsedGrant is a grant as it was before it was used.
type UsedGrant struct {
	Grant   store.LoginGrant
	Session store.LoginSession
	First   bool
}

// UseLoginGrant implements store.Logins within a transaction.
func UseLoginGrant(ctx context.Context, tx LoginTx, digest []byte, now time.Time) (u UsedGrant, err error) {
	g, err := tx.LockGrant(ctx, digest)
	if err != nil {
		return u, err
	}
	s, err := tx.SessionOfGrant(ctx, digest)
	if err != nil {
		return u, err
	}
	n, err := tx.LoginGrantUse(ctx, LoginGrantUseParams{Now: Micros(now), Digest: HexDigest(digest)})
	if err != nil {
		return u, err
	}
	return UsedGrant{ToLoginGrant(g), ToLoginSession(s), n > 0}, nil
}

// ChangeLoginSession implements store.Logins within a transaction.
func ChangeLoginSession(
	ctx context.Context, tx LoginTx, id string, change func(*store.LoginSession) error,
) (before, after store.LoginSession, err error) {
	row, err := tx.LockSession(ctx, id)
	if err != nil {
		return before, after, err
	}
	before = ToLoginSession(row)
	asked := before
	if err := errors.Join(change(&asked), store.CheckText(asked)); err != nil {
		return before, before, err
	}
	after = before
	after.Digest, after.Upstream, after.LastAt, after.ExpiresAt = asked.Digest, asked.Upstream, asked.LastAt, asked.ExpiresAt
	if before.EndedAt.IsZero() && !asked.EndedAt.IsZero() {
		after.EndedAt, after.EndReason, after.JudgeAt = asked.EndedAt, asked.EndReason, time.Time{}
		after.LogoutState, after.LogoutDueAt = cmp.Or(asked.LogoutState, store.LogoutNone), asked.LogoutDueAt
	}
	_, err = tx.LoginSessionUpdate(ctx, loginSessionUpdate(&after))
	return before, after, err
}

// EndLogout implements store.Logins within a transaction.
func EndLogout(ctx context.Context, tx LoginTx, held store.LoginSession, judge func(*store.Logout)) error {
	row, err := tx.LockSession(ctx, held.ID)
	if err != nil {
		return err
	}
	s := ToLoginSession(row)
	if s.LogoutFence != held.LogoutFence || s.LogoutState != store.LogoutPending {
		return store.ErrFenced
	}
	judge(&s.Logout)
	_, err = tx.LoginSessionUpdate(ctx, loginSessionUpdate(&s))
	return err
}
