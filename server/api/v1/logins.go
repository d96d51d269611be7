// SPDX-License-Identifier: Apache-2.0

package v1

import (
	"context"
	"time"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/login/desk"
	"github.com/koogate/koogate/server/login/session"
	"github.com/koogate/koogate/server/login/words"
	"github.com/koogate/koogate/server/pagetoken"
	"github.com/koogate/koogate/store"
)

// Logins are sessions and logins; see [desk.Service].
type Logins interface {
	Session(ctx context.Context, seller, id string) (store.LoginSession, error)
	Sessions(ctx context.Context, q store.ListQuery) ([]store.LoginSession, error)
	End(ctx context.Context, seller, id string) (store.LoginSession, error)
	EndAll(ctx context.Context, seller string, filter []store.Term, after *store.Cursor, dry bool) (desk.Ended, error)
	Login(ctx context.Context, seller, id string) (store.LoginRequest, error)
	Logins(ctx context.Context, q store.ListQuery) ([]store.LoginRequest, error)
	Try(ctx context.Context, seller, appID string) (desk.Trial, error)
	Person(ctx context.Context, seller, appID, ticket string) (map[string]any, error)
}

// logins serves LoginService.
type logins struct {
	loginApps

	desk Logins
}

// sessionFields are those by which sessions that are still active may be chosen.
func sessionFields() fields { return fields{"app_id": nil, "tenant_id": nil, "user_name": nil} }

// ListLoginSessions implements LoginService.
func (s *logins) ListLoginSessions(ctx context.Context, r *koogatev1.ListLoginSessionsRequest) (*koogatev1.ListLoginSessionsResponse, error) {
	l := list[store.LoginSession]{name: "login sessions", fields: sessionFields(), read: s.desk.Sessions, place: desk.PlaceOfSession}
	l.fields["state"] = stored(koogatev1.LoginSessionState(0), prefixLoginSessionState)
	rows, next, err := l.page(ctx, r)
	if err != nil {
		return nil, err
	}
	return &koogatev1.ListLoginSessionsResponse{LoginSessions: each(rows, loginSessionOf), NextPageToken: next}, nil
}

// GetLoginSession implements LoginService.
func (s *logins) GetLoginSession(ctx context.Context, r *koogatev1.GetLoginSessionRequest) (*koogatev1.GetLoginSessionResponse, error) {
	seller, err := sellerOf(ctx)
	if err != nil {
		return nil, err
	}
	row, err := s.desk.Session(ctx, seller, r.GetSessionId())
	if err != nil {
		return nil, err
	}
	return &koogatev1.GetLoginSessionResponse{LoginSession: loginSessionOf(row)}, nil
}

// EndLoginSession implements LoginService. Its caller need not be one who may see personal data, so the answer names nobody.
func (s *logins) EndLoginSession(ctx context.Context, r *koogatev1.EndLoginSessionRequest) (*koogatev1.EndLoginSessionResponse, error) {
	seller, err := sellerOf(ctx)
	if err != nil {
		return nil, err
	}
	row, err := s.desk.End(ctx, seller, r.GetSessionId())
	if err != nil {
		return nil, err
	}
	m := loginSessionOf(row)
	m.UserName = ""
	return &koogatev1.EndLoginSessionResponse{LoginSession: m}, nil
}

// EndLoginSessions implements LoginService.
func (s *logins) EndLoginSessions(ctx context.Context, r *koogatev1.EndLoginSessionsRequest) (*koogatev1.EndLoginSessionsResponse, error) {
	seller, err := sellerOf(ctx)
	if err != nil {
		return nil, err
	}
	bound := pagetoken.Bind("end login sessions", seller, r.GetFilter())
	after, err := pagetoken.Decode(bound, r.GetPageToken())
	if err != nil {
		return nil, err
	}
	terms, err := parseFilter(r.GetFilter(), sessionFields())
	if err != nil {
		return nil, err
	}
	n, err := s.desk.EndAll(ctx, seller, terms, after, r.GetValidateOnly())
	if err != nil {
		return nil, err
	}
	resp := &koogatev1.EndLoginSessionsResponse{Count: int32(n.Count)}
	if n.Last != nil {
		resp.NextPageToken = pagetoken.Encode(bound, *n.Last)
	}
	return resp, nil
}

// ListLogins implements LoginService.
func (s *logins) ListLogins(ctx context.Context, r *koogatev1.ListLoginsRequest) (*koogatev1.ListLoginsResponse, error) {
	l := list[store.LoginRequest]{
		name: "logins", fields: fields{"app_id": nil, "tenant_id": nil, "session_id": nil, "step": stored(koogatev1.LoginStep(0), prefixLoginStep)},
		read: s.desk.Logins, place: desk.PlaceOfLogin,
	}
	rows, next, err := l.page(ctx, r)
	if err != nil {
		return nil, err
	}
	return &koogatev1.ListLoginsResponse{Logins: each(rows, loginOf), NextPageToken: next}, nil
}

// GetLogin implements LoginService.
func (s *logins) GetLogin(ctx context.Context, r *koogatev1.GetLoginRequest) (*koogatev1.GetLoginResponse, error) {
	seller, err := sellerOf(ctx)
	if err != nil {
		return nil, err
	}
	row, err := s.desk.Login(ctx, seller, r.GetLoginId())
	if err != nil {
		return nil, err
	}
	m := loginOf(row)
	m.Events = each(session.Steps(&row), func(e session.Step) *koogatev1.LoginEvent {
		return &koogatev1.LoginEvent{
			Kind: enumOf[koogatev1.LoginEventKind](prefixLoginEventKind, string(e.Name)), Time: timestamp(e.At), Fault: loginFault(e.Fault), Said: e.Said, Host: e.Host,
		}
	})
	return &koogatev1.GetLoginResponse{Login: m}, nil
}

