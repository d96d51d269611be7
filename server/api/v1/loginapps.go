// SPDX-License-Identifier: Apache-2.0

package v1

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/api/v1/form"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/login/registry"
	"github.com/koogate/koogate/store"
)

// LoginApplications are the registry of applications that log in; see [registry.Service].
type LoginApplications interface {
	List(ctx context.Context, q store.ListQuery) ([]store.LoginApplication, error)
	Get(ctx context.Context, seller, appID string) (store.LoginApplication, error)
	Add(ctx context.Context, seller, appID string, d registry.Draft) (store.LoginApplication, string, error)
	Change(ctx context.Context, seller, appID, etag string, apply func(*registry.Draft)) (store.LoginApplication, error)
	Delete(ctx context.Context, seller, appID, etag string) error
	AddSecret(ctx context.Context, seller, appID, etag string, end time.Time) (store.LoginApplication, string, error)
	EndSecret(ctx context.Context, seller, appID, secretID, etag string) (store.LoginApplication, error)
	SetTest(ctx context.Context, seller, appID, etag string, t registry.TestAccount) (store.LoginApplication, error)
	ClearTest(ctx context.Context, seller, appID, etag string) (store.LoginApplication, error)
}

// loginApps serves the part of LoginService that is about applications.
type loginApps struct {
	koogatev1.UnimplementedLoginServiceServer

	apps   LoginApplications
	issuer string // of the logins of this process; empty for none
}

// ListLoginApplications implements LoginService.
func (s *loginApps) ListLoginApplications(ctx context.Context, r *koogatev1.ListLoginApplicationsRequest) (*koogatev1.ListLoginApplicationsResponse, error) {
	l := list[store.LoginApplication]{
		name: "login applications", fields: fields{"product_id": nil, "state": stored(koogatev1.LoginApplicationState(0), prefixLoginApplicationState)}, read: s.apps.List,
		place: registry.Place,
	}
	rows, next, err := l.page(ctx, r)
	if err != nil {
		return nil, err
	}
	return &koogatev1.ListLoginApplicationsResponse{LoginApplications: each(rows, s.shown), NextPageToken: next}, nil
}

// GetLoginApplication implements LoginService.
func (s *loginApps) GetLoginApplication(ctx context.Context, r *koogatev1.GetLoginApplicationRequest) (*koogatev1.GetLoginApplicationResponse, error) {
	seller, err := sellerOf(ctx)
	if err != nil {
		return nil, err
	}
	a, err := s.apps.Get(ctx, seller, r.GetAppId())
	if err != nil {
		return nil, err
	}
	return &koogatev1.GetLoginApplicationResponse{LoginApplication: s.shown(a)}, nil
}

// CreateLoginApplication implements LoginService.
func (s *loginApps) CreateLoginApplication(ctx context.Context, r *koogatev1.CreateLoginApplicationRequest) (*koogatev1.CreateLoginApplicationResponse, error) {
	seller, err := sellerOf(ctx)
	if err != nil {
		return nil, err
	}
	var d registry.Draft
	for _, set := range loginSetters {
		set(&d, r.GetLoginApplication())
	}
	if err := wholeSeconds(r.GetLoginApplication()); err != nil {
		return nil, err
	}
	a, secret, err := s.apps.Add(ctx, seller, r.GetLoginApplication().GetAppId(), d)
	if err != nil {
		return nil, err
	}
	return &koogatev1.CreateLoginApplicationResponse{LoginApplication: s.shown(a), Secret: secret}, nil
}

// UpdateLoginApplication implements LoginService.
func (s *loginApps) UpdateLoginApplication(ctx context.Context, r *koogatev1.UpdateLoginApplicationRequest) (*koogatev1.UpdateLoginApplicationResponse, error) {
	seller, err := sellerOf(ctx)
	if err != nil {
		return nil, err
	}
	m := r.GetLoginApplication()
	names, known := form.Changed(r.GetUpdateMask().GetPaths(), loginFields(m)...)
	switch {
	case !known:
		return nil, errs.BadField("update_mask", "names a field that cannot be changed: it takes %s", strings.Join(loginFieldNames(), ", "))
	case len(names) == 0:
		return nil, errs.BadField("login_application", "names nothing to change: it takes %s", strings.Join(loginFieldNames(), ", "))
	case slices.Contains(names, "state") && m.GetState() == 0:
		return nil, errs.BadField("login_application.state", "must be ENABLED or DISABLED")
	}
	if err := wholeSeconds(m); err != nil {
		return nil, err
	}
	a, err := s.apps.Change(ctx, seller, r.GetAppId(), r.GetEtag(), func(d *registry.Draft) {
		for _, n := range names {
			loginSetters[string(m.ProtoReflect().Descriptor().Fields().ByJSONName(n).Name())](d, m)
		}
	})
	if err != nil {
		return nil, err
	}
	return &koogatev1.UpdateLoginApplicationResponse{LoginApplication: s.shown(a)}, nil
}

