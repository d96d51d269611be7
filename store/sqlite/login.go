// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"context"
	"fmt"
	"time"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/dbrow"
	"github.com/koogate/koogate/store/sqlite/dbsqlc"
	"github.com/koogate/koogate/store/sqllist"
)

// loginTx implements dbrow.LoginTx; there is one writer, so nobody else changes anything.
type loginTx struct {
	*dbsqlc.Queries // without rows
	rows            *dbsqlc.Queries
	now             int64
}

func (s *Store) loginTx(t *tx) loginTx { return loginTx{t.fast, t.query, dbrow.Micros(s.now())} }

// found makes a read of one row tell when there is none.
func found[T any](row T, err error) (T, error) {
	if err != nil {
		return row, notFound(err, "read of a login")
	}
	return row, nil
}

// LockApplication implements dbrow.LoginTx.
func (t loginTx) LockApplication(ctx context.Context, appID string) (dbrow.LoginApplication, error) {
	return found(t.rows.LoginApplicationGet(ctx, appID))
}

// LockRequest implements dbrow.LoginTx.
func (t loginTx) LockRequest(ctx context.Context, id string) (dbrow.LoginRequest, error) {
	return found(t.rows.LoginRequestGet(ctx, id))
}

// LockGrant implements dbrow.LoginTx.
func (t loginTx) LockGrant(ctx context.Context, digest []byte) (dbrow.LoginGrant, error) {
	return found(t.rows.LoginGrantGet(ctx, dbrow.HexDigest(digest)))
}

// LockSession implements dbrow.LoginTx.
func (t loginTx) LockSession(ctx context.Context, id string) (dbrow.LoginSession, error) {
	return found(t.rows.LoginSessionGet(ctx, id))
}

// HoldSession implements dbrow.LoginTx.
func (t loginTx) HoldSession(ctx context.Context, id string) (int64, error) {
	return found(t.rows.LoginSessionEnded(ctx, id))
}

// SessionOfGrant implements dbrow.LoginTx.
func (t loginTx) SessionOfGrant(ctx context.Context, digest []byte) (dbrow.LoginSession, error) {
	return found(t.rows.LoginSessionOfGrant(ctx, dbrow.HexDigest(digest)))
}

// Mark implements dbrow.LoginTx.
func (t loginTx) Mark(ctx context.Context, seller, appID string) error {
	return t.LoginMarkApplication(ctx, dbsqlc.LoginMarkApplicationParams{Now: t.now, Seller: seller, AppID: appID})
}

// aboutLogin makes what a transaction fails of tell what it was.
func aboutLogin(err error) error {
	if resultCode(err) != 0 {
		return onUnique(err, store.ErrConflict, "write a login")
	}
	return err
}

// markLogins has the sessions judged whose right rests on what a change alters.
func (t *tx) markLogins(ctx context.Context, c *store.Change, now int64) error {
	for _, m := range c.LoginMarks() {
		var err error
		switch {
		case m.InstanceID != "":
			err = t.fast.LoginMarkInstance(ctx, dbsqlc.LoginMarkInstanceParams{Now: now, Seller: m.Seller, InstanceID: m.InstanceID})
		case m.Users != nil:
			err = t.fast.LoginMarkUsers(ctx, dbsqlc.LoginMarkUsersParams{Now: now, Seller: m.Seller, TenantID: m.TenantID, Names: list(m.Users)})
		default:
			err = t.fast.LoginMarkTenant(ctx, dbsqlc.LoginMarkTenantParams{Now: now, Seller: m.Seller, TenantID: m.TenantID})
		}
		if err != nil {
			return fmt.Errorf("sqlite: mark logins: %w", err)
		}
	}
	return nil
}

// AddLoginApplication implements store.Logins.
func (s *Store) AddLoginApplication(ctx context.Context, a *store.LoginApplication, most int) error {
	if err := store.CheckText(a); err != nil {
		return err
	}
	_, err := audited(ctx, s, func(t *tx) (none struct{}, altered told, err error) {
		n, err := t.query.LoginApplicationCount(context.Background(), a.Seller)
		switch {
		case err != nil:
			return none, nil, fmt.Errorf("sqlite: count login applications: %w", err)
		case n >= int64(most):
			return none, nil, store.ErrExhausted
		}
		err = t.fast.LoginApplicationInsert(context.Background(), dbrow.FromLoginApplication(a))
		return none, func() store.Altered { return a.Altered(nil, a) }, aboutLogin(err)
	})
	return err
}

// LoginApplication implements store.Logins.
func (s *Store) LoginApplication(ctx context.Context, appID string) (store.LoginApplication, error) {
	if err := s.enter(ctx, appID); err != nil {
		return store.LoginApplication{}, err
	}
	defer s.leave()
	row, err := found(s.read.LoginApplicationGet(ctx, appID))
	return dbrow.ToLoginApplication(row), err
}

