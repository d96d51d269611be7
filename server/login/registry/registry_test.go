// SPDX-License-Identifier: Apache-2.0

package registry_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/koogate/koogate/server/clock/clocktest"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/login/registry"
	"github.com/koogate/koogate/server/outbound"
	"github.com/koogate/koogate/server/vault"
	"github.com/koogate/koogate/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	seller = "acme"
	app    = "demo-crm"
	secret = "kgl_" // how a secret begins
)

// shelf is the one application that these tests need; what several mean to each other is the backends' (store/storetest).
type shelf struct {
	rows map[string]store.LoginApplication
}

func (s *shelf) AddLoginApplication(_ context.Context, a *store.LoginApplication, most int) error {
	if _, ok := s.rows[a.AppID]; ok {
		return store.ErrConflict
	}
	if len(s.rows) >= most {
		return store.ErrExhausted
	}
	s.rows[a.AppID] = *a
	return nil
}

func (s *shelf) LoginApplication(_ context.Context, appID string) (store.LoginApplication, error) {
	a, ok := s.rows[appID]
	if !ok {
		return a, store.ErrNotFound
	}
	return a, nil
}

func (s *shelf) LoginApplications(_ context.Context, of string) (list []store.LoginApplication, err error) {
	for _, a := range s.rows {
		if of == "" || a.Seller == of {
			list = append(list, a)
		}
	}
	return list, nil
}

func (s *shelf) ChangeLoginApplication(_ context.Context, of, appID string, now time.Time, change func(*store.LoginApplication) error) (store.LoginApplication, error) {
	a, ok := s.rows[appID]
	if !ok || a.Seller != of {
		return a, store.ErrNotFound
	}
	if err := change(&a); err != nil {
		return a, err
	}
	a.Version, a.UpdatedAt = a.Version+1, now
	s.rows[appID] = a
	return a, nil
}

func (s *shelf) DeleteLoginApplication(_ context.Context, of, appID string, _ time.Time, check func(*store.LoginApplication) error) error {
	a, ok := s.rows[appID]
	if !ok || a.Seller != of {
		return store.ErrNotFound
	}
	if err := check(&a); err != nil {
		return err
	}
	delete(s.rows, appID)
	return nil
}

func rig(t *testing.T) (*registry.Service, *clocktest.Clock) {
	t.Helper()
	keys, err := vault.Generate()
	if err != nil {
		t.Fatal(err)
	}
	v, err := vault.Open(keys)
	if err != nil {
		t.Fatal(err)
	}
	c := clocktest.New(time.Date(2026, 8, 1, 9, 0, 0, 0, time.UTC))
	guard := outbound.New([]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, nil, nil)
	t.Cleanup(guard.Close)
	n := 0
	return registry.New(registry.Deps{
		Store: &shelf{map[string]store.LoginApplication{}}, Caller: guard, Sealer: v, Clock: c,
		NewID: func() string { n++; return fmt.Sprint("secret-", n) },
	}), c
}

func draft() registry.Draft {
	return registry.Draft{Name: "CRM", ProductID: "p1", Settings: store.LoginSettings{
		RedirectURIs: []string{"https://app.example.com/callback", "http://127.0.0.1:9000/callback"}, BackChannelURI: "https://app.example.com/logout",
	}}
}

func wantReason(t *testing.T, err error, want errs.Reason) {
	t.Helper()
	var e *errs.Error
	if !errors.As(err, &e) || e.Reason != want {
		t.Fatalf("%v, want %s", err, want)
	}
}

