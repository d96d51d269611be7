// SPDX-License-Identifier: Apache-2.0

package gate_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/koogate/koogate/server/directory"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/login/gate"
	"github.com/koogate/koogate/server/login/logintest"
	"github.com/koogate/koogate/server/login/registry"
	"github.com/koogate/koogate/server/login/session"
	"github.com/koogate/koogate/server/login/upstream"
	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/sqlitetest"
	"github.com/koogate/koogate/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// rig is a gate over a world. reads counts what it asks the store.
type rig struct {
	*logintest.World
	*gate.Gate
	t                  *testing.T
	app                store.LoginApplication
	facts, departments int
}

type counted struct {
	logintest.Store
	r *rig
}

func (c counted) LoginFacts(ctx context.Context, k store.LoginKey, limit int) ([]store.LoginFact, error) {
	c.r.facts++
	return c.Store.LoginFacts(ctx, k, limit)
}

func (c counted) ListDepartments(ctx context.Context, q store.ListQuery) ([]store.Department, error) {
	c.r.departments++
	return c.Store.ListDepartments(ctx, q)
}

func newRig(t *testing.T, change ...func(*store.LoginApplication)) *rig {
	t.Helper()
	r := &rig{t: t}
	r.World = logintest.New(t, counted{sqlitetest.Open(t), r})
	r.Gate = gate.New(r.World.Store, r.Vault)
	r.app = r.World.Application(change...)
	return r
}

// enter is what the gate says of the user: the instances that let them in, or the reason that does not.
func (r *rig) enter(user string) string {
	r.t.Helper()
	right, err := r.Person(r.t.Context(), r.app, logintest.Tenant, upstream.Person{UserName: user})
	var refusal *gate.Refusal
	if errors.As(err, &refusal) {
		return string(refusal.Reason)
	}
	r.Must(err)
	var ids []string
	for _, i := range right.Instances {
		ids = append(ids, strings.TrimPrefix(i.ID, "inst-"))
	}
	return strings.Join(ids, " ")
}

func (r *rig) want(want string) {
	r.t.Helper()
	if got := r.enter(logintest.User); got != want {
		r.t.Fatalf("the gate says %q, want %q", got, want)
	}
}

// Whatever of a right is taken away takes it away at once, and giving it back gives it back.
func TestARightIsWhatTheDirectorySays(t *testing.T) {
	r := newRig(t)
	r.want("TENANT_DELETED")
	inst := r.Sell("CS1")
	r.SyncedTenant(inst, logintest.Tenant, directory.Add)
	r.want("APPLICATION_DELETED")
	r.SyncedApplication(inst, logintest.Tenant, directory.Add)
	r.want("USER_UNAUTHORISED")
	r.Authorise(inst, logintest.Tenant, directory.Add, logintest.Somebody(logintest.User))
	r.want("CS1")

	off := logintest.Somebody(logintest.User)
	off.Enabled = false
	r.Authorise(inst, logintest.Tenant, directory.Modify, off)
	r.want("USER_DISABLED")
	r.Authorise(inst, logintest.Tenant, directory.Modify, logintest.Somebody(logintest.User))
	r.want("CS1")
	r.Authorise(inst, logintest.Tenant, directory.Withdraw, logintest.Somebody(logintest.User))
	r.want("USER_UNAUTHORISED")
	r.Authorise(inst, logintest.Tenant, directory.Add, logintest.Somebody(logintest.User))
	r.want("CS1")
	r.Authorise(inst, logintest.Tenant, directory.Delete, logintest.Somebody(logintest.User))
	r.want("USER_UNAUTHORISED")
	r.Authorise(inst, logintest.Tenant, directory.Add, logintest.Somebody(logintest.User))
	r.want("CS1")

	for state, want := range map[store.InstanceState]string{
		store.InstanceProvisioning: "CS1", store.InstanceActive: "CS1", store.InstanceFrozen: "INSTANCE_FROZEN",
		store.InstanceReleased: "INSTANCE_RELEASED", store.InstanceFailed: "INSTANCE_RELEASED",
	} {
		r.State(inst, state)
		if got := r.enter(logintest.User); got != want {
			t.Errorf("%s: the gate says %q, want %q", state, got, want)
		}
	}
	r.State(inst, store.InstanceActive)
	r.SyncedApplication(inst, logintest.Tenant, directory.Delete)
	r.want("APPLICATION_DELETED")
	r.SyncedApplication(inst, logintest.Tenant, directory.Add)
	r.want("CS1")
	r.SyncedTenant(inst, logintest.Tenant, directory.Delete)
	r.want("TENANT_DELETED")
	r.SyncedTenant(inst, logintest.Tenant, directory.Add)
	r.want("APPLICATION_DELETED") // what belonged to the tenant does not come back with it

	r.app.State = store.LoginDisabled
	r.want("APPLICATION_CLOSED")
}

