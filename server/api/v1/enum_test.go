// SPDX-License-Identifier: Apache-2.0

package v1

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/server/access"
	"github.com/koogate/koogate/server/explain"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/server/licence"
	"github.com/koogate/koogate/server/login/registry"
	"github.com/koogate/koogate/server/login/session"
	"github.com/koogate/koogate/server/sanction"
	"github.com/koogate/koogate/server/seller"
	"github.com/koogate/koogate/server/usage"
	"github.com/koogate/koogate/server/webhook"
	"github.com/koogate/koogate/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// storeConstants reads the values of the store's string constants of a type from its source, so that a new one cannot be
// forgotten here.
func storeConstants(t *testing.T, typ string) []string {
	t.Helper()
	var decls []ast.Decl
	sources, err := filepath.Glob("../../../store/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range sources {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		decls = append(decls, file.Decls...)
	}
	var values []string
	for _, d := range decls {
		g, ok := d.(*ast.GenDecl)
		if !ok || g.Tok != token.CONST {
			continue
		}
		for _, spec := range g.Specs {
			v := spec.(*ast.ValueSpec)
			if id, ok := v.Type.(*ast.Ident); ok && id.Name == typ {
				text, err := strconv.Unquote(v.Values[0].(*ast.BasicLit).Value)
				if err != nil {
					t.Fatal(err)
				}
				values = append(values, text)
			}
		}
	}
	if typ == "TaskKind" { // of other domains than orders
		values = append(values, string(usage.KindPush))
	}
	slices.Sort(values)
	return values
}

// TestEnumsMatchTheStore holds both lists of values to be the same, and every value to map.
func TestEnumsMatchTheStore(t *testing.T) {
	for typ, c := range map[string]struct {
		enum   protoreflect.Enum
		prefix string
		number func(string) protoreflect.EnumNumber
	}{
		"TaskKind": {koogatev1.TaskKind(0), prefixTaskKind, func(s string) protoreflect.EnumNumber {
			if k := taskKind(store.TaskKind(s)); k != koogatev1.TaskKind_TASK_KIND_INTERNAL { // what stands for kinds without a name
				return k.Number()
			}
			return 0
		}},
		"CallDirection": {koogatev1.CallDirection(0), prefixCallDirection, func(s string) protoreflect.EnumNumber {
			return callDirection(store.CallDirection(s)).Number()
		}},
		"CallVerdict": {koogatev1.CallVerdict(0), prefixCallVerdict, func(s string) protoreflect.EnumNumber {
			return callVerdict(store.CallVerdict(s)).Number()
		}},
		"CallComparison": {koogatev1.CallComparison(0), prefixComparison, func(s string) protoreflect.EnumNumber {
			return comparison(store.CallComparison(s)).Number()
		}},
		"Side": {koogatev1.Side(0), prefixSide, func(s string) protoreflect.EnumNumber { return side(store.Side(s)).Number() }},
		"CallCause": {koogatev1.CallCause(0), prefixCallCause, func(s string) protoreflect.EnumNumber {
			return callCause(store.CallCause(s)).Number()
		}},
		"TaskState": {koogatev1.TaskState(0), prefixTaskState, func(s string) protoreflect.EnumNumber {
			return taskState(store.TaskState(s)).Number()
		}},
		"InstanceState": {koogatev1.InstanceState(0), prefixInstanceState, func(s string) protoreflect.EnumNumber {
			return instanceState(store.InstanceState(s)).Number()
		}},
		"QueryState": {koogatev1.QueryState(0), prefixQueryState, func(s string) protoreflect.EnumNumber {
			return queryState(store.QueryState(s)).Number()
		}},
		"UserState": {koogatev1.UserState(0), prefixUserState, func(s string) protoreflect.EnumNumber {
			return userState(store.UserState(s)).Number()
		}},
		"LoginApplicationState": {koogatev1.LoginApplicationState(0), prefixLoginApplicationState, func(s string) protoreflect.EnumNumber {
			return enumOf[koogatev1.LoginApplicationState](prefixLoginApplicationState, s).Number()
		}},
		"LoginProtocol": {koogatev1.LoginProtocol(0), prefixLoginProtocol, func(s string) protoreflect.EnumNumber {
			return enumOf[koogatev1.LoginProtocol](prefixLoginProtocol, s).Number()
		}},
		"LoginStep": {koogatev1.LoginStep(0), prefixLoginStep, func(s string) protoreflect.EnumNumber {
			return enumOf[koogatev1.LoginStep](prefixLoginStep, s).Number()
		}},
		"LoginEntrance": {koogatev1.LoginEntrance(0), prefixLoginEntrance, func(s string) protoreflect.EnumNumber {
			return enumOf[koogatev1.LoginEntrance](prefixLoginEntrance, s).Number()
		}},
		"LoginEnd": {koogatev1.LoginEnd(0), prefixLoginEnd, func(s string) protoreflect.EnumNumber {
			return enumOf[koogatev1.LoginEnd](prefixLoginEnd, s).Number()
		}},
		"LogoutState": {koogatev1.LogoutState(0), prefixLogoutState, func(s string) protoreflect.EnumNumber {
			return enumOf[koogatev1.LogoutState](prefixLogoutState, s).Number()
		}},
		"ReservationState": {koogatev1.ReservationState(0), prefixReservation, func(s string) protoreflect.EnumNumber {
			return reservationState(store.ReservationState(s)).Number()
		}},
	} {
		t.Run(typ, func(t *testing.T) {
			inStore, inContract := storeConstants(t, typ), stored(c.enum, c.prefix)
			if typ == "TaskKind" {
				inContract = namedKinds()
			}
			if len(inStore) == 0 || !slices.Equal(inStore, inContract) {
				t.Fatalf("the store has %v, the contract %v", inStore, inContract)
			}
			seen := make(map[protoreflect.EnumNumber]bool)
			for _, v := range inStore {
				n := c.number(v)
				if n == 0 || seen[n] {
					t.Errorf("%s maps to %d", v, n)
				}
				seen[n] = true
			}
			if c.number("NO_SUCH") != 0 {
				t.Error("an unknown value maps to a known one")
			}
		})
	}
}