// TryLogin implements LoginService.
func (s *logins) TryLogin(ctx context.Context, r *koogatev1.TryLoginRequest) (*koogatev1.TryLoginResponse, error) {
	seller, err := sellerOf(ctx)
	if err != nil {
		return nil, err
	}
	t, err := s.desk.Try(ctx, seller, r.GetAppId())
	if err != nil {
		return nil, err
	}
	return &koogatev1.TryLoginResponse{LoginId: t.LoginID, Url: t.URL, ExpireTime: timestamp(t.ExpiresAt)}, nil
}

// RedeemTicket implements LoginService.
func (s *logins) RedeemTicket(ctx context.Context, r *koogatev1.RedeemTicketRequest) (*koogatev1.RedeemTicketResponse, error) {
	seller, err := sellerOf(ctx)
	if err != nil {
		return nil, err
	}
	c, err := s.desk.Person(ctx, seller, r.GetAppId(), r.GetTicket())
	if err != nil {
		return nil, err
	}
	return &koogatev1.RedeemTicketResponse{Person: personOf(c)}, nil
}

func loginSessionOf(s store.LoginSession) *koogatev1.LoginSession {
	m := &koogatev1.LoginSession{
		SessionId: s.ID, AppId: s.AppID, TenantId: s.TenantID, UserName: s.UserName,
		Entrance: enumOf[koogatev1.LoginEntrance](prefixLoginEntrance, string(s.Entrance)),
		Protocol: enumOf[koogatev1.LoginProtocol](prefixLoginProtocol, string(s.Protocol)),
		State:    koogatev1.LoginSessionState_LOGIN_SESSION_STATE_ACTIVE, CreateTime: timestamp(s.CreatedAt), LastUseTime: timestamp(s.LastAt),
		ExpireTime: timestamp(s.ExpiresAt), EndTime: timestamp(s.EndedAt), EndReason: enumOf[koogatev1.LoginEnd](prefixLoginEnd, string(s.EndReason)),
		Logout: &koogatev1.LoginLogout{
			State: enumOf[koogatev1.LogoutState](prefixLogoutState, string(s.LogoutState)), Attempts: s.LogoutAttempts,
			LastAttemptTime: timestamp(s.LogoutLastAt), HttpStatus: int32(s.LogoutStatus), Reason: s.LogoutReason,
		},
	}
	if !s.EndedAt.IsZero() {
		m.State = koogatev1.LoginSessionState_LOGIN_SESSION_STATE_ENDED
	}
	if s.LogoutState == store.LogoutPending {
		m.Logout.DueTime = timestamp(s.LogoutDueAt)
	}
	return m
}

// loginOf shows a login without what has happened.
func loginOf(r store.LoginRequest) *koogatev1.Login {
	return &koogatev1.Login{
		LoginId: r.ID, AppId: r.AppID, Entrance: enumOf[koogatev1.LoginEntrance](prefixLoginEntrance, string(r.Entrance)),
		Step: enumOf[koogatev1.LoginStep](prefixLoginStep, string(r.Step)), Fault: loginFault(r.Reason), TenantId: r.TenantID, SessionId: r.SessionID,
		CreateTime: timestamp(r.CreatedAt), UpdateTime: timestamp(r.UpdatedAt), ExpireTime: timestamp(r.ExpiresAt),
	}
}

// loginFault is nil for no fault.
func loginFault(code string) *koogatev1.LoginFault {
	if code == "" {
		return nil
	}
	f := words.Of(code)
	return &koogatev1.LoginFault{Code: code, What: f.What.EN, WhatZh: f.What.ZH, Remedy: f.Staff.EN, RemedyZh: f.Staff.ZH}
}

// personOf reads the claims of a person, whose types are those of package gate. A claim that is not there is empty.
func personOf(c map[string]any) *koogatev1.LoginPerson {
	text := func(name string) string { return claim[string](c, name) }
	m := &koogatev1.LoginPerson{
		Sub: text("sub"), UserName: text("user_name"), Name: text("name"), Mobile: text("phone_number"), Email: text("email"), Role: text("role"),
		TenantId: text("tenant_id"), TenantCode: text("tenant_code"), Enterprise: text("enterprise"), Department: claim[[]string](c, "department"), OrgCode: text("org_code"),
		AppId: text("app_id"), SessionId: text("sid"), Test: claim[bool](c, "test"), SessionExpireTime: timestamp(instant(text("session_expires_at"))),
		Instances: each(claim[[]map[string]any](c, "instances"), func(i map[string]any) *koogatev1.LoginInstance {
			return &koogatev1.LoginInstance{
				InstanceId: claim[string](i, "id"), OrderId: claim[string](i, "order_id"), ProductId: claim[string](i, "product_id"),
				ExpireTime: timestamp(instant(claim[string](i, "expires_at"))), Frozen: claim[bool](i, "frozen"), Role: claim[string](i, "role"),
			}
		}),
	}
	if at := claim[int64](c, "auth_time"); at != 0 {
		m.AuthTime = timestamp(time.Unix(at, 0))
	}
	return m
}

func claim[T any](c map[string]any, name string) T {
	v, _ := c[name].(T)
	return v
}

// instant is zero for what is no time.
func instant(text string) time.Time {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}
	}
	return t
}
