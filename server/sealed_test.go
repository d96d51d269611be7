// SPDX-License-Identifier: Apache-2.0

package server_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/koogallery/seal"
	"github.com/koogate/koogate/server"
	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/config"
	"github.com/koogate/koogate/server/login/registry"
	"github.com/koogate/koogate/server/login/session"
	"github.com/koogate/koogate/server/login/upstream"
	"github.com/koogate/koogate/server/reseal"
	"github.com/koogate/koogate/server/vault"
	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/sqlitetest"
	"github.com/koogate/koogate/store/storetest"
)

// sealedIn is what each sealed column must hold in this test, each text brought in by the door through which it comes.
var sealedIn = map[string][]string{
	"orders.buyer": {"canary-buyer-phone", "canary-buyer-mail", "canary-buyer-name", "canary-buyer-id", "canary-buyer-extend"},
	"order_lines.input": {
		"canary-buyer-phone", "canary-v1-id", "canary-v1-name", "canary-v1-user-id", "canary-v1-user", "13900000001", "canary-v1@example.com", "canary-v1-extend",
		"canary-licensee", "canary-device",
	},
	"order_lines.result":         {"canary-online-licence"},
	"order_lines.extra":          {"canary-line-extra", "canary-v1-extra", "canary-licence-extra"},
	"instances.access":           {"canary-host", "canary-admin-host", "canary-login", "canary-password", "canary-memo", "canary-changed", "canary-bought-licence", "canary-market-code"},
	"applications.client_secret": {clientSecret},
	"users.profile":              {"canary-person", "canary-position", "canary-employee", "13900000002", "canary-person@example.com", "canary-work-place", "canary-user-extra"},
	"licence_codes.code":         {codeKnown, "canary-used-code"},
	"seller_keys.secret":         {"canary-base-key", "canary-kit-key", "canary-secret-key", "canary-usage-key", "PRIVATE KEY"},
	"call_bodies.sealed":         {"canary-line-extra", "canary-v1-name", "canary-kit-extra"},
	"webhooks.secret":            {"whsec_"},
	"webhooks.older_secret":      {"whsec_"},
	"login_applications.test":    {"canary-test-account", "canary-test-password"},
	"login_requests.held":        {"canary-asked-person"},
	"login_sessions.upstream":    {"canary-centre-token", "canary-logged-in"},
	"login_keys.private":         {"canary-signing-key"},
	"events.sealed":              {"canary-event-extra", "canary-kit-extra", "canary-unit-extra"},
}

// onlyDigested is what the database holds a digest of.
var onlyDigested = []string{"canary-token", "canary-client"}

// keptPlain is a vault that knows what it has sealed.
type keptPlain struct {
	*vault.Vault

	mu    sync.Mutex
	plain map[string]string // by the sealed text
}

func (k *keptPlain) Seal(plain []byte, context string) ([]byte, error) {
	sealed, err := k.Vault.Seal(plain, context)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.plain[string(sealed)] = string(plain)
	return sealed, err
}

// withSecrets adds an endpoint of every family, with keys and tokens of its own, whose products an outside worker provides.
func withSecrets(cfg *config.Config, d *server.Deps) {
	withEvery(cfg, d)
	e := &cfg.Endpoints[len(cfg.Endpoints)-1]
	e.Name, e.HoldBudget = "sealed", 3*time.Second
	e.Products = map[string]config.Product{"*": {Provisioner: "crm", SyncBudget: 3 * time.Second}}
	e.Keys = append(e.Keys, "canary-base-key-0123456789")
	e.KitKeys = append(e.KitKeys, "canary-kit-key-0123456789")
	s := &cfg.Sellers[0]
	s.APITokens = append(s.APITokens, "canary-token-without-scopes-0123456789")
	s.Tokens = append(s.Tokens, config.Token{Name: "reader", Secret: "canary-token-with-scopes-0123456789ab", Scopes: []string{"read"}})
	s.Marketplace.Site, s.Marketplace.AccessKey, s.Marketplace.SecretKey = "cn", "AK0123456789", "canary-secret-key"
	s.Marketplace.UsageKey = "canary-usage-key"
}