// TestTheLifeOfAnApplication: its secret is shown once and not kept, its version guards a change, another seller cannot see it.
func TestTheLifeOfAnApplication(t *testing.T) {
	s, c := rig(t)
	ctx := t.Context()
	a, text, err := s.Add(ctx, seller, app, draft())
	if err != nil || a.State != store.LoginEnabled || a.Version != 1 || !strings.HasPrefix(text, secret) || len(text) != 47 {
		t.Fatalf("%+v %d %v", a, len(text), err)
	}
	if strings.Contains(string(a.Secrets[0].Digest), text) || !registry.Shows(&a, text, c.Now()) || registry.Shows(&a, text+"x", c.Now()) || registry.Shows(&a, "", c.Now()) {
		t.Error("a secret is not compared as a whole by its digest")
	}
	_, _, err = s.Add(ctx, seller, app, draft())
	wantReason(t, err, errs.StateConflict)
	_, err = s.Get(ctx, "other", app)
	wantReason(t, err, errs.LoginApplicationNotFound)
	_, err = s.Change(ctx, seller, app, "7", func(*registry.Draft) {})
	wantReason(t, err, errs.EtagMismatch)
	if a, err = s.Change(ctx, seller, app, "1", func(d *registry.Draft) { d.State = store.LoginDisabled }); err != nil || a.State != store.LoginDisabled || a.Version != 2 {
		t.Fatal(a, err)
	}
	_, err = s.Change(ctx, seller, app, "", func(d *registry.Draft) { d.Name = " " })
	wantReason(t, err, errs.InvalidField)
	list, err := s.List(ctx, store.ListQuery{Seller: seller, Filter: []store.Term{{Field: "state", Value: "ENABLED"}}, Limit: 10})
	if err != nil || len(list) != 0 {
		t.Fatal(list, err)
	}
	wantReason(t, s.Delete(ctx, seller, app, "1"), errs.EtagMismatch)
	if err := s.Delete(ctx, seller, app, "2"); err != nil {
		t.Fatal(err)
	}
	_, err = s.Get(ctx, seller, app)
	wantReason(t, err, errs.LoginApplicationNotFound)
}

// TestTwoSecretsCountAtOnce: the older ends by itself, a third is refused while both count, the last stays.
func TestTwoSecretsCountAtOnce(t *testing.T) {
	s, c := rig(t)
	ctx := t.Context()
	a, first, err := s.Add(ctx, seller, app, draft())
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.EndSecret(ctx, seller, app, a.Secrets[0].ID, "")
	wantReason(t, err, errs.StateConflict)
	_, _, err = s.AddSecret(ctx, seller, app, "", c.Now().Add(-time.Second))
	wantReason(t, err, errs.InvalidField)
	a, second, err := s.AddSecret(ctx, seller, app, "", time.Time{})
	if err != nil || len(a.Secrets) != 2 || !a.Secrets[0].Until.IsZero() || !a.Secrets[1].Until.Equal(c.Now().Add(registry.Overlap)) {
		t.Fatal(a.Secrets, err)
	}
	_, _, err = s.AddSecret(ctx, seller, app, "", time.Time{})
	wantReason(t, err, errs.StateConflict)
	end := c.Now().Add(registry.Overlap)
	for _, x := range []struct {
		text string
		at   time.Time
		want bool
	}{{first, c.Now(), true}, {second, c.Now(), true}, {first, end.Add(-time.Microsecond), true}, {first, end, false}, {second, end, true}} {
		if got := registry.Shows(&a, x.text, x.at); got != x.want {
			t.Errorf("at %s: %t, want %t", x.at, got, x.want)
		}
	}
	c.Advance(registry.Overlap)
	_, err = s.EndSecret(ctx, seller, app, a.Secrets[0].ID, "") // the other has ended, so this is the only one that counts
	wantReason(t, err, errs.StateConflict)
	a, third, err := s.AddSecret(ctx, seller, app, "", c.Now().Add(time.Hour))
	if err != nil || len(a.Secrets) != 2 || registry.Shows(&a, first, c.Now()) {
		t.Fatal(a.Secrets, err)
	}
	_, err = s.EndSecret(ctx, seller, app, "secret-99", "")
	wantReason(t, err, errs.LoginApplicationNotFound)
	if a, err = s.EndSecret(ctx, seller, app, a.Secrets[0].ID, ""); err != nil || registry.Shows(&a, third, c.Now()) || !registry.Shows(&a, second, c.Now().Add(1000*time.Hour)) {
		t.Fatal("the secret that is left counts without an end", a.Secrets, err)
	}
	if a, fourth, err := s.AddSecret(ctx, seller, app, "", c.Now()); err != nil || len(a.Secrets) != 1 || !registry.Shows(&a, fourth, c.Now()) {
		t.Fatal("one that is to end now is gone at once", a.Secrets, err)
	}
}

