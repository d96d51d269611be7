// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/dbrow"
	"github.com/koogate/koogate/store/postgres/dbsqlc"
	"github.com/koogate/koogate/store/sqllist"
)

// loginTx implements dbrow.LoginTx. Whoever marks sessions locks them in the order of their IDs, and whoever holds one waits for nothing else.
type loginTx struct {
	*dbsqlc.Queries
	given int64
}

func (s *Store) loginTx(q *dbsqlc.Queries) loginTx { return loginTx{q, s.given()} }

// found makes a read of one row tell when there is none.
func found[T any](row T, err error) (T, error) {
	if err != nil {
		return row, notFound(err, "read of a login")
	}
	return row, nil
}

// LockApplication implements dbrow.LoginTx.
func (t loginTx) LockApplication(ctx context.Context, appID string) (dbrow.LoginApplication, error) {
	return found(t.LoginApplicationLock(ctx, appID))
}

// LockRequest implements dbrow.LoginTx.
func (t loginTx) LockRequest(ctx context.Context, id string) (dbrow.LoginRequest, error) {
	return found(t.LoginRequestLock(ctx, id))
}

// LockGrant implements dbrow.LoginTx.
func (t loginTx) LockGrant(ctx context.Context, digest []byte) (dbrow.LoginGrant, error) {
	return found(t.LoginGrantLock(ctx, dbrow.HexDigest(digest)))
}

// LockSession implements dbrow.LoginTx.
func (t loginTx) LockSession(ctx context.Context, id string) (dbrow.LoginSession, error) {
	return found(t.LoginSessionLock(ctx, id))
}

// HoldSession implements dbrow.LoginTx.
func (t loginTx) HoldSession(ctx context.Context, id string) (int64, error) {
	return found(t.LoginSessionEnded(ctx, id))
}

// SessionOfGrant implements dbrow.LoginTx.
func (t loginTx) SessionOfGrant(ctx context.Context, digest []byte) (dbrow.LoginSession, error) {
	return found(t.LoginSessionOfGrant(ctx, dbrow.HexDigest(digest)))
}

// Mark implements dbrow.LoginTx.
func (t loginTx) Mark(ctx context.Context, seller, appID string) error {
	return t.LoginMarkApplication(ctx, dbsqlc.LoginMarkApplicationParams{Given: t.given, Seller: seller, AppID: appID})
}

// aboutLogin makes what a transaction fails of tell what it was.
func aboutLogin(err error) error {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return step{doing: "write a login"}.explain(err)
	}
	return err
}

// markLogins adds the statements that have the sessions judged whose right rests on what a change alters.
func (w *writes) markLogins(ctx context.Context, c *store.Change, given int64) error {
	for _, m := range c.LoginMarks() {
		if err := w.add("mark logins", nil, func(q *dbsqlc.Queries) error {
			switch {
			case m.InstanceID != "":
				return q.LoginMarkInstance(ctx, dbsqlc.LoginMarkInstanceParams{Given: given, Seller: m.Seller, InstanceID: m.InstanceID})
			case m.Users != nil:
				return q.LoginMarkUsers(ctx, dbsqlc.LoginMarkUsersParams{Given: given, Seller: m.Seller, TenantID: m.TenantID, Names: m.Users})
			}
			return q.LoginMarkTenant(ctx, dbsqlc.LoginMarkTenantParams{Given: given, Seller: m.Seller, TenantID: m.TenantID})
		}); err != nil {
			return err
		}
	}
	return nil
}