// LoginApplications implements store.Logins.
func (s *Store) LoginApplications(ctx context.Context, seller string) ([]store.LoginApplication, error) {
	if err := s.enter(ctx, seller); err != nil {
		return nil, err
	}
	defer s.leave()
	rows, err := s.read.LoginApplicationList(ctx, seller)
	if err != nil {
		return nil, fmt.Errorf("sqlite: read login applications: %w", err)
	}
	return dbrow.Each(rows, dbrow.ToLoginApplication), nil
}

// ChangeLoginApplication implements store.Logins.
func (s *Store) ChangeLoginApplication(
	ctx context.Context, seller, appID string, now time.Time, change func(*store.LoginApplication) error,
) (store.LoginApplication, error) {
	if err := store.CheckText(seller, appID); err != nil {
		return store.LoginApplication{}, err
	}
	return audited(ctx, s, func(t *tx) (store.LoginApplication, told, error) {
		before, after, err := dbrow.ChangeLoginApplication(context.Background(), s.loginTx(t), seller, appID, now, change)
		return after, func() store.Altered { return after.Altered(&before, &after) }, aboutLogin(err)
	})
}

// DeleteLoginApplication implements store.Logins.
func (s *Store) DeleteLoginApplication(ctx context.Context, seller, appID string, _ time.Time, check func(*store.LoginApplication) error) error {
	if err := store.CheckText(seller, appID); err != nil {
		return err
	}
	_, err := audited(ctx, s, func(t *tx) (none struct{}, altered told, err error) {
		a, err := dbrow.DeleteLoginApplication(context.Background(), s.loginTx(t), seller, appID, check)
		return none, func() store.Altered { return a.Altered(&a, nil) }, aboutLogin(err)
	})
	return err
}

// AddLoginRequest implements store.Logins.
func (s *Store) AddLoginRequest(ctx context.Context, r *store.LoginRequest) error {
	if err := store.CheckText(r); err != nil {
		return err
	}
	_, err := change(ctx, s, func(t *tx) (none struct{}, err error) {
		return none, aboutLogin(t.fast.LoginRequestInsert(context.Background(), dbrow.FromLoginRequest(r)))
	})
	return err
}

// LoginRequest implements store.Logins.
func (s *Store) LoginRequest(ctx context.Context, id string) (store.LoginRequest, error) {
	if err := s.enter(ctx, id); err != nil {
		return store.LoginRequest{}, err
	}
	defer s.leave()
	row, err := found(s.read.LoginRequestGet(ctx, id))
	return dbrow.ToLoginRequest(row), err
}

// ChangeLoginRequest implements store.Logins.
func (s *Store) ChangeLoginRequest(ctx context.Context, id string, f func(*store.LoginRequest) error) (store.LoginRequest, error) {
	if err := store.CheckText(id); err != nil {
		return store.LoginRequest{}, err
	}
	return change(ctx, s, func(t *tx) (store.LoginRequest, error) {
		r, err := dbrow.ChangeLoginRequest(context.Background(), s.loginTx(t), id, f)
		return r, aboutLogin(err)
	})
}

// ListLoginRequests implements store.Logins.
func (s *Store) ListLoginRequests(ctx context.Context, q store.ListQuery) ([]store.LoginRequest, error) {
	return listOf(ctx, s, sqllist.LoginRequests, q, (*dbsqlc.Queries).LoginRequestList, dbrow.ToLoginRequest)
}

// AddLoginGrants implements store.Logins.
func (s *Store) AddLoginGrants(ctx context.Context, grants ...store.LoginGrant) error {
	if err := store.CheckText(grants); err != nil {
		return err
	}
	_, err := change(ctx, s, func(t *tx) (none struct{}, err error) {
		return none, dbrow.AddLoginGrants(context.Background(), s.loginTx(t), grants, aboutLogin)
	})
	return err
}

// LoginGrant implements store.Logins.
func (s *Store) LoginGrant(ctx context.Context, digest []byte) (store.LoginGrant, store.LoginSession, error) {
	if err := s.enter(ctx); err != nil {
		return store.LoginGrant{}, store.LoginSession{}, err
	}
	defer s.leave()
	g, err := found(s.read.LoginGrantGet(ctx, dbrow.HexDigest(digest)))
	if err != nil {
		return store.LoginGrant{}, store.LoginSession{}, err
	}
	of, err := found(s.read.LoginSessionOfGrant(ctx, dbrow.HexDigest(digest)))
	if err != nil {
		return store.LoginGrant{}, store.LoginSession{}, err
	}
	return dbrow.ToLoginGrant(g), dbrow.ToLoginSession(of), nil
}