// A name is somebody only as it is written, and only in the tenant and the application that it was told for.
func TestNobodyElseIsLetIn(t *testing.T) {
	r := newRig(t)
	inst := r.Ready("CS1")
	r.Bind(inst, "tenant-2")
	for _, name := range []string{"", "ZHANGSAN01", "zhangsan01 ", "zhangsan0", "zhangsan%", "zhangsan01\x00"} {
		if got := r.enter(name); got == "CS1" {
			t.Errorf("%q is let in", name)
		}
	}
	for _, k := range []struct{ tenant, app, seller string }{
		{"tenant-2", logintest.App, logintest.Seller}, {"", logintest.App, logintest.Seller}, {"TENANT-1", logintest.App, logintest.Seller},
		{logintest.Tenant, "app-2", logintest.Seller}, {logintest.Tenant, logintest.App, "other"},
	} {
		app := r.app
		app.AppID, app.Seller = k.app, k.seller
		_, err := r.Person(t.Context(), app, k.tenant, upstream.Person{UserName: logintest.User})
		var refusal *gate.Refusal
		if !errors.As(err, &refusal) || refusal.Unknown == (k.tenant == "tenant-2" || k.app == "app-2") {
			t.Errorf("%+v: %v", k, err)
		}
	}
}

// One instance is enough, and when there is none the reason is that of the nearest.
func TestManyInstances(t *testing.T) {
	r := newRig(t)
	var insts []string
	for i := range 6 {
		insts = append(insts, r.Ready(fmt.Sprint("CS", i+1)))
	}
	r.want("CS1 CS2 CS3 CS4 CS5 CS6")
	off := logintest.Somebody(logintest.User)
	off.Enabled = false
	r.SyncedTenant(insts[0], logintest.Tenant, directory.Delete)
	r.SyncedApplication(insts[1], logintest.Tenant, directory.Delete)
	r.Authorise(insts[2], logintest.Tenant, directory.Withdraw, off)
	r.Authorise(insts[3], logintest.Tenant, directory.Modify, off)
	r.State(insts[4], store.InstanceReleased)
	r.want("CS6")
	r.State(insts[5], store.InstanceFrozen)
	for i, want := range []string{"INSTANCE_FROZEN", "INSTANCE_RELEASED", "USER_DISABLED", "USER_UNAUTHORISED", "APPLICATION_DELETED", "TENANT_DELETED"} {
		r.want(want)
		r.SyncedTenant(insts[5-i], logintest.Tenant, directory.Delete)
	}
	r.want("TENANT_DELETED")
}

func TestAnInstanceThatKoogateDoesNotKnow(t *testing.T) {
	r := newRig(t)
	r.Bind("inst-before", logintest.Tenant)
	r.Authorise("inst-before", logintest.Tenant, directory.Add, logintest.Somebody(logintest.User))
	r.want("before")
}

func TestWhatAFrozenInstanceMayDo(t *testing.T) {
	for _, c := range []struct{ setting, role, want string }{
		{"", "admin", "INSTANCE_FROZEN"}, {registry.FrozenDeny, "admin", "INSTANCE_FROZEN"}, {"nonsense", "admin", "INSTANCE_FROZEN"},
		{registry.FrozenAllow, "user", "CS1"}, {registry.FrozenAdministrators, "user", "INSTANCE_FROZEN"}, {registry.FrozenAdministrators, "admin", "CS1"},
	} {
		r := newRig(t)
		inst := r.Ready("CS1")
		u := logintest.Somebody(logintest.User)
		u.Role = c.role
		r.Authorise(inst, logintest.Tenant, directory.Modify, u)
		r.State(inst, store.InstanceFrozen)
		r.app.Settings.Frozen = c.setting
		if got := r.enter(logintest.User); got != c.want {
			t.Errorf("%q for %s: %q, want %q", c.setting, c.role, got, c.want)
		}
	}
}

