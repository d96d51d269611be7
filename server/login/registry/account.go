// SPDX-License-Identifier: Apache-2.0

package registry

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/store"
)

// TestAccount is what the seller centre hands out for a credential (申请测试账号): whoever has it can log in to the product. It is shown
// to nobody but the trial that types it.
type TestAccount struct {
	Domain   string `json:"domain"`
	TenantID string `json:"tenant_id"`
	Account  string `json:"account"` // the userName, which alone is let in by it
	Password string `json:"password"`
	// Of the test tenant, where they are known: with them, and with Domain, the account can log in while no directory knows its tenant.
	TenantCode   string `json:"tenant_code,omitempty"`
	ClientID     string `json:"client_id,omitempty"`
	ClientSecret string `json:"client_secret,omitempty"` // in clear
}

// Format prints nothing of it.
func (TestAccount) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[redacted]") }

// SetTest keeps the test account of a credential, sealed. Errors: LOGIN_APPLICATION_NOT_FOUND, ETAG_MISMATCH, INVALID_FIELD, STORE_UNAVAILABLE.
func (s *Service) SetTest(ctx context.Context, seller, appID, etag string, t TestAccount) (store.LoginApplication, error) {
	for _, x := range []struct {
		field, text string
		needed      bool
		most        int
	}{{"domain", t.Domain, false, MaxURI}, {"tenant_id", t.TenantID, true, 128}, {"account", t.Account, true, 128}, {"password", t.Password, true, 256},
		{"tenant_code", t.TenantCode, false, 128}, {"client_id", t.ClientID, false, 256}, {"client_secret", t.ClientSecret, false, 512}} {
		if (x.needed || x.text != "") && !good(x.text, x.most) {
			return store.LoginApplication{}, errs.BadField(x.field, "must be 1 to %d characters without line ends", x.most)
		}
	}
	if t.Domain != "" {
		if err := page("domain", t.Domain); err != nil {
			return store.LoginApplication{}, err
		}
	}
	sealed, err := SealTest(s.Sealer, &store.LoginApplication{Seller: seller, AppID: appID}, t)
	if err != nil {
		return store.LoginApplication{}, err
	}
	return s.change(ctx, seller, appID, etag, func(a *store.LoginApplication) error {
		a.Test = sealed
		return nil
	})
}

// ClearTest forgets the test account of a credential. Errors: LOGIN_APPLICATION_NOT_FOUND, ETAG_MISMATCH, STORE_UNAVAILABLE.
func (s *Service) ClearTest(ctx context.Context, seller, appID, etag string) (store.LoginApplication, error) {
	return s.change(ctx, seller, appID, etag, func(a *store.LoginApplication) error {
		a.Test = nil
		return nil
	})
}

// Test opens the test account of an application. ok is false when it has none. Errors: INTERNAL when the keyset lacks its key.
func (s *Service) Test(a *store.LoginApplication) (t TestAccount, ok bool, err error) {
	return OpenTest(s.Sealer, a)
}

// SealTest seals a test account for its application. Errors: INTERNAL.
func SealTest(s Sealer, a *store.LoginApplication, t TestAccount) ([]byte, error) {
	plain, err := json.Marshal(t) //nolint:gosec // G117: what is written is sealed in the next lines
	if err != nil {
		return nil, errs.As(err)
	}
	sealed, err := s.Seal(plain, store.LoginApplicationContext(a.AppID))
	if err != nil {
		return nil, errs.As(err)
	}
	return sealed, nil
}

// OpenTest is [Service.Test] for those who have no registry. Errors: INTERNAL when the keyset lacks its key.
func OpenTest(s Sealer, a *store.LoginApplication) (t TestAccount, ok bool, err error) {
	if len(a.Test) == 0 {
		return t, false, nil
	}
	plain, err := s.Open(a.Test, store.LoginApplicationContext(a.AppID))
	if err != nil {
		return t, false, errs.As(err)
	}
	if err := json.Unmarshal(plain, &t); err != nil {
		return TestAccount{}, false, errs.As(err)
	}
	return t, true, nil
}