// UseLoginGrant implements store.Logins.
func (s *Store) UseLoginGrant(ctx context.Context, digest []byte, now time.Time) (g store.LoginGrant, of store.LoginSession, first bool, err error) {
	u, err := change(ctx, s, func(t *tx) (dbrow.UsedGrant, error) {
		return dbrow.UseLoginGrant(context.Background(), s.loginTx(t), digest, now)
	})
	return u.Grant, u.Session, u.First, err
}

// AddLoginSession implements store.Logins.
func (s *Store) AddLoginSession(ctx context.Context, n *store.LoginSession) error {
	if err := store.CheckText(n); err != nil {
		return err
	}
	_, err := change(ctx, s, func(t *tx) (none struct{}, err error) {
		return none, aboutLogin(t.fast.LoginSessionInsert(context.Background(), dbsqlc.LoginSessionInsertParams{
			ID: n.ID, Seller: n.Seller, AppID: n.AppID, TenantID: n.TenantID, UserName: n.UserName, Entrance: string(n.Entrance),
			Protocol: string(n.Protocol), Digest: dbrow.HexDigest(n.Digest), Upstream: dbrow.Blob(n.Upstream), CreatedAt: dbrow.Micros(n.CreatedAt),
			LastAt: dbrow.Micros(n.LastAt), ExpiresAt: dbrow.Micros(n.ExpiresAt), Now: dbrow.Micros(s.now()),
		}))
	})
	return err
}

// LoginSession implements store.Logins.
func (s *Store) LoginSession(ctx context.Context, id string) (store.LoginSession, error) {
	if err := s.enter(ctx, id); err != nil {
		return store.LoginSession{}, err
	}
	defer s.leave()
	row, err := found(s.read.LoginSessionGet(ctx, id))
	return dbrow.ToLoginSession(row), err
}

// LoginSessionOf implements store.Logins.
func (s *Store) LoginSessionOf(ctx context.Context, digest []byte) (store.LoginSession, error) {
	if err := s.enter(ctx); err != nil {
		return store.LoginSession{}, err
	}
	defer s.leave()
	row, err := found(s.read.LoginSessionOf(ctx, dbrow.HexDigest(digest)))
	return dbrow.ToLoginSession(row), err
}

// ListLoginSessions implements store.Logins.
func (s *Store) ListLoginSessions(ctx context.Context, q store.ListQuery) ([]store.LoginSession, error) {
	return listOf(ctx, s, sqllist.LoginSessions, q, (*dbsqlc.Queries).LoginSessionList, dbrow.ToLoginSession)
}

// ChangeLoginSession implements store.Logins.
func (s *Store) ChangeLoginSession(ctx context.Context, id string, change func(*store.LoginSession) error) (store.LoginSession, error) {
	if err := store.CheckText(id); err != nil {
		return store.LoginSession{}, err
	}
	return audited(ctx, s, func(t *tx) (store.LoginSession, told, error) {
		before, after, err := dbrow.ChangeLoginSession(context.Background(), s.loginTx(t), id, change)
		return after, func() store.Altered { return after.Altered(&before, &after) }, aboutLogin(err)
	})
}

// JudgeLoginSessions implements store.Logins.
func (s *Store) JudgeLoginSessions(ctx context.Context, most int, now, until time.Time) ([]store.LoginSession, error) {
	return change(ctx, s, func(t *tx) ([]store.LoginSession, error) {
		rows, err := t.query.LoginSessionsJudge(context.Background(), dbsqlc.LoginSessionsJudgeParams{
			Until: dbrow.Micros(until), Now: dbrow.Micros(now), Max: int64(max(most, 0)),
		})
		if err != nil {
			return nil, fmt.Errorf("sqlite: hand out sessions to be judged: %w", err)
		}
		return dbrow.Each(rows, dbrow.ToLoginSession), nil
	})
}

// JudgedLoginSession implements store.Logins.
func (s *Store) JudgedLoginSession(ctx context.Context, held store.LoginSession, next time.Time) error {
	if err := store.CheckText(held); err != nil {
		return err
	}
	_, err := change(ctx, s, func(t *tx) (int64, error) {
		return t.fast.LoginSessionJudged(context.Background(), dbrow.LoginSessionJudgedParams{Next: dbrow.Micros(next), ID: held.ID, JudgeFence: held.JudgeFence})
	})
	return err
}

// LeaseLogouts implements store.Logins.
func (s *Store) LeaseLogouts(
	ctx context.Context, most int, besides []string, now, until time.Time,
) ([]store.LoginSession, error) {
	if err := store.CheckText(besides); err != nil {
		return nil, err
	}
	besides = append([]string{}, besides...) // not nil, which SQL would take for a list of nobody knows what
	return change(ctx, s, func(t *tx) ([]store.LoginSession, error) {
		rows, err := t.query.LogoutsLease(context.Background(), dbsqlc.LogoutsLeaseParams{
			Until: dbrow.Micros(until), Now: dbrow.Micros(now), Besides: list(besides), Max: int64(max(most, 0)),
		})
		if err != nil {
			return nil, fmt.Errorf("sqlite: lease logouts: %w", err)
		}
		return dbrow.Each(rows, dbrow.ToLoginSession), nil
	})
}