// The centre's word counts for a role only where the application says so, and never for being let in.
func TestWhoseWordCountsForARole(t *testing.T) {
	r := newRig(t)
	inst := r.Ready("CS1")
	ask := func(roles, says string) string {
		r.app.Settings.Roles = roles
		right, err := r.Person(t.Context(), r.app, logintest.Tenant, upstream.Person{UserName: logintest.User, Role: says})
		r.Must(err)
		return right.Role + " " + right.Instances[0].Role
	}
	for _, c := range []struct{ roles, says, want string }{
		{"", "admin", "user user"}, {registry.RolesDirectory, "admin", "user user"}, {registry.RolesUserinfo, "admin", "admin admin"}, {registry.RolesUserinfo, "", "user user"},
	} {
		if got := ask(c.roles, c.says); got != c.want {
			t.Errorf("%q, the centre says %q: %q, want %q", c.roles, c.says, got, c.want)
		}
	}
	r.Authorise(inst, logintest.Tenant, directory.Withdraw, logintest.Somebody(logintest.User))
	if _, err := r.Person(t.Context(), r.app, logintest.Tenant, upstream.Person{UserName: logintest.User, Role: "admin"}); err == nil {
		t.Error("the centre's word let somebody in")
	}
}

func TestWhatALoginNeedsOfATenant(t *testing.T) {
	r := newRig(t)
	tenant := func() string {
		got, err := r.Gate.Tenant(t.Context(), r.app, logintest.Tenant)
		var refusal *gate.Refusal
		if errors.As(err, &refusal) {
			return string(refusal.Reason)
		}
		r.Must(err)
		if got.ID != logintest.Tenant || got.Code != "code-tenant-1" || got.Domain != logintest.Domain || got.Name != "Enterprise tenant-1" || got.Callback != "" || got.Test {
			t.Errorf("tenant %+v", got)
		}
		return got.ClientID + " " + string(got.Secret)
	}
	want := func(want string) {
		t.Helper()
		if got := tenant(); got != want {
			t.Fatalf("got %q, want %q", got, want)
		}
	}
	want("TENANT_DELETED")
	first, second := r.Sell("CS1"), r.Sell("CS2")
	r.SyncedTenant(first, logintest.Tenant, directory.Add)
	want("APPLICATION_DELETED")
	r.SyncedApplication(first, logintest.Tenant, directory.Add)
	want("client-inst-CS1 secret-inst-CS1")
	r.Bind(second, logintest.Tenant)
	want("client-inst-CS2 secret-inst-CS2") // the newest
	r.SyncedApplication(first, logintest.Tenant, directory.Modify)
	want("client-inst-CS1 secret-inst-CS1")
	r.State(first, store.InstanceReleased)
	want("client-inst-CS2 secret-inst-CS2") // one in use first
	r.SyncedTenant(second, logintest.Tenant, directory.Delete)
	want("client-inst-CS1 secret-inst-CS1")
	r.SyncedTenant(first, logintest.Tenant, directory.Delete)
	want("TENANT_DELETED")
	r.app.State = store.LoginDisabled
	want("APPLICATION_CLOSED")
}

func TestATestAccount(t *testing.T) {
	r := newRig(t)
	account := registry.TestAccount{
		TenantID: logintest.Tenant, TenantCode: "tested", Domain: "https://try.example.com", ClientID: "try", ClientSecret: "try-secret", Account: "tester",
	}
	var err error
	r.app.Test, err = registry.SealTest(r.Vault, &r.app, registry.TestAccount{TenantID: logintest.Tenant, Domain: account.Domain, Account: "tester"})
	r.Must(err)
	if _, err := r.Gate.Tenant(t.Context(), r.app, logintest.Tenant); err == nil {
		t.Error("a test account without a client serves its tenant")
	}
	r.app.Test, err = registry.SealTest(r.Vault, &r.app, account)
	r.Must(err)

	got, err := r.Gate.Tenant(t.Context(), r.app, logintest.Tenant)
	if err != nil || !got.Test || got.Domain != account.Domain || got.ClientID != "try" || got.Secret != "try-secret" || got.Code != "tested" {
		t.Fatalf("tenant %+v, %v", got, err)
	}
	right, err := r.Person(t.Context(), r.app, logintest.Tenant, upstream.Person{UserName: "tester"})
	if err != nil || !right.Test || right.TenantCode != "tested" || len(right.Instances) != 0 {
		t.Fatalf("right %#v, %v", right, err)
	}
	claims, err := r.Claims(t.Context(), right, gate.Scopes())
	if err != nil || claims["test"] != true || fmt.Sprint(claims["instance_ids"]) != "[]" {
		t.Fatalf("claims %v, %v", claims, err)
	}
	r.want("USER_UNAUTHORISED") // another user of its tenant
	if _, err := r.Gate.Tenant(t.Context(), r.app, "tenant-2"); err == nil {
		t.Error("the test account serves another tenant")
	}
	if _, err := r.Person(t.Context(), r.app, "tenant-2", upstream.Person{UserName: "tester"}); err == nil {
		t.Error("the test account is let in to another tenant")
	}
	r.Ready("CS1") // now the directory knows the tenant, and its word alone counts
	if got, err := r.Gate.Tenant(t.Context(), r.app, logintest.Tenant); err != nil || got.Test {
		t.Errorf("tenant %+v, %v", got, err)
	}
	if got := r.enter("tester"); got != "USER_UNAUTHORISED" {
		t.Errorf("the tester: %q", got)
	}
	r.want("CS1")

	other := r.app
	other.AppID = "app-2"
	if _, _, err := registry.OpenTest(r.Vault, &other); err == nil {
		t.Error("a test account opens at another application")
	}
	if text := fmt.Sprintf("%v %+v %#v", account, account, account); strings.Contains(text, "try-secret") {
		t.Error(text)
	}
}