// TestSettingsAreJudged walks what is refused, and the field that is named.
func TestSettingsAreJudged(t *testing.T) {
	long := "https://app.example.com/" + strings.Repeat("a", registry.MaxURI)
	var many []string
	for i := range registry.MostURIs + 1 {
		many = append(many, fmt.Sprint("https://app.example.com/", i))
	}
	for name, x := range map[string]struct {
		edit   func(*registry.Draft)
		field  string
		reason errs.Reason
	}{
		"a name of blanks":       {func(d *registry.Draft) { d.Name = "  " }, "name", errs.InvalidField},
		"a name with a line end": {func(d *registry.Draft) { d.Name = "a\nb" }, "name", errs.InvalidField},
		"product with a blank":   {func(d *registry.Draft) { d.ProductID = "p 1" }, "product_id", errs.InvalidField},
		"a state of its own":     {func(d *registry.Draft) { d.State = "PAUSED" }, "state", errs.InvalidField},
		"http":                   {func(d *registry.Draft) { d.Settings.RedirectURIs[1] = "http://app.example.com/" }, "redirect_uris[1]", errs.InvalidField},
		"http at a name like loopback": {func(d *registry.Draft) { d.Settings.RedirectURIs[0] = "http://localhost.example.com/" }, "redirect_uris[0]",
			errs.InvalidField},
		"script":             {func(d *registry.Draft) { d.Settings.RedirectURIs[0] = "javascript:alert(1)" }, "redirect_uris[0]", errs.InvalidField},
		"without host":       {func(d *registry.Draft) { d.Settings.RedirectURIs[0] = "https:///callback" }, "redirect_uris[0]", errs.InvalidField},
		"relative":           {func(d *registry.Draft) { d.Settings.RedirectURIs[0] = "/callback" }, "redirect_uris[0]", errs.InvalidField},
		"own scheme":         {func(d *registry.Draft) { d.Settings.RedirectURIs[0] = "crm://callback" }, "redirect_uris[0]", errs.InvalidField},
		"user":               {func(d *registry.Draft) { d.Settings.RedirectURIs[0] = "https://a@b.example.com/" }, "redirect_uris[0]", errs.InvalidField},
		"fragment":           {func(d *registry.Draft) { d.Settings.RedirectURIs[0] = "https://b.example.com/#a" }, "redirect_uris[0]", errs.InvalidField},
		"empty fragment":     {func(d *registry.Draft) { d.Settings.RedirectURIs[0] = "https://b.example.com/#" }, "redirect_uris[0]", errs.InvalidField},
		"wildcard":           {func(d *registry.Draft) { d.Settings.RedirectURIs[0] = "https://*.example.com/" }, "redirect_uris[0]", errs.InvalidField},
		"backslash":          {func(d *registry.Draft) { d.Settings.RedirectURIs[0] = `https://b.example.com/\..` }, "redirect_uris[0]", errs.InvalidField},
		"too long":           {func(d *registry.Draft) { d.Settings.PostLogoutURIs = []string{long} }, "post_logout_uris[0]", errs.InvalidField},
		"too many":           {func(d *registry.Draft) { d.Settings.RedirectURIs = many }, "redirect_uris", errs.InvalidField},
		"twice":              {func(d *registry.Draft) { d.Settings.RedirectURIs[1] = d.Settings.RedirectURIs[0] }, "redirect_uris[1]", errs.InvalidField},
		"initiate in clear":  {func(d *registry.Draft) { d.Settings.InitiateURI = "http://b.example.com/" }, "initiate_uri", errs.InvalidField},
		"ticket in clear":    {func(d *registry.Draft) { d.Settings.TicketURI = "http://b.example.com/" }, "ticket_uri", errs.InvalidField},
		"private":            {func(d *registry.Draft) { d.Settings.BackChannelURI = "https://10.1.2.3/" }, "back_channel_uri", errs.TargetForbidden},
		"back channel's #":   {func(d *registry.Draft) { d.Settings.BackChannelURI = "https://b.example.com/#x" }, "back_channel_uri", errs.InvalidField},
		"protocol":           {func(d *registry.Draft) { d.Settings.Protocol = "SAML" }, "protocol", errs.InvalidField},
		"frozen":             {func(d *registry.Draft) { d.Settings.Frozen = "deny" }, "frozen", errs.InvalidField},
		"roles":              {func(d *registry.Draft) { d.Settings.Roles = "APP" }, "roles", errs.InvalidField},
		"confirm":            {func(d *registry.Draft) { d.Settings.Confirm = "ALWAYS" }, "confirm", errs.InvalidField},
		"personal":           {func(d *registry.Draft) { d.Settings.Personal = []string{"MOBILE", "NAME"} }, "personal[1]", errs.InvalidField},
		"personal twice":     {func(d *registry.Draft) { d.Settings.Personal = []string{"MOBILE", "MOBILE"} }, "personal[1]", errs.InvalidField},
		"a short life":       {func(d *registry.Draft) { d.Settings.LifeSeconds = 599 }, "life", errs.InvalidField},
		"a long life":        {func(d *registry.Draft) { d.Settings.LifeSeconds = 30*24*3600 + 1 }, "life", errs.InvalidField},
		"a life beyond time": {func(d *registry.Draft) { d.Settings.LifeSeconds = 1<<63 - 1 }, "life", errs.InvalidField},
		"a short idle":       {func(d *registry.Draft) { d.Settings.IdleSeconds = 299 }, "idle", errs.InvalidField},
		"idle beyond life":   {func(d *registry.Draft) { d.Settings.LifeSeconds, d.Settings.IdleSeconds = 600, 601 }, "idle", errs.InvalidField},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := rig(t)
			d := draft()
			x.edit(&d)
			_, _, err := s.Add(t.Context(), seller, app, d)
			wantReason(t, err, x.reason)
			if f := errs.As(err).Fields; len(f) != 1 || f[0].Path != "login_application."+x.field {
				t.Errorf("it names %+v", f)
			}
		})
	}
	for _, id := range []string{"", "a b", "a/b", "a:b", "应用", strings.Repeat("a", registry.MaxAppID+1)} {
		s, _ := rig(t)
		_, _, err := s.Add(t.Context(), seller, id, draft())
		wantReason(t, err, errs.InvalidField)
	}
}