// EndLogout implements store.Logins.
func (s *Store) EndLogout(ctx context.Context, held store.LoginSession, judge func(*store.Logout)) error {
	if err := store.CheckText(held); err != nil {
		return err
	}
	_, err := change(ctx, s, func(t *tx) (none struct{}, err error) {
		return none, dbrow.EndLogout(context.Background(), s.loginTx(t), held, judge)
	})
	return err
}

// LogoutsPending implements store.Logins.
func (s *Store) LogoutsPending(ctx context.Context) (store.LogoutBacklog, error) {
	if err := s.enter(ctx); err != nil {
		return store.LogoutBacklog{}, err
	}
	defer s.leave()
	row, err := s.read.LogoutsPending(ctx)
	if err != nil {
		return store.LogoutBacklog{}, fmt.Errorf("sqlite: read pending logouts: %w", err)
	}
	return dbrow.ToLogoutBacklog(row), nil
}

// LoginFacts implements store.Logins.
func (s *Store) LoginFacts(ctx context.Context, k store.LoginKey, limit int) ([]store.LoginFact, error) {
	if err := s.enter(ctx, k); err != nil {
		return nil, err
	}
	defer s.leave()
	rows, err := s.read.LoginFacts(ctx, dbsqlc.LoginFactsParams{
		AppID: k.AppID, UserName: k.UserName, Seller: k.Seller, TenantID: k.TenantID, Max: int64(max(limit, 0)),
	})
	if err != nil {
		return nil, fmt.Errorf("sqlite: read the facts of a login: %w", err)
	}
	return dbrow.Each(rows, dbrow.ToLoginFact(k.AppID, k.UserName)), nil
}

// TenantsByCode implements store.Logins.
func (s *Store) TenantsByCode(ctx context.Context, seller, code string, limit int) ([]store.Tenant, error) {
	if err := s.enter(ctx, seller, code); err != nil {
		return nil, err
	}
	defer s.leave()
	rows, err := s.read.TenantsByCode(ctx, dbsqlc.TenantsByCodeParams{Seller: seller, TenantCode: code, Max: int64(max(limit, 0))})
	if err != nil {
		return nil, fmt.Errorf("sqlite: read tenants by code: %w", err)
	}
	return dbrow.Each(rows, dbrow.ToTenant), nil
}

// AddSigningKey implements store.Logins.
func (s *Store) AddSigningKey(ctx context.Context, k *store.SigningKey) error {
	if err := store.CheckText(k); err != nil {
		return err
	}
	_, err := audited(ctx, s, func(t *tx) (none struct{}, altered told, err error) {
		return none, k.Altered, aboutLogin(t.fast.LoginKeyInsert(context.Background(), dbrow.FromSigningKey(k)))
	})
	return err
}

// SigningKeys implements store.Logins.
func (s *Store) SigningKeys(ctx context.Context) ([]store.SigningKey, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.leave()
	rows, err := s.read.LoginKeyList(ctx)
	if err != nil {
		return nil, fmt.Errorf("sqlite: read signing keys: %w", err)
	}
	return dbrow.Each(rows, dbrow.ToSigningKey), nil
}

// ForgetLogins implements store.Logins.
func (s *Store) ForgetLogins(ctx context.Context, grants, sessions time.Time, limit int) (int, error) {
	return change(ctx, s, func(t *tx) (all int, err error) {
		before, ended := dbrow.Micros(grants), dbrow.Micros(sessions)
		for _, forget := range []func() (int64, error){
			func() (int64, error) {
				return t.fast.LoginRequestsForget(context.Background(), dbsqlc.LoginRequestsForgetParams{Before: before, Max: int64(max(limit, 0))})
			},
			func() (int64, error) {
				return t.fast.LoginGrantsForget(context.Background(), dbsqlc.LoginGrantsForgetParams{Before: before, Max: int64(max(limit, 0))})
			},
			func() (int64, error) {
				return t.fast.LoginKeysForget(context.Background(), dbsqlc.LoginKeysForgetParams{Before: before, Max: int64(max(limit, 0))})
			},
			func() (int64, error) {
				return t.fast.LoginSessionsForget(context.Background(), dbsqlc.LoginSessionsForgetParams{Before: ended, Max: int64(max(limit, 0))})
			},
		} {
			n, err := forget()
			if err != nil {
				return 0, fmt.Errorf("sqlite: forget logins: %w", err)
			}
			all += int(n)
		}
		return all, nil
	})
}

var _ dbrow.LoginTx = loginTx{}