func TestClaimsGoByScope(t *testing.T) {
	r := newRig(t)
	inst := r.Ready("CS1")
	for _, u := range []directory.Unit{{OrgCode: "1", Name: "总部"}, {OrgCode: "100", Name: "研发", ParentCode: "1"}, {OrgCode: "10001", Name: "平台", ParentCode: "100"}} {
		_, err := r.SyncDepartment(t.Context(), directory.Department{Scope: r.Scope(inst, logintest.Tenant), Flag: directory.Add, Unit: u})
		r.Must(err)
	}
	claims := func(scopes ...string) map[string]any {
		right, err := r.Person(t.Context(), r.app, logintest.Tenant, upstream.Person{UserName: logintest.User})
		r.Must(err)
		c, err := r.Claims(t.Context(), right, scopes)
		r.Must(err)
		return c
	}
	names := func(c map[string]any) string {
		var list []string
		for name := range c {
			list = append(list, name)
		}
		slices.Sort(list)
		return strings.Join(list, " ")
	}
	const always = "app_id enterprise instance_ids instances order_ids product_ids role sub tenant_code tenant_id test user_name"
	all := []string{"openid", "profile", "email", "phone", "offline_access", "unknown"}
	if got := names(claims("openid", "email", "phone")); got != always { // mobile and mail are not released
		t.Error(got)
	}
	full := claims(all...)
	if got := names(full); got != "app_id department enterprise instance_ids instances name order_ids org_code preferred_username product_ids role sub tenant_code tenant_id test user_name" {
		t.Error(got)
	}
	if got := fmt.Sprintf("%v %v %v %v %v", full["department"], full["name"], full["instances"], full["order_ids"], full["product_ids"]); got !=
		"[总部 研发 平台] 张三 [map[expires_at:"+storetest.Epoch.AddDate(1, 0, 0).Format("2006-01-02T15:04:05Z")+
			" frozen:false id:inst-CS1 order_id:CS1 product_id:product-1 role:user]] [CS1] [product-1]" {
		t.Error(got)
	}
	r.app.Settings.Personal = []string{registry.PersonalMobile}
	if c := claims(all...); c["phone_number"] != "13800000000" || c["email"] != nil {
		t.Error(c)
	}
	r.app.Settings.Personal = []string{registry.PersonalEmail}
	if c := claims(all...); c["phone_number"] != nil || c["email"] != "zhangsan01@example.com" {
		t.Error(c)
	}
	if c := claims("openid"); c["email"] != nil || c["name"] != nil {
		t.Error(c)
	}
	for name := range full {
		if !slices.Contains(gate.ClaimNames(), name) {
			t.Errorf("%s is not among the names of claims", name)
		}
	}
}

// Departments that name each other as parents are a path that ends.
func TestDepartmentsInACircle(t *testing.T) {
	r := newRig(t)
	inst := r.Ready("CS1")
	for _, u := range []directory.Unit{{OrgCode: "10001", Name: "a", ParentCode: "2"}, {OrgCode: "2", Name: "b", ParentCode: "3"}, {OrgCode: "3", Name: "c", ParentCode: "2"}} {
		_, err := r.SyncDepartment(t.Context(), directory.Department{Scope: r.Scope(inst, logintest.Tenant), Flag: directory.Add, Unit: u})
		r.Must(err)
	}
	right, err := r.Person(t.Context(), r.app, logintest.Tenant, upstream.Person{UserName: logintest.User})
	r.Must(err)
	path, err := r.Department(t.Context(), right)
	if err != nil || strings.Join(path, " ") != "c b a" {
		t.Errorf("%v, %v", path, err)
	}
}