// provision is the seller's worker, by gRPC and with its token, until the context ends.
func (r *rig) provision(ctx context.Context) {
	tasks := koogatev1.NewTaskServiceClient(r.dial(acmeToken))
	for ctx.Err() == nil {
		leased, err := tasks.LeaseTasks(ctx, &koogatev1.LeaseTasksRequest{Queue: "crm", WorkerId: "w", MaxTasks: 1, Wait: durationpb.New(time.Second)})
		if err != nil {
			continue
		}
		for _, task := range leased.GetTasks() {
			done := &koogatev1.CompleteTaskRequest{TaskId: task.GetTaskId(), FencingToken: task.GetFencingToken()}
			switch task.GetKind() {
			case koogatev1.TaskKind_TASK_KIND_CREATE:
				done.Result = &koogatev1.CompleteTaskRequest_AccessInfo{AccessInfo: &koogatev1.AccessInfo{
					FrontEndUrl: "https://canary-host.example.com", AdminUrl: "https://canary-admin-host.example.com", UserName: "canary-login",
					Password: "canary-password", Memo: "canary-memo",
				}}
			case koogatev1.TaskKind_TASK_KIND_ISSUE_LICENCE:
				text := "canary-bought-licence"
				if task.GetInput().GetEventId() != "" {
					text = "canary-online-licence"
				}
				done.Result = &koogatev1.CompleteTaskRequest_Licence{Licence: &koogatev1.Licence{Text: text}}
			}
			if _, err := tasks.CompleteTask(ctx, done); err != nil && ctx.Err() == nil {
				r.t.Errorf("%s: %v", task.GetKind(), err)
			}
		}
	}
}

// bringSecrets makes every call that brings something which is sealed: the marketplace's, the seller's systems' and an operator's.
func (r *rig) bringSecrets() {
	t := r.t
	t.Helper()
	wantCode := func(a reply) {
		t.Helper()
		if a.code != "000000" {
			t.Fatalf("answer %s", a.body)
		}
	}
	api := func(method, path, token, body string) {
		t.Helper()
		if status, text, _ := r.http(config.ListenerAPI, method, path, token, body); status != http.StatusOK {
			t.Fatalf("%s %s: %d %s", method, path, status, text)
		}
	}
	// SaaS V2.0: the buyer is told by the order query, the access by the worker and then by an operator.
	for _, n := range []string{"1", "2"} {
		wantCode(r.post("sealed", params{"activity": "newInstance", "orderId": "CS" + n, "orderLineId": "CS" + n + "-1", "businessId": "i-" + n, "colour": "canary-line-extra"}))
		r.settled("CS" + n)
	}
	api(http.MethodPatch, "/v1/instances/i-1/access", supportToken, `{"memo":"canary-changed"}`)
	wantCode(r.post("sealed", params{"activity": "updateInstanceStatus", "instanceId": "i-1", "status": "FREEZE", "colour": "canary-event-extra"}))
	wantCode(r.post("sealed", params{"activity": "getLicenseAsync", "instanceId": "i-2", "effectiveTime": "2026-10-27 10:30:15 z", "expireTime": "2027-10-27 10:30:15 z",
		"eventId": "e-1", "deviceFingerprint": "canary-device", "colour": "canary-licence-extra"}))
	// V1.0: the calls bring the buyer themselves.
	wantCode(r.get("sealed", v1Purchase.with(params{
		"orderId": "CS3", "businessId": "i-3", "customerId": "canary-v1-id", "customerName": "canary-v1-name", "userId": "canary-v1-user-id", "userName": "canary-v1-user",
		"mobilePhone": sealedFor(t, "13900000001"), "email": sealedFor(t, "canary-v1@example.com"), "colour": "canary-v1-extra",
		"saasExtendParams": seal.FormatExtendParams([]seal.Param{{Name: "color", Value: "canary-v1-extend"}}),
	})))
	wantCode(r.get("sealed", params{"activity": "getLicense", "customerId": "canary-licensee", "orderId": "CS4", "productId": "p-1", "businessId": "i-4"}))
	// The marketplace's licence codes, by its calls and by the seller's systems.
	wantCode(r.post("sealed", params{"activity": "refreshLicenseCode", "scene": "RENEWAL", "orderId": "CS5", "orderLineId": "CS5-1", "license": "canary-market-code", "expireTime": "20300523201932"}))
	api(http.MethodPost, "/v1/licences:activate", acmeToken, `{"licenceCode":"`+codeKnown+`"}`)
	api(http.MethodPost, "/v1/licences:use", acmeToken, `{"licenceCode":"canary-used-code","clientId":"canary-client"}`)
	// A webhook with two secrets, which Koogate makes.
	_, text, _ := r.http(config.ListenerAPI, http.MethodPost, "/v1/webhooks", keysToken, `{"webhook":{"name":"crm","url":"https://example.com/hook","state":"WEBHOOK_STATE_DISABLED"}}`)
	var made struct{ Webhook struct{ WebhookID string } }
	if err := json.Unmarshal([]byte(text), &made); err != nil || made.Webhook.WebhookID == "" {
		t.Fatal(text, err)
	}
	api(http.MethodPost, "/v1/webhooks/"+made.Webhook.WebhookID+"/secrets", keysToken, `{}`)
	// The Kit: an application's secret, a person, and members that nobody knows.
	key, err := seal.ParsePrivateKey([]byte(rsaPEM().Reveal()))
	if err != nil {
		t.Fatal(err)
	}
	kit := func(activity, more string) {
		t.Helper()
		wantCode(r.kit("kit_v2", "sealed", activity, `{"instanceId":"i-1","tenantId":"t-1",`+more+`"flag":1,"testFlag":0,"timeStamp":"20220413093539534"}`))
	}
	kit("applicationSync", `"appId":"a-1","clientId":"c","clientSecret":"`+oaep(t, &key.PublicKey)+`","colour":"canary-kit-extra",`)
	kit("authSync", `"appId":"a-1","currentSyncTime":"20220413093539534","userList":[{"userName":"u-1","role":"user","name":"canary-person","position":"canary-position",
		"employeeCode":"canary-employee","mobile":"13900000002","email":"canary-person@example.com","workPlace":"canary-work-place","colour":"canary-user-extra"}],`)
	kit("allOrgSync", `"orgInfoList":[{"orgCode":"d","orgName":"x","floor":"canary-unit-extra"}],`)
}