// loginSetters write each field of a message that a caller may choose into a draft.
var loginSetters = map[string]func(*registry.Draft, *koogatev1.LoginApplication){
	"name":          func(d *registry.Draft, m *koogatev1.LoginApplication) { d.Name = m.GetName() },
	"product_id":    func(d *registry.Draft, m *koogatev1.LoginApplication) { d.ProductID = m.GetProductId() },
	"redirect_uris": func(d *registry.Draft, m *koogatev1.LoginApplication) { d.Settings.RedirectURIs = m.GetRedirectUris() },
	"post_logout_uris": func(d *registry.Draft, m *koogatev1.LoginApplication) {
		d.Settings.PostLogoutURIs = m.GetPostLogoutUris()
	},
	"initiate_uri": func(d *registry.Draft, m *koogatev1.LoginApplication) { d.Settings.InitiateURI = m.GetInitiateUri() },
	"back_channel_uri": func(d *registry.Draft, m *koogatev1.LoginApplication) {
		d.Settings.BackChannelURI = m.GetBackChannelUri()
	},
	"ticket_uri": func(d *registry.Draft, m *koogatev1.LoginApplication) { d.Settings.TicketURI = m.GetTicketUri() },
	"logout_upstream": func(d *registry.Draft, m *koogatev1.LoginApplication) {
		d.Settings.LogoutUpstream = m.GetLogoutUpstream()
	},
	"state": func(d *registry.Draft, m *koogatev1.LoginApplication) {
		d.State = store.LoginApplicationState(word(m.GetState(), prefixLoginApplicationState))
	},
	"protocol": func(d *registry.Draft, m *koogatev1.LoginApplication) {
		d.Settings.Protocol = store.LoginProtocol(word(m.GetProtocol(), prefixLoginProtocol))
	},
	"frozen": func(d *registry.Draft, m *koogatev1.LoginApplication) {
		d.Settings.Frozen = word(m.GetFrozen(), prefixLoginFrozen)
	},
	"roles": func(d *registry.Draft, m *koogatev1.LoginApplication) {
		d.Settings.Roles = word(m.GetRoles(), prefixLoginRoles)
	},
	"confirm": func(d *registry.Draft, m *koogatev1.LoginApplication) {
		d.Settings.Confirm = word(m.GetConfirm(), prefixLoginConfirm)
	},
	"personal": func(d *registry.Draft, m *koogatev1.LoginApplication) {
		d.Settings.Personal = each(m.GetPersonal(), func(p koogatev1.LoginPersonal) string { return word(p, prefixLoginPersonal) })
	},
	"life": func(d *registry.Draft, m *koogatev1.LoginApplication) {
		d.Settings.LifeSeconds = m.GetLife().GetSeconds()
	},
	"idle": func(d *registry.Draft, m *koogatev1.LoginApplication) {
		d.Settings.IdleSeconds = m.GetIdle().GetSeconds()
	},
}

// loginFields are the fields of an application that a caller may choose, and whether the message has them.
func loginFields(m *koogatev1.LoginApplication) []form.Field {
	of := m.ProtoReflect()
	list := make([]form.Field, 0, len(loginSetters))
	for _, name := range loginFieldNames() {
		f := of.Descriptor().Fields().ByName(protoreflect.Name(name))
		list = append(list, form.Field{Path: name, Name: f.JSONName(), Given: of.Has(f)})
	}
	return list
}

func loginFieldNames() []string {
	list := make([]string, 0, len(loginSetters))
	for name := range loginSetters {
		list = append(list, name)
	}
	slices.Sort(list)
	return list
}

// wholeSeconds refuses times that cannot be kept as they are.
func wholeSeconds(m *koogatev1.LoginApplication) error {
	for name, d := range map[string]*durationpb.Duration{"life": m.GetLife(), "idle": m.GetIdle()} {
		if d != nil && (d.GetNanos() != 0 || d.GetSeconds() <= 0) {
			return errs.BadField("login_application."+name, "must be whole seconds above zero")
		}
	}
	return nil
}

