// SPDX-License-Identifier: Apache-2.0

package delivery_test

import (
	"context"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/koogate/koogate/koogallery/authcentre"
	"github.com/koogate/koogate/koogallery/authcentre/delivery"
	"github.com/koogate/koogate/koogallery/authcentre/world"
	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/seal"
	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/koogallery/simulator/simtest"
	"github.com/koogate/koogate/koogallery/simulator/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const kitKey = "kit-key-0123456789"

// taken is a Kit call as it came in.
type taken struct {
	path, activity string
	body           map[string]any
	signed         bool
}

// kit is a seller's Kit address.
func kit(t *testing.T, answer func(n int) string) (*httptest.Server, *[]taken) {
	var calls []taken
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, err := io.ReadAll(r.Body)
		if err != nil {
			t.Error(err)
		}
		c := taken{path: r.URL.Path}
		c.activity = c.path[strings.LastIndex(c.path, "/")+1:]
		if err := json.Unmarshal(text, &c.body); err != nil {
			t.Error(err)
		}
		if token := r.Header.Get("authToken"); token != "" {
			want, _ := sign.AuthTokenBody(kitKey, text)
			c.signed = token == want
		} else {
			canonical, _ := sign.Canonical(text)
			c.signed = strings.EqualFold(r.Header.Get("x-sign"), sign.KitSign(kitKey, r.Header.Get("x-nonce"), r.Header.Get("x-timestamp"), canonical))
		}
		calls = append(calls, c)
		body := answer(len(calls))
		w.Header().Set("Body-Sign", sign.BodySign(kitKey, []byte(body)))
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, body)
	}))
	t.Cleanup(server.Close)
	return server, &calls
}

