// SPDX-License-Identifier: Apache-2.0

package dbrow

import (
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/koogate/koogate/store"
)

// asJSON is a value of plain fields as text.
func asJSON(what string, v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("%s of a login application: %v", what, err)) // plain fields can be marshalled
	}
	return string(text)
}

// HexDigest is how a digest is kept: columns of bytes hold nothing but what is sealed.
func HexDigest(b []byte) string { return hex.EncodeToString(b) }

// ofHex reads a digest as it is kept; nil for none.
func ofHex(text string) []byte {
	b, err := hex.DecodeString(text)
	if err != nil {
		return nil // it is nobody's digest
	}
	return Blob(b)
}

// FromLoginApplication makes the row of an application.
func FromLoginApplication(a *store.LoginApplication) LoginApplicationInsertParams {
	return LoginApplicationInsertParams{
		Seller: a.Seller, AppID: a.AppID, Name: a.Name, ProductID: a.ProductID, State: string(a.State), Settings: asJSON("settings", a.Settings),
		Secrets: asJSON("secrets", a.Secrets), Test: Blob(a.Test), Version: a.Version, CreatedAt: Micros(a.CreatedAt), UpdatedAt: Micros(a.UpdatedAt),
	}
}

func loginApplicationUpdate(a *store.LoginApplication) LoginApplicationUpdateParams {
	r := FromLoginApplication(a)
	return LoginApplicationUpdateParams{
		Name: r.Name, ProductID: r.ProductID, State: r.State, Settings: r.Settings, Secrets: r.Secrets, Test: r.Test, Version: r.Version,
		UpdatedAt: r.UpdatedAt, AppID: r.AppID,
	}
}

// ToLoginApplication makes an application of its row. One whose settings cannot be read is disabled: nobody logs in by half of them.
func ToLoginApplication(r LoginApplication) store.LoginApplication {
	a := store.LoginApplication{
		Seller: r.Seller, AppID: r.AppID, Name: r.Name, ProductID: r.ProductID, State: store.LoginApplicationState(r.State), Test: Blob(r.Test),
		Version: r.Version, CreatedAt: Time(r.CreatedAt), UpdatedAt: Time(r.UpdatedAt),
	}
	if json.Unmarshal([]byte(r.Settings), &a.Settings) != nil || json.Unmarshal([]byte(r.Secrets), &a.Secrets) != nil {
		a.Settings, a.Secrets, a.State = store.LoginSettings{}, nil, store.LoginDisabled
	}
	return a
}

// FromLoginRequest makes the row of a request.
func FromLoginRequest(r *store.LoginRequest) LoginRequestInsertParams {
	return LoginRequestInsertParams{
		ID: r.ID, Seller: r.Seller, AppID: r.AppID, Entrance: string(r.Entrance), Step: string(r.Step), Reason: r.Reason, Browser: HexDigest(r.Browser),
		StateDigest: HexDigest(r.StateDigest), TenantID: r.TenantID, Asked: string(r.Asked), Held: Blob(r.Held), SessionID: r.SessionID,
		Steps: string(r.Steps), CreatedAt: Micros(r.CreatedAt), UpdatedAt: Micros(r.UpdatedAt), ExpiresAt: Micros(r.ExpiresAt),
	}
}

func loginRequestUpdate(a *store.LoginRequest) LoginRequestUpdateParams {
	r := FromLoginRequest(a)
	return LoginRequestUpdateParams{
		Entrance: r.Entrance, Step: r.Step, Reason: r.Reason, Browser: r.Browser, StateDigest: r.StateDigest, TenantID: r.TenantID, Asked: r.Asked,
		Held: r.Held, SessionID: r.SessionID, Steps: r.Steps, UpdatedAt: r.UpdatedAt, ExpiresAt: r.ExpiresAt, ID: r.ID,
	}
}

// ToLoginRequest makes a request of its row.
func ToLoginRequest(r LoginRequest) store.LoginRequest {
	return store.LoginRequest{
		ID: r.ID, Seller: r.Seller, AppID: r.AppID, Entrance: store.LoginEntrance(r.Entrance), Step: store.LoginStep(r.Step), Reason: r.Reason,
		Browser: ofHex(r.Browser), StateDigest: ofHex(r.StateDigest), TenantID: r.TenantID, Asked: Blob([]byte(r.Asked)), Held: Blob(r.Held),
		SessionID: r.SessionID, Steps: Blob([]byte(r.Steps)), CreatedAt: Time(r.CreatedAt), UpdatedAt: Time(r.UpdatedAt), ExpiresAt: Time(r.ExpiresAt),
	}
}

// FromLoginGrant makes the row of a grant.
func FromLoginGrant(g *store.LoginGrant) LoginGrantInsertParams {
	return LoginGrantInsertParams{
		Digest: HexDigest(g.Digest), Kind: string(g.Kind), SessionID: g.SessionID, RequestID: g.RequestID, Scopes: g.Scopes, CreatedAt: Micros(g.CreatedAt),
		ExpiresAt: Micros(g.ExpiresAt), UsedAt: Micros(g.UsedAt),
	}
}

// ToLoginGrant makes a grant of its row.
func ToLoginGrant(r LoginGrant) store.LoginGrant {
	return store.LoginGrant{
		Digest: ofHex(r.Digest), Kind: store.LoginGrantKind(r.Kind), SessionID: r.SessionID, RequestID: r.RequestID, Scopes: r.Scopes,
		CreatedAt: Time(r.CreatedAt), ExpiresAt: Time(r.ExpiresAt), UsedAt: Time(r.UsedAt),
	}
}