// A subject is the same for ever, and another for every other user, tenant and seller.
func TestSubjects(t *testing.T) {
	r := newRig(t)
	seen := make(map[string]bool)
	for _, k := range [][3]string{{"s", "t", "u"}, {"s2", "t", "u"}, {"s", "t2", "u"}, {"s", "t", "u2"}, {"s", "tu", ""}, {"st", "", "u"}} {
		first, err := r.Subject(k[0], k[1], k[2])
		r.Must(err)
		again, err := r.Subject(k[0], k[1], k[2])
		r.Must(err)
		if first != again || len(first) != 32 || seen[first] {
			t.Errorf("%v: %s, then %s", k, first, again)
		}
		seen[first] = true
	}
}

func TestASessionIsJudged(t *testing.T) {
	r := newRig(t, func(a *store.LoginApplication) {
		a.Settings.Roles, a.Settings.Frozen = registry.RolesUserinfo, registry.FrozenAdministrators
	})
	inst := r.Ready("CS1")
	s := store.LoginSession{ID: "s-1", Seller: logintest.Seller, AppID: logintest.App, TenantID: logintest.Tenant, UserName: logintest.User}
	var err error
	s.Upstream, err = session.SealHeld(r.Vault, session.Held{Person: upstream.Person{Role: "admin"}}, store.LoginSessionContext(s.ID))
	r.Must(err)
	want := func(want store.LoginEnd) {
		t.Helper()
		got, err := r.Session(t.Context(), s)
		if err != nil || got != want {
			t.Fatalf("%q, %v, want %q", got, err, want)
		}
	}
	want("")
	r.State(inst, store.InstanceFrozen)
	want("") // the centre has said that it is an administrator, and the application believes it
	s.Upstream, err = session.SealHeld(r.Vault, session.Held{}, store.LoginSessionContext(s.ID))
	r.Must(err)
	want(store.EndInstanceFrozen)
	r.State(inst, store.InstanceActive)
	want("")
	s.Seller = "other"
	want(store.EndApplicationClosed)
	s.Seller = logintest.Seller
	r.Must(r.World.Store.DeleteLoginApplication(t.Context(), logintest.Seller, logintest.App, r.Clock.Now(), func(*store.LoginApplication) error { return nil }))
	want(store.EndApplicationClosed)
}

// A question costs one read of the rows, whatever the answer, and departments are read only for those who are told of them.
func TestAQuestionIsOneRead(t *testing.T) {
	r := newRig(t)
	r.Ready("CS1")
	right, err := r.Person(t.Context(), r.app, logintest.Tenant, upstream.Person{UserName: logintest.User})
	r.Must(err)
	_, err = r.Gate.Tenant(t.Context(), r.app, logintest.Tenant)
	r.Must(err)
	_, err = r.Claims(t.Context(), right, []string{"openid", "email"})
	r.Must(err)
	if r.facts != 2 || r.departments != 0 {
		t.Errorf("%d reads of facts, %d of departments", r.facts, r.departments)
	}
}

type broken struct{ gate.Store }

func (broken) LoginFacts(context.Context, store.LoginKey, int) ([]store.LoginFact, error) {
	return nil, errors.New("the database is away")
}

// A store that is away is no refusal: nobody's session ends by it.
func TestAStoreThatIsAway(t *testing.T) {
	r := newRig(t)
	r.Ready("CS1")
	g := gate.New(broken{r.World.Store}, r.Vault)
	s := store.LoginSession{ID: "s-1", Seller: logintest.Seller, AppID: logintest.App, TenantID: logintest.Tenant, UserName: logintest.User}
	_, userErr := g.Person(t.Context(), r.app, logintest.Tenant, upstream.Person{UserName: logintest.User})
	end, sessionErr := g.Session(t.Context(), s)
	for _, err := range []error{userErr, sessionErr} {
		var e *errs.Error
		if !errors.As(err, &e) || e.Reason != errs.StoreUnavailable || end != "" {
			t.Errorf("%q, %v", end, err)
		}
	}
}