func deliver(ctx context.Context, t *testing.T, f judge.Family, w *world.World, answer func(n int) string) ([]taken, []delivery.Step, error) {
	t.Helper()
	server, calls := kit(t, answer)
	clock := simtest.NewClock()
	n := 0
	caller, err := wire.New(wire.Config{FacadeURL: server.URL + "/produce", AccessKey: kitKey, Clock: clock, NewID: func() string { n++; return fmt.Sprint("id", n) }})
	if err != nil {
		t.Fatal(err)
	}
	defer caller.Close()
	c, err := authcentre.New(authcentre.Config{World: w, Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	c.SetDomains("http://portal.example", map[string]string{w.Tenants[0].TenantID: "http://t1.example", w.Tenants[1].TenantID: "http://t2.example"})
	var steps []delivery.Step
	err = delivery.Deliver(ctx, c, delivery.Config{
		Caller: caller, Family: f, PublicKey: &simtest.CredentialKey().PublicKey, Told: func(s delivery.Step) { steps = append(steps, s) },
	})
	return *calls, steps, err
}

func success(int) string { return `{"resultCode":"000000","resultMsg":"Success"}` }

// The Kit is told of every tenant, application, department and authorised user, signed, in the documents' order, with secrets that only
// the seller's private key opens.
func TestAWorldIsDelivered(t *testing.T) {
	t.Parallel()
	for _, f := range []judge.Family{judge.FamilyKitV1, judge.FamilyKitV2} {
		t.Run(string(f), func(t *testing.T) {
			t.Parallel()
			w := world.Example("http://127.0.0.1:9")
			calls, steps, err := deliver(t.Context(), t, f, w, success)
			if err != nil || len(calls) != 3*2*4 || len(steps) != len(calls) {
				t.Fatalf("%d calls, %d steps, %v", len(calls), len(steps), err)
			}
			var order []string
			last := ""
			for _, c := range calls {
				order = append(order, c.activity)
				stamp, _ := c.body["timeStamp"].(string)
				if !c.signed || c.body["testFlag"] != 0.0 || len(stamp) != 17 || stamp <= last || strings.Contains(c.path, "/v2/") != (f == judge.FamilyKitV2) {
					t.Errorf("%+v", c)
				}
				last = stamp
			}
			if want := []string{"tenantSync", "applicationSync", "allOrgSync", "authSync"}; !slices.Equal(order, slices.Concat(want, want, want, want, want, want)) {
				t.Errorf("%v", order)
			}
			tenant, app, auth := calls[8].body, calls[9].body, calls[11].body
			if tenant["domainName"] != "http://t2.example" || tenant["tenantCode"] != "bright" || tenant["instanceId"] != "instance-bright-crm" || tenant["orderId"] == "" || tenant["flag"] != 1.0 {
				t.Errorf("%v", tenant)
			}
			if secret, err := seal.DecryptSecret([]*rsa.PrivateKey{simtest.CredentialKey()}, app["clientSecret"].(string)); err != nil || secret != "secret-of-bright-crm-0123456789" || app["clientId"] != "client-bright-crm" || app["appId"] != "demo-crm" {
				t.Errorf("%v %v", app, err)
			}
			list := auth["userList"]
			if text, ok := list.(string); ok != (f == judge.FamilyKitV1) || ok && json.Unmarshal([]byte(text), &list) != nil {
				t.Errorf("%v", auth)
			}
			var said []string
			for _, u := range list.([]any) {
				u := u.(map[string]any)
				said = append(said, fmt.Sprint(u["userName"], " ", u["role"], " ", u["enable"], " ", u["orgCode"], " ", u["mobile"]))
			}
			if want := []string{"zhangsan01 user true 10001 13800000001", "lisi02 user false 10001 ", "zhaoliu04 admin true 10000 "}; !slices.Equal(said, want) {
				t.Errorf("%q", said)
			}
			if stamp := calls[0].body["timeStamp"].(string); stamp[:10] != "2026013020" { // 12 in UTC is 20 in Beijing
				t.Error(stamp)
			}
		})
	}
}

// Five hundred users are the most of one call.
func TestManyUsersAreSeveralCalls(t *testing.T) {
	t.Parallel()
	w := world.Example("http://127.0.0.1:9")
	for n := range 998 {
		name := fmt.Sprintf("user%04d", n)
		w.Tenants[0].Users = append(w.Tenants[0].Users, world.User{UserName: name, Name: name, Password: "x"})
		w.Tenants[0].Applications[0].Users = append(w.Tenants[0].Applications[0].Users, name)
	}
	calls, _, err := deliver(t.Context(), t, judge.FamilyKitV2, w, success)
	if err != nil {
		t.Fatal(err)
	}
	var sizes []int
	for _, c := range calls {
		if c.activity == "authSync" {
			sizes = append(sizes, len(c.body["userList"].([]any)))
		}
	}
	if !slices.Equal(sizes[:3], []int{500, 500, 1}) || len(calls) != 26 {
		t.Errorf("%v", sizes)
	}
}

// The first call that is not taken ends it, and is named.
func TestARefusalEndsIt(t *testing.T) {
	t.Parallel()
	calls, steps, err := deliver(t.Context(), t, judge.FamilyKitV2, world.Example("http://127.0.0.1:9"), func(n int) string {
		if n == 2 {
			return `{"resultCode":"000101","resultMsg":"something wrong with appSecret"}`
		}
		return success(n)
	})
	if !errors.Is(err, delivery.ErrRefused) || len(calls) != 2 || len(steps) != 1 {
		t.Fatalf("%d calls, %v", len(calls), err)
	}
	for _, want := range []string{"applicationSync", "demo-crm", "甲方制造", "000101", "something wrong with appSecret"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%v lacks %s", err, want)
		}
	}
	if _, _, err := deliver(t.Context(), t, judge.FamilySaasV2, world.Example("http://127.0.0.1:9"), success); !errors.Is(err, judge.ErrFamily) {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	cancel()
	if _, _, err := deliver(ctx, t, judge.FamilyKitV2, world.Example("http://127.0.0.1:9"), success); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