// The states of a session in a list.
const (
	sessionActive = "ACTIVE"
	sessionEnded  = "ENDED"
)

func loginSessionUpdate(s *store.LoginSession) LoginSessionUpdateParams {
	state := sessionActive
	if !s.EndedAt.IsZero() {
		state = sessionEnded
	}
	return LoginSessionUpdateParams{
		Digest: HexDigest(s.Digest), Upstream: Blob(s.Upstream), LastAt: Micros(s.LastAt), ExpiresAt: Micros(s.ExpiresAt), State: state,
		EndedAt: Micros(s.EndedAt), EndReason: string(s.EndReason), JudgeAt: Micros(s.JudgeAt), LogoutState: string(s.LogoutState),
		LogoutDueAt: Micros(s.LogoutDueAt), LogoutAttempts: s.LogoutAttempts, LogoutFirstAt: Micros(s.LogoutFirstAt),
		LogoutLastAt: Micros(s.LogoutLastAt), LogoutStatus: int64(s.LogoutStatus), LogoutReason: s.LogoutReason, ID: s.ID,
	}
}

// ToLoginSession makes a session of its row.
func ToLoginSession(r LoginSession) store.LoginSession {
	return store.LoginSession{
		ID: r.ID, Seller: r.Seller, AppID: r.AppID, TenantID: r.TenantID, UserName: r.UserName, Entrance: store.LoginEntrance(r.Entrance),
		Protocol: store.LoginProtocol(r.Protocol), Digest: ofHex(r.Digest), Upstream: Blob(r.Upstream), CreatedAt: Time(r.CreatedAt),
		LastAt: Time(r.LastAt), ExpiresAt: Time(r.ExpiresAt), EndedAt: Time(r.EndedAt), EndReason: store.LoginEnd(r.EndReason),
		JudgeAt: Time(r.JudgeAt), JudgeFence: r.JudgeFence,
		Logout: store.Logout{
			LogoutState: store.LogoutState(r.LogoutState), LogoutDueAt: Time(r.LogoutDueAt), LogoutFence: r.LogoutFence,
			LogoutAttempts: r.LogoutAttempts, LogoutFirstAt: Time(r.LogoutFirstAt), LogoutLastAt: Time(r.LogoutLastAt),
			LogoutStatus: int(r.LogoutStatus), LogoutReason: r.LogoutReason,
		},
	}
}

// ToLoginFact makes a fact of its row.
func ToLoginFact(appID, userName string) func(LoginFactsRow) store.LoginFact {
	return func(r LoginFactsRow) store.LoginFact {
		k := store.TenantKey{Seller: r.Seller, InstanceID: r.InstanceID, TenantID: r.TenantID}
		f := store.LoginFact{
			InstanceID: r.InstanceID,
			Tenant: store.Tenant{
				TenantKey: k, OrderID: r.OrderID, TenantCode: r.TenantCode, Name: r.Name, DomainName: r.DomainName, Stamp: ToStamp(r.StampAt, r.StampRank),
				Deleted: r.Deleted != 0, CreatedAt: Time(r.CreatedAt), UpdatedAt: Time(r.UpdatedAt),
			},
			State: store.InstanceState(r.InstanceState), OrderID: r.InstanceOrderID, ProductID: r.ProductID, ExpiresAt: Time(r.ExpireAt),
		}
		if r.AppThere != 0 {
			f.Application = store.Application{
				TenantKey: k, AppID: appID, ClientID: r.ClientID, ClientSecret: Blob(r.ClientSecret), Stamp: ToStamp(r.AppStampAt, r.AppStampRank),
				Deleted: r.AppDeleted != 0, CreatedAt: Time(r.AppCreatedAt), UpdatedAt: Time(r.AppUpdatedAt),
			}
		}
		if r.UserThere != 0 {
			f.User = store.User{
				TenantKey: k, AppID: appID, UserName: userName, State: store.UserState(r.UserState), Role: r.Role, OrgCode: r.OrgCode,
				Profile: Blob(r.Profile), Stamp: ToStamp(r.UserStampAt, r.UserStampRank), Deleted: r.UserDeleted != 0, CreatedAt: Time(r.UserCreatedAt),
				UpdatedAt: Time(r.UserUpdatedAt),
			}
		}
		return f
	}
}

// FromSigningKey makes the row of a signing key.
func FromSigningKey(k *store.SigningKey) LoginKeyInsertParams {
	return LoginKeyInsertParams{
		Number: k.Number, ID: k.ID, Algorithm: k.Algorithm, Private: k.Private, CreatedAt: Micros(k.CreatedAt), ActiveAt: Micros(k.ActiveAt),
		RetiredAt: Micros(k.RetiredAt),
	}
}

// ToSigningKey makes a signing key of its row.
func ToSigningKey(r LoginKey) store.SigningKey {
	return store.SigningKey{
		Number: r.Number, ID: r.ID, Algorithm: r.Algorithm, Private: r.Private, CreatedAt: Time(r.CreatedAt), ActiveAt: Time(r.ActiveAt),
		RetiredAt: Time(r.RetiredAt),
	}
}

// ToLogoutBacklog makes what is pending of its row.
func ToLogoutBacklog(r LogoutsPendingRow) store.LogoutBacklog {
	return store.LogoutBacklog{Sessions: int(r.Sessions), Due: Time(r.DueAt), Since: Time(r.Since)}
}
