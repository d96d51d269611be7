// SPDX-License-Identifier: Apache-2.0

package server_test

import (
	"crypto/rand"
	"net/http"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/docs"
	"github.com/koogate/koogate/koogallery/seal"
	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/server"
	"github.com/koogate/koogate/server/config"
)

// TestFidelityAnswers sends every request that the documents print to the running server (docs/examples.yaml) and holds the
// answer to the printed one.
func TestFidelityAnswers(t *testing.T) {
	list, err := docs.Examples()
	if err != nil {
		t.Fatal(err)
	}
	r := start(t, withEvery, func(cfg *config.Config, _ *server.Deps) {
		every := &cfg.Endpoints[slices.IndexFunc(cfg.Endpoints, func(e config.Endpoint) bool { return e.Name == "every" })]
		for _, e := range list { // what a vector encrypts needs the vector's key
			if e.Family == "saas_v1" && e.Signed != nil {
				every.Keys = append(every.Keys, config.Secret(e.Signed.Key))
			}
		}
	})
	key, err := seal.ParsePrivateKey([]byte(rsaPEM().Reveal()))
	if err != nil {
		t.Fatal(err)
	}
	secret := oaep(t, &key.PublicKey)
	for _, e := range list {
		t.Run(e.ID, func(t *testing.T) {
			if e.Needs != "" {
				if a := r.get("every", v1Purchase.with(params{"businessId": e.Needs})); a.all["instanceId"] != e.Needs {
					t.Fatalf("no instance: %s", a.body)
				}
			}
			body := strings.ReplaceAll(e.Request.Body, "{clientSecret}", secret)
			var a reply
			switch {
			case e.Request.Method == http.MethodGet:
				u, err := sign.SignQuery(r.address("every"), acmeKey, e.Request.Values())
				if err != nil {
					t.Fatal(err)
				}
				a = r.wire(http.MethodGet, u, nil, "")
			case e.Request.Path != "":
				a = r.kit(e.Family, "every", path.Base(e.Request.Path), body)
			default:
				u, err := sign.SignURL(r.address("every"), acmeKey, rand.Text(), time.Now(), []byte(body))
				if err != nil {
					t.Fatal(err)
				}
				a = r.wire(http.MethodPost, u, map[string]string{"Accept": "application/json", "Content-Type": "application/json;charset=utf8"}, body)
			}
			if err := e.Check(a.body); err != nil {
				t.Error(err)
			}
		})
	}
}