// AddLoginApplication implements store.Logins.
func (s *Store) AddLoginApplication(ctx context.Context, a *store.LoginApplication, most int) error {
	if err := store.CheckText(a); err != nil {
		return err
	}
	_, err := audited(ctx, s, func(_ pgx.Tx, q *dbsqlc.Queries) (none struct{}, altered told, err error) {
		if err := q.LoginApplicationsLock(ctx, a.Seller); err != nil {
			return none, nil, fmt.Errorf("postgres: lock login applications: %w", err)
		}
		n, err := q.LoginApplicationCount(ctx, a.Seller)
		switch {
		case err != nil:
			return none, nil, fmt.Errorf("postgres: count login applications: %w", err)
		case n >= int64(most):
			return none, nil, store.ErrExhausted
		}
		err = q.LoginApplicationInsert(ctx, dbrow.FromLoginApplication(a))
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
	row, err := found(s.query.LoginApplicationGet(ctx, appID))
	return dbrow.ToLoginApplication(row), err
}

// LoginApplications implements store.Logins.
func (s *Store) LoginApplications(ctx context.Context, seller string) ([]store.LoginApplication, error) {
	if err := s.enter(ctx, seller); err != nil {
		return nil, err
	}
	defer s.leave()
	rows, err := s.query.LoginApplicationList(ctx, seller)
	if err != nil {
		return nil, fmt.Errorf("postgres: read login applications: %w", err)
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
	return audited(ctx, s, func(_ pgx.Tx, q *dbsqlc.Queries) (store.LoginApplication, told, error) {
		before, after, err := dbrow.ChangeLoginApplication(ctx, s.loginTx(q), seller, appID, now, change)
		return after, func() store.Altered { return after.Altered(&before, &after) }, aboutLogin(err)
	})
}

// DeleteLoginApplication implements store.Logins.
func (s *Store) DeleteLoginApplication(ctx context.Context, seller, appID string, _ time.Time, check func(*store.LoginApplication) error) error {
	if err := store.CheckText(seller, appID); err != nil {
		return err
	}
	_, err := audited(ctx, s, func(_ pgx.Tx, q *dbsqlc.Queries) (none struct{}, altered told, err error) {
		a, err := dbrow.DeleteLoginApplication(ctx, s.loginTx(q), seller, appID, check)
		return none, func() store.Altered { return a.Altered(&a, nil) }, aboutLogin(err)
	})
	return err
}

// AddLoginRequest implements store.Logins.
func (s *Store) AddLoginRequest(ctx context.Context, r *store.LoginRequest) error {
	if err := store.CheckText(r); err != nil {
		return err
	}
	_, err := change(ctx, s, func(_ pgx.Tx, q *dbsqlc.Queries) (none struct{}, err error) {
		return none, aboutLogin(q.LoginRequestInsert(ctx, dbrow.FromLoginRequest(r)))
	})
	return err
}

// LoginRequest implements store.Logins.
func (s *Store) LoginRequest(ctx context.Context, id string) (store.LoginRequest, error) {
	if err := s.enter(ctx, id); err != nil {
		return store.LoginRequest{}, err
	}
	defer s.leave()
	row, err := found(s.query.LoginRequestGet(ctx, id))
	return dbrow.ToLoginRequest(row), err
}

// ChangeLoginRequest implements store.Logins.
func (s *Store) ChangeLoginRequest(ctx context.Context, id string, f func(*store.LoginRequest) error) (store.LoginRequest, error) {
	if err := store.CheckText(id); err != nil {
		return store.LoginRequest{}, err
	}
	return change(ctx, s, func(_ pgx.Tx, q *dbsqlc.Queries) (store.LoginRequest, error) {
		r, err := dbrow.ChangeLoginRequest(ctx, s.loginTx(q), id, f)
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
	_, err := change(ctx, s, func(_ pgx.Tx, q *dbsqlc.Queries) (none struct{}, err error) {
		return none, dbrow.AddLoginGrants(ctx, s.loginTx(q), grants, aboutLogin)
	})
	return err
}

// LoginGrant implements store.Logins: one round trip and one snapshot.
func (s *Store) LoginGrant(ctx context.Context, digest []byte) (g store.LoginGrant, of store.LoginSession, err error) {
	if err := s.enter(ctx); err != nil {
		return g, of, err
	}
	defer s.leave()
	err = retry(ctx, func() error {
		return snapshot(ctx, s.pool,
			func(q *dbsqlc.Queries) error {
				row, err := q.LoginGrantGet(ctx, dbrow.HexDigest(digest))
				g = dbrow.ToLoginGrant(row)
				return err
			},
			func(q *dbsqlc.Queries) error {
				row, err := q.LoginSessionOfGrant(ctx, dbrow.HexDigest(digest))
				of = dbrow.ToLoginSession(row)
				return err
			},
		)
	})
	if err != nil {
		return store.LoginGrant{}, store.LoginSession{}, notFound(err, "read grant")
	}
	return g, of, nil
}

// UseLoginGrant implements store.Logins.
func (s *Store) UseLoginGrant(ctx context.Context, digest []byte, now time.Time) (g store.LoginGrant, of store.LoginSession, first bool, err error) {
	u, err := change(ctx, s, func(_ pgx.Tx, q *dbsqlc.Queries) (dbrow.UsedGrant, error) {
		return dbrow.UseLoginGrant(ctx, s.loginTx(q), digest, now)
	})
	return u.Grant, u.Session, u.First, err
}

// AddLoginSession implements store.Logins.
func (s *Store) AddLoginSession(ctx context.Context, n *store.LoginSession) error {
	if err := store.CheckText(n); err != nil {
		return err
	}
	_, err := change(ctx, s, func(_ pgx.Tx, q *dbsqlc.Queries) (none struct{}, err error) {
		if err := q.LoginTenantShare(ctx, dbsqlc.LoginTenantShareParams{Seller: n.Seller, TenantID: n.TenantID}); err != nil {
			return none, fmt.Errorf("postgres: wait for changes of a tenant: %w", err)
		}
		if err := q.LoginInstancesShare(ctx, dbsqlc.LoginInstancesShareParams{Seller: n.Seller, TenantID: n.TenantID}); err != nil {
			return none, fmt.Errorf("postgres: wait for changes of its instances: %w", err)
		}
		return none, aboutLogin(q.LoginSessionInsert(ctx, dbsqlc.LoginSessionInsertParams{
			ID: n.ID, Seller: n.Seller, AppID: n.AppID, TenantID: n.TenantID, UserName: n.UserName, Entrance: string(n.Entrance),
			Protocol: string(n.Protocol), Digest: dbrow.HexDigest(n.Digest), Upstream: dbrow.Blob(n.Upstream), CreatedAt: dbrow.Micros(n.CreatedAt),
			LastAt: dbrow.Micros(n.LastAt), ExpiresAt: dbrow.Micros(n.ExpiresAt), Given: s.given(),
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
	row, err := found(s.query.LoginSessionGet(ctx, id))
	return dbrow.ToLoginSession(row), err
}

// LoginSessionOf implements store.Logins.
func (s *Store) LoginSessionOf(ctx context.Context, digest []byte) (store.LoginSession, error) {
	if err := s.enter(ctx); err != nil {
		return store.LoginSession{}, err
	}
	defer s.leave()
	row, err := found(s.query.LoginSessionOf(ctx, dbrow.HexDigest(digest)))
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
	return audited(ctx, s, func(_ pgx.Tx, q *dbsqlc.Queries) (store.LoginSession, told, error) {
		before, after, err := dbrow.ChangeLoginSession(ctx, s.loginTx(q), id, change)
		return after, func() store.Altered { return after.Altered(&before, &after) }, aboutLogin(err)
	})
}

// JudgeLoginSessions implements store.Logins.
func (s *Store) JudgeLoginSessions(ctx context.Context, most int, now, until time.Time) ([]store.LoginSession, error) {
	return change(ctx, s, func(_ pgx.Tx, q *dbsqlc.Queries) ([]store.LoginSession, error) {
		rows, err := q.LoginSessionsJudge(ctx, dbsqlc.LoginSessionsJudgeParams{
			Until: dbrow.Micros(until), Now: dbrow.Micros(now), Max: count(most),
		})
		if err != nil {
			return nil, fmt.Errorf("postgres: hand out sessions to be judged: %w", err)
		}
		return dbrow.Each(rows, dbrow.ToLoginSession), nil
	})
}

// JudgedLoginSession implements store.Logins.
func (s *Store) JudgedLoginSession(ctx context.Context, held store.LoginSession, next time.Time) error {
	if err := store.CheckText(held); err != nil {
		return err
	}
	_, err := change(ctx, s, func(_ pgx.Tx, q *dbsqlc.Queries) (int64, error) {
		return q.LoginSessionJudged(ctx, dbrow.LoginSessionJudgedParams{Next: dbrow.Micros(next), ID: held.ID, JudgeFence: held.JudgeFence})
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
	return change(ctx, s, func(_ pgx.Tx, q *dbsqlc.Queries) ([]store.LoginSession, error) {
		rows, err := q.LogoutsLease(ctx, dbsqlc.LogoutsLeaseParams{
			Until: dbrow.Micros(until), Now: dbrow.Micros(now), Besides: besides, Max: count(most),
		})
		if err != nil {
			return nil, fmt.Errorf("postgres: lease logouts: %w", err)
		}
		return dbrow.Each(rows, dbrow.ToLoginSession), nil
	})
}

// EndLogout implements store.Logins.
func (s *Store) EndLogout(ctx context.Context, held store.LoginSession, judge func(*store.Logout)) error {
	if err := store.CheckText(held); err != nil {
		return err
	}
	_, err := change(ctx, s, func(_ pgx.Tx, q *dbsqlc.Queries) (none struct{}, err error) {
		return none, dbrow.EndLogout(ctx, s.loginTx(q), held, judge)
	})
	return err
}

// LogoutsPending implements store.Logins.
func (s *Store) LogoutsPending(ctx context.Context) (store.LogoutBacklog, error) {
	if err := s.enter(ctx); err != nil {
		return store.LogoutBacklog{}, err
	}
	defer s.leave()
	row, err := s.query.LogoutsPending(ctx)
	if err != nil {
		return store.LogoutBacklog{}, fmt.Errorf("postgres: read pending logouts: %w", err)
	}
	return dbrow.ToLogoutBacklog(row), nil
}

// LoginFacts implements store.Logins.
func (s *Store) LoginFacts(ctx context.Context, k store.LoginKey, limit int) ([]store.LoginFact, error) {
	if err := s.enter(ctx, k); err != nil {
		return nil, err
	}
	defer s.leave()
	rows, err := s.query.LoginFacts(ctx, dbsqlc.LoginFactsParams{
		AppID: k.AppID, UserName: k.UserName, Seller: k.Seller, TenantID: k.TenantID, Max: count(limit),
	})
	if err != nil {
		return nil, fmt.Errorf("postgres: read the facts of a login: %w", err)
	}
	return dbrow.Each(rows, dbrow.ToLoginFact(k.AppID, k.UserName)), nil
}

// TenantsByCode implements store.Logins.
func (s *Store) TenantsByCode(ctx context.Context, seller, code string, limit int) ([]store.Tenant, error) {
	if err := s.enter(ctx, seller, code); err != nil {
		return nil, err
	}
	defer s.leave()
	rows, err := s.query.TenantsByCode(ctx, dbsqlc.TenantsByCodeParams{Seller: seller, TenantCode: code, Max: count(limit)})
	if err != nil {
		return nil, fmt.Errorf("postgres: read tenants by code: %w", err)
	}
	return dbrow.Each(rows, dbrow.ToTenant), nil
}

// AddSigningKey implements store.Logins.
func (s *Store) AddSigningKey(ctx context.Context, k *store.SigningKey) error {
	if err := store.CheckText(k); err != nil {
		return err
	}
	_, err := audited(ctx, s, func(_ pgx.Tx, q *dbsqlc.Queries) (none struct{}, altered told, err error) {
		return none, k.Altered, aboutLogin(q.LoginKeyInsert(ctx, dbrow.FromSigningKey(k)))
	})
	return err
}

// SigningKeys implements store.Logins.
func (s *Store) SigningKeys(ctx context.Context) ([]store.SigningKey, error) {
	if err := s.enter(ctx); err != nil {
		return nil, err
	}
	defer s.leave()
	rows, err := s.query.LoginKeyList(ctx)
	if err != nil {
		return nil, fmt.Errorf("postgres: read signing keys: %w", err)
	}
	return dbrow.Each(rows, dbrow.ToSigningKey), nil
}

// ForgetLogins implements store.Logins.
func (s *Store) ForgetLogins(ctx context.Context, grants, sessions time.Time, limit int) (int, error) {
	return change(ctx, s, func(_ pgx.Tx, q *dbsqlc.Queries) (all int, err error) {
		before, ended := dbrow.Micros(grants), dbrow.Micros(sessions)
		for _, forget := range []func() (int64, error){
			func() (int64, error) {
				return q.LoginRequestsForget(ctx, dbsqlc.LoginRequestsForgetParams{Before: before, Max: count(limit)})
			},
			func() (int64, error) {
				return q.LoginGrantsForget(ctx, dbsqlc.LoginGrantsForgetParams{Before: before, Max: count(limit)})
			},
			func() (int64, error) {
				return q.LoginKeysForget(ctx, dbsqlc.LoginKeysForgetParams{Before: before, Max: count(limit)})
			},
			func() (int64, error) {
				return q.LoginSessionsForget(ctx, dbsqlc.LoginSessionsForgetParams{Before: ended, Max: count(limit)})
			},
		} {
			n, err := forget()
			if err != nil {
				return 0, fmt.Errorf("postgres: forget logins: %w", err)
			}
			all += int(n)
		}
		return all, nil
	})
}

var _ dbrow.LoginTx = loginTx{}