// TestWhatApplicationsChooseHasNames holds the contract's choices to those of the registry, and what happens in logins to the words of package session.
func TestWhatApplicationsChooseHasNames(t *testing.T) {
	for name, c := range map[string]struct {
		enum   protoreflect.Enum
		prefix string
		want   []string
	}{
		"frozen":   {koogatev1.LoginFrozen(0), prefixLoginFrozen, []string{registry.FrozenAdministrators, registry.FrozenAllow, registry.FrozenDeny}},
		"roles":    {koogatev1.LoginRoles(0), prefixLoginRoles, []string{registry.RolesDirectory, registry.RolesUserinfo}},
		"confirm":  {koogatev1.LoginConfirm(0), prefixLoginConfirm, []string{registry.ConfirmNever, registry.ConfirmUnbound, registry.ConfirmWithoutState}},
		"personal": {koogatev1.LoginPersonal(0), prefixLoginPersonal, []string{registry.PersonalEmail, registry.PersonalMobile}},
		"state":    {koogatev1.LoginSessionState(0), prefixLoginSessionState, []string{"ACTIVE", "ENDED"}},
		"step": {koogatev1.LoginEventKind(0), prefixLoginEventKind, []string{
			string(session.StepAsked), string(session.StepBegun), string(session.StepCallback), string(session.StepConfirmed), string(session.StepLed),
			string(session.StepPerson), string(session.StepTold), string(session.StepRight), string(session.StepSent), string(session.StepSession),
			string(session.StepTenant), string(session.StepToken),
		}},
	} {
		if got := stored(c.enum, c.prefix); !slices.Equal(got, c.want) {
			t.Errorf("%s: the contract has %v, and it is %v", name, got, c.want)
		}
	}
	if got := word(koogatev1.LoginFrozen_LOGIN_FROZEN_UNSPECIFIED, prefixLoginFrozen); got != "" {
		t.Errorf("what is not chosen is stored as %q", got)
	}
	if got := word(koogatev1.LoginFrozen_LOGIN_FROZEN_ALLOW, prefixLoginFrozen); got != registry.FrozenAllow {
		t.Errorf("stored as %q", got)
	}
}

