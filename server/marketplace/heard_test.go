// SPDX-License-Identifier: Apache-2.0

package marketplace_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/openapi"
	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/server/call"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/server/licence"
	"github.com/koogate/koogate/server/marketplace"
	"github.com/koogate/koogate/store"
)

// Whoever asks hears of every call what went over the wire, and of what never became a call that there was none.
func TestEveryCallIsHeard(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = w.Write([]byte(`{"error_code":"CBC.0151"}`))
	}))
	defer srv.Close()
	client, err := openapi.New(openapi.Config{
		BaseURL: srv.URL, HTTPClient: srv.Client(), Timeout: 5 * time.Second, UsageKey: "usage-key",
		Credentials: sign.Credentials{AccessKey: "ak", SecretKey: "sk"}, Now: func() time.Time { return pushNow },
	})
	if err != nil {
		t.Fatal(err)
	}
	m := marketplace.New(func() map[string]marketplace.Querier { return map[string]marketplace.Querier{"acme": client} })
	record := store.UsageRecord{
		Seller: "acme", ID: "sn", UsageWindowKey: store.UsageWindowKey{InstanceID: "i"}, BeginAt: pushNow.Add(-time.Hour), EndAt: pushNow, CreatedAt: pushNow, Value: 1,
	}
	for name, ask := range map[string]func(ctx context.Context, seller string) error{
		"order query": func(ctx context.Context, seller string) error {
			_, err := m.QueryOrder(ctx, seller, orderID, lineID)
			return err
		},
		"licence upload": func(ctx context.Context, seller string) error {
			return m.UploadLicence(ctx, seller, "E1", fulfil.Licence{Text: "x"})
		},
		"usage push": func(ctx context.Context, seller string) error {
			_, err := m.PushUsage(ctx, seller, []store.UsageRecord{record})
			return err
		},
		"licence activation": func(ctx context.Context, seller string) error {
			_, err := m.ActivateCode(ctx, seller, "code-1", time.Time{})
			return err
		},
		"licence query": func(ctx context.Context, seller string) error {
			_, err := m.QueryCode(ctx, seller, "code-1")
			return err
		},
		"licence usage": func(ctx context.Context, seller string) error {
			_, _, err := m.ReportUse(ctx, seller, []licence.CodeUse{{Code: "code-1", Clients: 1}})
			return err
		},
	} {
		ctx, h := call.Listen(t.Context())
		if err := ask(ctx, "acme"); err == nil {
			t.Errorf("%s: no error", name)
		}
		if request := h.Request; h.Tries != 1 || h.Status != 401 || h.Code != "MKT.0151" || h.Answer != 25 || (request == 0) != (name == "order query") || len(h.Asked) < 2 || len(h.Said) != 25 {
			t.Errorf("%s: heard %+v", name, *h)
		}
		ctx, h = call.Listen(t.Context())
		if err := ask(ctx, "nobody"); err == nil || !reflect.DeepEqual(*h, call.Heard{}) {
			t.Errorf("%s of a seller that there is not: %v, heard %+v", name, err, *h)
		}
	}
}