// bringLogins has a test account, a login that a person is asked about, and one that has led to a session.
func (r *rig) bringLogins(v *keptPlain) {
	t, ctx, st := r.t, r.t.Context(), r.deps.Store
	t.Helper()
	apps := registry.New(registry.Deps{Store: st, Sealer: v, Clock: clock.System{}, NewID: storetest.NewID})
	app, _, err := apps.Add(ctx, "acme", "app-1", registry.Draft{Name: "x", State: store.LoginEnabled})
	if err == nil {
		app, err = apps.SetTest(ctx, "acme", app.AppID, registry.Etag(&app), registry.TestAccount{
			TenantID: "t-1", Account: "canary-test-account", Password: "canary-test-password",
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	book := &session.Book{Store: st, Sealer: v, Clock: clock.System{}, NewID: storetest.NewID}
	asked, err := book.Begin(ctx, &app, store.LoginByWorkbench, nil)
	if err != nil {
		t.Fatal(err)
	}
	held, err := session.SealHeld(v, session.Held{Person: upstream.Person{Name: "canary-asked-person"}}, store.LoginRequestContext(asked.ID))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := book.Change(ctx, asked.ID, func(r *store.LoginRequest) error { r.Held = held; return nil }); err != nil {
		t.Fatal(err)
	}
	begun, err := book.Begin(ctx, &app, store.LoginByWorkbench, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := book.Enter(ctx, session.Entry{
		Request: begun.ID, App: &app, Protocol: store.LoginOAuth2, TenantID: "t-1", UserName: "u-1", Life: time.Hour,
		Held: session.Held{Access: "canary-centre-token", Person: upstream.Person{Name: "canary-logged-in"}},
	}); err != nil {
		t.Fatal(err)
	}
	// A signing key is brought by nobody: it is made here as server/login/keys makes it.
	private, err := v.Seal([]byte("canary-signing-key"), store.SigningKeyContext(1))
	if err != nil {
		t.Fatal(err)
	}
	if err := st.AddSigningKey(ctx, &store.SigningKey{Number: 1, ID: "k-1", Private: private, CreatedAt: time.Now()}); err != nil {
		t.Fatal(err)
	}
}

// sealedFor is how V1.0 writes a phone number or an address in a call.
func sealedFor(t *testing.T, plain string) string {
	t.Helper()
	text, err := seal.Encrypt(acmeKey, seal.AES256, "0123456789abcdef", plain)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// writings are the ways in which a text may stand in a file: as it is, in hexadecimal, and in Base64 wherever it begins.
func writings(text string) [][]byte {
	list := [][]byte{[]byte(text), []byte(hex.EncodeToString([]byte(text)))}
	for before := range 3 {
		encoded := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", before) + text))
		// The first and the last digits depend on what stands beside the text.
		list = append(list, []byte(strings.TrimRight(encoded, "=")[(before*8+5)/6:(before+len(text))*8/6]))
	}
	return list
}

// What is sealed comes in by the doors through which the marketplace, the seller's systems and the configuration bring it, and
// is then in no byte of the database's files. Every column that is sealed is met, where it is bound as koogate keys reencrypt needs it.
func TestWhatIsSealedIsNotInTheFile(t *testing.T) {
	first, err := vault.Generate()
	if err != nil {
		t.Fatal(err)
	}
	v, err := vault.Open(first)
	if err != nil {
		t.Fatal(err)
	}
	kept := &keptPlain{Vault: v, plain: map[string]string{}}
	r := startAt(t, sqlitetest.File(t), kept, withSecrets)
	r.market.mu.Lock()
	r.market.facts.Buyer = []byte(`{"mobilePhone":"canary-buyer-phone","email":"canary-buyer-mail","customerName":"canary-buyer-name","customerId":"canary-buyer-id",
		"extendParams":[{"key":"color","value":"canary-buyer-extend"}]}`)
	r.market.mu.Unlock()
	ctx, cancel := context.WithCancel(t.Context())
	var worker sync.WaitGroup
	worker.Go(func() { r.provision(ctx) })
	r.bringSecrets()
	r.bringLogins(kept)
	cancel()
	worker.Wait()
	eventually(t, "the last call is recorded", func() bool { return len(r.listed("activity%20%3D%20%22allOrgSync%22")) == 1 })

	var names []string
	for _, column := range store.SealedColumns {
		names = append(names, column.Name())
		values, err := r.deps.Store.SealedValues(t.Context(), column, nil, 1000)
		if err != nil {
			t.Fatal(err)
		}
		var plain strings.Builder
		for _, value := range values {
			plain.WriteString(kept.plain[string(value.Text)])
		}
		for _, text := range sealedIn[column.Name()] {
			if !strings.Contains(plain.String(), text) {
				t.Errorf("%q is not sealed in %s: the test proves nothing of it", text, column.Name())
			}
		}
	}
	if want := slices.Sorted(maps.Keys(sealedIn)); !slices.Equal(slices.Sorted(slices.Values(names)), want) {
		t.Errorf("sealed are %q\nbrought in is what belongs into %q", names, want)
	}

	absent := func(when string) {
		t.Helper()
		files, err := filepath.Glob(r.path + "*")
		if err != nil || len(files) == 0 {
			t.Fatalf("%q, %v", files, err)
		}
		all := map[string][]byte{}
		for _, name := range files {
			if all[filepath.Base(name)], err = os.ReadFile(name); err != nil {
				t.Fatal(err)
			}
		}
		for _, text := range slices.Concat(slices.Concat(slices.Collect(maps.Values(sealedIn))...), onlyDigested, []string{"canary"}) {
			for _, form := range writings(text) {
				for name, content := range all {
					if bytes.Contains(content, form) {
						t.Errorf("%s: %q is in %s as %q", when, text, name, form)
					}
				}
			}
		}
		if !slices.ContainsFunc(slices.Collect(maps.Values(all)), func(content []byte) bool { return bytes.Contains(content, []byte("CS3")) }) {
			t.Errorf("%s: the files do not hold what was stored: the test proves nothing", when)
		}
	}
	absent("while it runs")

	both, err := vault.Rotate(first)
	if err != nil {
		t.Fatal(err)
	}
	rotated, err := vault.Open(both)
	if err != nil {
		t.Fatal(err)
	}
	primary, _, err := vault.Keys(both)
	if err != nil {
		t.Fatal(err)
	}
	counts, err := reseal.Run(t.Context(), r.deps.Store, rotated, primary, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range counts {
		if c.Values == 0 || c.Resealed != c.Values || c.Unreadable != 0 {
			t.Errorf("sealed anew: %+v", c)
		}
	}
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	if err := r.deps.Store.Close(); err != nil {
		t.Fatal(err)
	}
	absent("after the end")
}

// The table of what is encrypted in docs/security.md names every column that is sealed, and no other as sealed.
func TestTheSecurityPageNamesEverySealedColumn(t *testing.T) {
	page, err := os.ReadFile("../docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(page), "## What is encrypted, and how")
	table, _, found := strings.Cut(rest, "### What lies in clear")
	var named, want []string
	for line := range strings.Lines(table) {
		cells := strings.Split(line, "|")
		if len(cells) < 5 || !strings.Contains(cells[3], "sealed") {
			continue
		}
		for _, m := range regexp.MustCompile("`([a-z_]+\\.[a-z_]+)`").FindAllStringSubmatch(cells[2], -1) {
			named = append(named, m[1])
		}
	}
	for _, column := range store.SealedColumns {
		want = append(want, column.Name())
	}
	slices.Sort(named)
	slices.Sort(want)
	if named = slices.Compact(named); !found || !slices.Equal(named, want) {
		t.Errorf("docs/security.md calls sealed %q\nsealed are %q", named, want)
	}
}