// TestDefaults: what is empty is what the pages and the provider see as chosen, and what is chosen stays.
func TestDefaults(t *testing.T) {
	got := registry.Defaults(store.LoginSettings{})
	if got.Protocol != store.LoginOAuth2 || got.Frozen != registry.FrozenDeny || got.Roles != registry.RolesDirectory ||
		got.Confirm != registry.ConfirmUnbound || got.LifeSeconds != 12*3600 || got.IdleSeconds != 2*3600 || len(got.Personal) != 0 || got.LogoutUpstream {
		t.Errorf("%+v", got)
	}
	if short := registry.Defaults(store.LoginSettings{LifeSeconds: 600}); short.IdleSeconds != 600 {
		t.Errorf("nobody is idle for longer than a session lives: %+v", short)
	}
	chosen := store.LoginSettings{Protocol: store.LoginCAS, Frozen: registry.FrozenAllow, Roles: registry.RolesUserinfo, Confirm: registry.ConfirmNever, LifeSeconds: 700, IdleSeconds: 300}
	if got := registry.Defaults(chosen); fmt.Sprint(got) != fmt.Sprint(chosen) {
		t.Errorf("%+v", got)
	}
	if registry.Life(store.LoginSettings{}) != 12*time.Hour || registry.Idle(chosen) != 5*time.Minute {
		t.Error("the times are not those of the settings")
	}
}

// TestTheTestAccountIsSealed: it opens for its own application only and prints as nothing.
func TestTheTestAccountIsSealed(t *testing.T) {
	s, _ := rig(t)
	ctx := t.Context()
	if _, _, err := s.Add(ctx, seller, app, draft()); err != nil {
		t.Fatal(err)
	}
	of := registry.TestAccount{Domain: "https://test.example.com", TenantID: "t1", Account: "tester", Password: "canary-1234"}
	a, err := s.SetTest(ctx, seller, app, "", of)
	if err != nil || strings.Contains(string(a.Test), "canary") || len(a.Test) == 0 {
		t.Fatal(err)
	}
	if strings.Contains(fmt.Sprintf("%v %+v %#v %s", of, of, of, &of), "canary") {
		t.Error("a password is printed")
	}
	if got, ok, err := s.Test(&a); err != nil || !ok || got != of {
		t.Fatal(ok, err)
	}
	moved := a
	moved.AppID = "other"
	if _, _, err := s.Test(&moved); err == nil {
		t.Error("a test account opens in another application")
	}
	for _, bad := range []registry.TestAccount{{Account: "a", Password: "b"}, {TenantID: "t", Password: "b"}, {TenantID: "t", Account: "a"}, {Domain: "ftp://x.example.com", TenantID: "t", Account: "a", Password: "b"}} {
		_, err := s.SetTest(ctx, seller, app, "", bad)
		wantReason(t, err, errs.InvalidField)
	}
	if a, err = s.ClearTest(ctx, seller, app, ""); err != nil {
		t.Fatal(err)
	}
	if _, ok, err := s.Test(&a); ok || err != nil {
		t.Error("a test account is there after it was cleared")
	}
}