// TestEveryFieldOfAnApplicationCanBeChosen: a field that is no output is written and changed.
func TestEveryFieldOfAnApplicationCanBeChosen(t *testing.T) {
	output := []string{"app_id", "callback_url", "create_time", "etag", "has_test_account", "secrets", "seller", "start_url", "update_time"} // and the key
	var want []string
	fields := (&koogatev1.LoginApplication{}).ProtoReflect().Descriptor().Fields()
	for i := range fields.Len() {
		if name := string(fields.Get(i).Name()); !slices.Contains(output, name) {
			want = append(want, name)
		}
	}
	slices.Sort(want)
	if got := loginFieldNames(); !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// TestAPersonIsWhatTheClaimsSay: claims of other types, or none, are empty and break nothing.
func TestAPersonIsWhatTheClaimsSay(t *testing.T) {
	at := time.Date(2026, 8, 1, 9, 0, 0, 0, time.UTC)
	got := personOf(map[string]any{
		"sub": "s", "user_name": "u", "name": "n", "phone_number": "p", "email": "e", "role": "admin", "tenant_id": "t", "tenant_code": "c", "enterprise": "E",
		"department": []string{"a", "b"}, "org_code": "o", "app_id": "app", "sid": "sid", "auth_time": at.Unix(), "session_expires_at": at.Format(time.RFC3339), "test": true,
		"instances": []map[string]any{{"id": "i", "order_id": "CS1", "product_id": "P", "expires_at": at.Format(time.RFC3339), "frozen": true, "role": "user"}},
	})
	want := &koogatev1.LoginPerson{
		Sub: "s", UserName: "u", Name: "n", Mobile: "p", Email: "e", Role: "admin", TenantId: "t", TenantCode: "c", Enterprise: "E", Department: []string{"a", "b"},
		OrgCode: "o", AppId: "app", SessionId: "sid", AuthTime: timestamp(at), SessionExpireTime: timestamp(at), Test: true,
		Instances: []*koogatev1.LoginInstance{{InstanceId: "i", OrderId: "CS1", ProductId: "P", ExpireTime: timestamp(at), Frozen: true, Role: "user"}},
	}
	if !proto.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if got := personOf(map[string]any{"sub": 7, "instances": "x", "auth_time": "y"}); !proto.Equal(got, &koogatev1.LoginPerson{}) {
		t.Errorf("%v", got)
	}
}

// TestWhatAccountsSayHasNames holds the contract's words for accounts to those of server/explain.
func TestWhatAccountsSayHasNames(t *testing.T) {
	standings := []string{string(explain.Failed), string(explain.OK), string(explain.Risk), string(explain.Waiting)}
	owners := []string{
		string(explain.Buyer), string(explain.Koogate), string(explain.Marketplace), string(explain.Operator), string(explain.Provisioner),
	}
	if got := stored(koogatev1.Standing(0), prefixStanding); !slices.Equal(got, standings) {
		t.Errorf("the contract has %v, accounts %v", got, standings)
	}
	if got := stored(koogatev1.Owner(0), prefixOwner); !slices.Equal(got, owners) {
		t.Errorf("the contract has %v, accounts %v", got, owners)
	}
	for _, s := range standings {
		if standing(explain.Standing(s)) == 0 {
			t.Errorf("%s is lost", s)
		}
	}
	for _, o := range owners {
		if owner(explain.Owner(o)) == 0 {
			t.Errorf("%s is lost", o)
		}
	}
	if owner("") != 0 {
		t.Error("nobody is somebody")
	}
}

// TestKeyWordsHaveNames holds the contract's words for keys, webhooks and callers to those of server/seller, server/webhook, server/access and the store.
func TestKeyWordsHaveNames(t *testing.T) {
	for _, c := range []struct {
		enum   protoreflect.Enum
		prefix string
		words  []string
		number func(string) protoreflect.EnumNumber
	}{
		{koogatev1.KeyPurpose(0), prefixKeyPurpose, each(seller.Purposes(), func(u store.KeyUseKind) string { return string(u) }), func(w string) protoreflect.EnumNumber {
			if p := keyPurpose(store.KeyUseKind(w)); p == 0 || keyUse(p) == store.KeyUseKind(w) {
				return p.Number()
			}
			return 0
		}},
		{koogatev1.KeyState(0), prefixKeyState, []string{string(seller.KeyPending), string(seller.KeyActive), string(seller.KeyRetired), string(seller.KeyUnreadable)}, func(w string) protoreflect.EnumNumber {
			return keyState(seller.KeyState(w)).Number()
		}},
		{koogatev1.KeyVerdict(0), prefixKeyVerdict, []string{
			string(seller.KeyIsLast), string(seller.KeyInUse), string(seller.KeyUnused), string(seller.KeyMayRepeat), string(seller.KeySafe), string(seller.KeyUntracked),
		}, func(w string) protoreflect.EnumNumber { return keyVerdict(seller.KeyVerdict(w)).Number() }},
		{koogatev1.WebhookState(0), prefixWebhookState, storeConstants(t, "WebhookState"), func(w string) protoreflect.EnumNumber {
			return webhookState(store.WebhookState(w)).Number()
		}},
		{koogatev1.WebhookReason(0), prefixWebhookReason, storeConstants(t, "WebhookReason"), func(w string) protoreflect.EnumNumber {
			return webhookReason(store.WebhookReason(w)).Number()
		}},
		{koogatev1.DeliveryState(0), prefixDeliveryState, storeConstants(t, "DeliveryState"), func(w string) protoreflect.EnumNumber {
			return deliveryState(store.DeliveryState(w)).Number()
		}},
		{koogatev1.DeliveryFault(0), prefixDeliveryFault, each(webhook.Faults(), func(f webhook.Fault) string { return string(f) }), func(w string) protoreflect.EnumNumber {
			return deliveryFault(w).Number()
		}},
		{koogatev1.SanctionState(0), prefixSanctionState, []string{string(sanction.Clear), string(sanction.AtRisk), string(sanction.Due)}, func(w string) protoreflect.EnumNumber {
			return sanctionState(sanction.State(w)).Number()
		}},
		{koogatev1.CallerKind(0), prefixCallerKind, each([]access.Kind{access.Token, access.Certificate, access.Process, access.OIDC}, func(k access.Kind) string {
			return strings.ToUpper(k.String())
		}), func(w string) protoreflect.EnumNumber { return callerKind(strings.ToLower(w)).Number() }},
		{koogatev1.ImportState(0), prefixImportState, each([]fulfil.ImportState{fulfil.ImportActive, fulfil.ImportFrozen, fulfil.ImportExpired, fulfil.ImportReleased}, func(s fulfil.ImportState) string {
			return string(s)
		}), func(w string) protoreflect.EnumNumber {
			return koogatev1.ImportState(koogatev1.ImportState_value[prefixImportState+w]).Number()
		}},
		{koogatev1.ImportVerdict(0), prefixImportVerdict, each([]fulfil.ImportVerdict{fulfil.ImportCreated, fulfil.ImportUnchanged, fulfil.ImportDiffers, fulfil.ImportInvalid}, func(v fulfil.ImportVerdict) string {
			return string(v)
		}), func(w string) protoreflect.EnumNumber { return importVerdict(fulfil.ImportVerdict(w)).Number() }},
		{koogatev1.ManagedBy(0), prefixManagedBy, storeConstants(t, "ManagedBy"), func(w string) protoreflect.EnumNumber {
			return managedBy(store.ManagedBy(w)).Number()
		}},
	} {
		slices.Sort(c.words)
		if got := stored(c.enum, c.prefix); !slices.Equal(got, c.words) {
			t.Errorf("the contract has %v, the domain %v", got, c.words)
		}
		for _, w := range c.words {
			if c.number(w) == 0 {
				t.Errorf("%s is lost", w)
			}
		}
		if c.number("NO_SUCH") != 0 {
			t.Error("an unknown word maps to a known one")
		}
	}
}

func TestLicenceStatus(t *testing.T) {
	words := []string{licence.Alive, licence.Expired, licence.Released}
	slices.Sort(words)
	if got := stored(koogatev1.LicenceStatus(0), prefixLicenceStatus); !slices.Equal(got, words) {
		t.Errorf("the contract has %v, the domain %v", got, words)
	}
	for _, w := range words {
		if licenceStatus(w) == 0 {
			t.Errorf("%s is lost", w)
		}
	}
	if licenceStatus("FROZEN") != 0 {
		t.Error("an unknown word maps to a known one")
	}
}

func TestFailureCodes(t *testing.T) {
	want := map[koogatev1.FailureCode]resultcode.Code{
		koogatev1.FailureCode_FAILURE_CODE_UNSPECIFIED:        "000104",
		koogatev1.FailureCode_FAILURE_CODE_INTERNAL:           "000104",
		koogatev1.FailureCode_FAILURE_CODE_NO_RESOURCE:        "000100",
		koogatev1.FailureCode_FAILURE_CODE_MOBILE:             "000101",
		koogatev1.FailureCode_FAILURE_CODE_EMAIL:              "000102",
		koogatev1.FailureCode_FAILURE_CODE_ALREADY_PURCHASED:  "000103",
		koogatev1.FailureCode_FAILURE_CODE_ALREADY_SUBSCRIBED: "000105",
		koogatev1.FailureCode_FAILURE_CODE_SOLD_OUT:           "000106",
		koogatev1.FailureCode_FAILURE_CODE_EMAIL_DOMAIN:       "000107",
		koogatev1.FailureCode_FAILURE_CODE_LICENCE_QUOTA:      "000900",
		koogatev1.FailureCode_FAILURE_CODE_UNKNOWN_INSTANCE:   "000003",
	}
	used := make(map[resultcode.Code]bool)
	for n := range koogatev1.FailureCode_name {
		c := koogatev1.FailureCode(n)
		got := failureCode(c)
		if got != want[c] {
			t.Errorf("%s becomes %q, want %q", c, got, want[c])
		}
		used[got] = true
	}
	for _, c := range resultcode.Creation() { // and back: no creation code is out of a worker's reach
		if !used[c] {
			t.Errorf("no failure code becomes %s", c)
		}
	}
}
