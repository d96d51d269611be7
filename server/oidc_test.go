// SPDX-License-Identifier: Apache-2.0

package server_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	jose "github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server"
	"github.com/koogate/koogate/server/access"
	"github.com/koogate/koogate/server/config"
	"github.com/koogate/koogate/server/oidc"
)

// login is a service that issues JWTs, as Keycloak does.
type login struct {
	t   *testing.T
	url string
	key *ecdsa.PrivateKey
}

func newLogin(t *testing.T) *login {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	l := &login{t: t, key: key}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/.well-known/openid-configuration" {
			_ = json.NewEncoder(w).Encode(map[string]string{"issuer": l.url, "jwks_uri": l.url + "/certs"})
			return
		}
		_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: key.Public(), KeyID: "k", Use: "sig", Algorithm: "ES256"}}})
	}))
	t.Cleanup(s.Close)
	l.url = s.URL
	return l
}

// token is one of a client with roles that ends after a time.
func (l *login) token(ends time.Duration, roles ...string) string {
	l.t.Helper()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: l.key, KeyID: "k"}}, nil)
	if err != nil {
		l.t.Fatal(err)
	}
	now := time.Now()
	text, err := jwt.Signed(signer).Claims(map[string]any{
		"iss": l.url, "aud": "koogate", "sub": "f:1:crm", "iat": now.Unix(), "exp": now.Add(ends).Unix(), "realm_access": map[string]any{"roles": roles},
	}).Serialize()
	if err != nil {
		l.t.Fatal(err)
	}
	return text
}

// trusted lets callers in whose tokens have a role: worker and viewer of acme, foreign of other.
func (l *login) trusted(cfg *config.Config, _ *server.Deps) {
	role := func(role, seller, scope string, queues ...string) oidc.Rule {
		return oidc.Rule{Claim: "realm_access.roles", Values: []string{role}, Seller: seller, Scopes: []string{scope}, Queues: queues}
	}
	cfg.Access.OIDC = []oidc.Issuer{{Issuer: l.url, Audiences: []string{"koogate"}, Leeway: time.Millisecond, Rules: []oidc.Rule{
		role("worker", "acme", "worker", "crm"), role("viewer", "acme", "read"), role("foreign", "other", "read"),
	}}}
}

// TestAJWTIsAPrincipal: who shows a JWT of a configured issuer may do what the rules give, by gRPC and by REST, and nothing else, and the
// records name the issuer and whom it calls so.
func TestAJWTIsAPrincipal(t *testing.T) {
	l := newLogin(t)
	r := start(t, withoutJobs, l.trusted)
	for name, has := range map[string][]access.Scope{"worker": {access.Worker}, "viewer": {access.Read}, "worker viewer": {access.Worker, access.Read}} {
		token := l.token(time.Hour, strings.Fields(name)...)
		walk(t, func() *grpc.ClientConn { return r.dial(token) }, name, has)
	}
	forged := l.token(time.Hour, "viewer")
	forged = forged[:strings.LastIndexByte(forged, '.')+1] + "AAAA"
	for name, c := range map[string]struct {
		token, reason string
		code          codes.Code
		status        int
	}{
		"good":        {l.token(time.Hour, "viewer"), "", codes.OK, 200},
		"no scope":    {l.token(time.Hour, "worker"), "SCOPE_MISSING", codes.PermissionDenied, 403},
		"expired":     {l.token(-time.Hour, "viewer"), "TOKEN_EXPIRED", codes.Unauthenticated, 401},
		"no rule":     {l.token(time.Hour, "root"), "TOKEN_NOT_MAPPED", codes.PermissionDenied, 403},
		"two sellers": {l.token(time.Hour, "viewer", "foreign"), "TOKEN_NOT_MAPPED", codes.PermissionDenied, 403},
		"forged":      {forged, "TOKEN_INVALID", codes.Unauthenticated, 401},
		"not one":     {"a.b.c", "TOKEN_INVALID", codes.Unauthenticated, 401},
		"no token":    {"neither", "TOKEN_INVALID", codes.Unauthenticated, 401},
	} {
		status, text, _ := r.http(config.ListenerAPI, http.MethodGet, "/v1/orders", c.token, "")
		if status != c.status || c.reason != "" && !strings.Contains(text, `"reason":"`+c.reason+`"`) {
			t.Errorf("%s by REST: %d %s", name, status, text)
		}
		code, reason, _ := refusalOf(t, r.dial(c.token), "/koogate.v1.OrderService/ListOrders", rpcs()["/koogate.v1.OrderService/ListOrders"])
		if code != c.code || reason != c.reason {
			t.Errorf("%s by gRPC: %v %s", name, code, reason)
		}
		if part := strings.Split(c.token, "."); len(part) == 3 && len(part[1]) > 9 && strings.Contains(text+r.log.String(), part[1]) {
			t.Errorf("%s: the token is repeated: %s", name, text)
		}
	}
	// Two tokens in the headers are none, whichever of them is good.
	good := l.token(time.Hour, "viewer")
	ctx := metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+good)
	if _, err := koogatev1.NewOrderServiceClient(r.dial(good)).ListOrders(ctx, &koogatev1.ListOrdersRequest{}); refusedAs(err) != "TOKEN_INVALID" {
		t.Errorf("two tokens by gRPC: %v", err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+r.Addr(config.ListenerAPI)+"/v1/orders", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header["Authorization"] = []string{"Bearer " + good, "Bearer " + acmeToken}
	resp, err := r.client().Do(req)
	if err != nil || resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("two tokens by REST: %v, %v", resp, err)
	}
	if err == nil {
		_ = resp.Body.Close()
	}

	r.completeBy(t, koogatev1.NewTaskServiceClient(r.dial(l.token(time.Hour, "worker"))))
	if row := r.auditRows(t)[0]; row.Actor != "oidc "+l.url+" f:1:crm" || row.Kind != "oidc" || row.Action != "koogate.v1.TaskService/CompleteTask" {
		t.Errorf("%+v", row)
	}
	if _, text, _ := r.http(config.ListenerAPI, http.MethodGet, "/v1/audit", acmeToken, ""); !strings.Contains(text, `"kind":"CALLER_KIND_OIDC"`) {
		t.Errorf("the audit shows %s", text)
	}
	_, metrics, _ := r.http(config.ListenerOps, http.MethodGet, "/metrics", "", "")
	for _, line := range []string{
		`koogate_oidc_refused_total{cause="expired",issuer="` + l.url + `"} 2`, `koogate_oidc_refused_total{cause="malformed",issuer="unknown"} 2`,
		`koogate_oidc_fetches_total{issuer="` + l.url + `",outcome="ok"} 1`, `koogate_oidc_keys_age_seconds{issuer="` + l.url + `"} `,
	} {
		if !strings.Contains(metrics, line) {
			t.Errorf("no metric %s", line)
		}
	}
}

// TestAStreamEndsWithItsJWT: whoever watches with a token that has expired is told so, and goes on with a new one.
func TestAStreamEndsWithItsJWT(t *testing.T) {
	t.Parallel()
	l := newLogin(t)
	r := start(t, withoutJobs, l.trusted)
	stream := r.watch(t.Context(), t, l.token(2*time.Second, "viewer"), &koogatev1.WatchEventsRequest{})
	for {
		if _, err := stream.Recv(); err != nil {
			if refusedAs(err) != "TOKEN_EXPIRED" {
				t.Errorf("the stream ends with %v", err)
			}
			return
		}
	}
}

// refusedAs is an error's reason.
func refusedAs(err error) string {
	reason, _ := reasonOf(err)
	return reason
}