// DeleteLoginApplication implements LoginService.
func (s *loginApps) DeleteLoginApplication(ctx context.Context, r *koogatev1.DeleteLoginApplicationRequest) (*koogatev1.DeleteLoginApplicationResponse, error) {
	seller, err := sellerOf(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.apps.Delete(ctx, seller, r.GetAppId(), r.GetEtag()); err != nil {
		return nil, err
	}
	return &koogatev1.DeleteLoginApplicationResponse{}, nil
}

// AddLoginSecret implements LoginService.
func (s *loginApps) AddLoginSecret(ctx context.Context, r *koogatev1.AddLoginSecretRequest) (*koogatev1.AddLoginSecretResponse, error) {
	seller, err := sellerOf(ctx)
	if err != nil {
		return nil, err
	}
	a, secret, err := s.apps.AddSecret(ctx, seller, r.GetAppId(), r.GetEtag(), timeOf(r.GetOlderEndTime()))
	if err != nil {
		return nil, err
	}
	return &koogatev1.AddLoginSecretResponse{LoginApplication: s.shown(a), Secret: secret}, nil
}

// EndLoginSecret implements LoginService.
func (s *loginApps) EndLoginSecret(ctx context.Context, r *koogatev1.EndLoginSecretRequest) (*koogatev1.EndLoginSecretResponse, error) {
	seller, err := sellerOf(ctx)
	if err != nil {
		return nil, err
	}
	a, err := s.apps.EndSecret(ctx, seller, r.GetAppId(), r.GetSecretId(), r.GetEtag())
	if err != nil {
		return nil, err
	}
	return &koogatev1.EndLoginSecretResponse{LoginApplication: s.shown(a)}, nil
}

// SetTestAccount implements LoginService.
func (s *loginApps) SetTestAccount(ctx context.Context, r *koogatev1.SetTestAccountRequest) (*koogatev1.SetTestAccountResponse, error) {
	seller, err := sellerOf(ctx)
	if err != nil {
		return nil, err
	}
	a, err := s.apps.SetTest(ctx, seller, r.GetAppId(), r.GetEtag(), registry.TestAccount{
		Domain: r.GetDomain(), TenantID: r.GetTenantId(), TenantCode: r.GetTenantCode(), Account: r.GetAccount(), Password: r.GetPassword(),
		ClientID: r.GetClientId(), ClientSecret: r.GetClientSecret(),
	})
	if err != nil {
		return nil, err
	}
	return &koogatev1.SetTestAccountResponse{LoginApplication: s.shown(a)}, nil
}

// ClearTestAccount implements LoginService.
func (s *loginApps) ClearTestAccount(ctx context.Context, r *koogatev1.ClearTestAccountRequest) (*koogatev1.ClearTestAccountResponse, error) {
	seller, err := sellerOf(ctx)
	if err != nil {
		return nil, err
	}
	a, err := s.apps.ClearTest(ctx, seller, r.GetAppId(), r.GetEtag())
	if err != nil {
		return nil, err
	}
	return &koogatev1.ClearTestAccountResponse{LoginApplication: s.shown(a)}, nil
}

// shown shows an application with what counts for it, chosen or not.
func (s *loginApps) shown(a store.LoginApplication) *koogatev1.LoginApplication {
	c := registry.Defaults(a.Settings)
	return &koogatev1.LoginApplication{
		AppId: a.AppID, Seller: a.Seller, Name: a.Name, ProductId: a.ProductID,
		State:        enumOf[koogatev1.LoginApplicationState](prefixLoginApplicationState, string(a.State)),
		Protocol:     enumOf[koogatev1.LoginProtocol](prefixLoginProtocol, string(c.Protocol)),
		RedirectUris: c.RedirectURIs, PostLogoutUris: c.PostLogoutURIs, InitiateUri: c.InitiateURI, BackChannelUri: c.BackChannelURI, TicketUri: c.TicketURI,
		Frozen:  enumOf[koogatev1.LoginFrozen](prefixLoginFrozen, c.Frozen),
		Roles:   enumOf[koogatev1.LoginRoles](prefixLoginRoles, c.Roles),
		Confirm: enumOf[koogatev1.LoginConfirm](prefixLoginConfirm, c.Confirm),
		Personal: each(c.Personal, func(p string) koogatev1.LoginPersonal {
			return enumOf[koogatev1.LoginPersonal](prefixLoginPersonal, p)
		}),
		Life: durationpb.New(registry.Life(c)), Idle: durationpb.New(registry.Idle(c)), LogoutUpstream: c.LogoutUpstream,
		Secrets: each(a.Secrets, func(x store.LoginSecret) *koogatev1.LoginSecret {
			return &koogatev1.LoginSecret{SecretId: x.ID, CreateTime: timestamp(x.CreatedAt), EndTime: timestamp(x.Until)}
		}),
		HasTestAccount: len(a.Test) > 0, CallbackUrl: registry.CallbackURL(s.issuer, a.AppID), StartUrl: registry.StartURL(s.issuer, a.AppID),
		CreateTime: timestamp(a.CreatedAt), UpdateTime: timestamp(a.UpdatedAt), Etag: registry.Etag(&a),
	}
}

// enumOf is the value of an enum that the store has as a word; the unspecified one for a word that the contract does not have.
func enumOf[E interface {
	~int32
	protoreflect.Enum
}](prefix, word string) E {
	var e E
	if v := e.Descriptor().Values().ByName(protoreflect.Name(prefix + word)); v != nil {
		return E(v.Number())
	}
	return e
}

// word is what the store has for the value of an enum; empty for the unspecified one.
func word[E interface {
	fmt.Stringer
	protoreflect.Enum
}](e E, prefix string) string {
	if e.Number() == 0 {
		return ""
	}
	return strings.TrimPrefix(e.String(), prefix)
}
