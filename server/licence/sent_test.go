// SPDX-License-Identifier: Apache-2.0

package licence_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/server/call"
	"github.com/koogate/koogate/server/clock/clocktest"
	"github.com/koogate/koogate/server/licence"
	"github.com/koogate/koogate/server/vault/vaulttest"
	"github.com/koogate/koogate/store/sqlite"
	"github.com/koogate/koogate/store/sqlitetest"
)

// told is a journal that remembers.
type told []call.Sent

func (l *told) Sent(s call.Sent) string {
	*l = append(*l, s)
	return ""
}

// audible is a marketplace that is heard on the wire.
type audible struct{ licence.Codes }

func (a audible) ActivateCode(ctx context.Context, seller, code string, effect time.Time) (licence.Facts, error) {
	*call.Listening(ctx) = call.Heard{Tries: 1, Status: 200, Code: "92020000"}
	return a.Codes.ActivateCode(ctx, seller, code, effect)
}

func (a audible) ReportUse(ctx context.Context, seller string, uses []licence.CodeUse) ([]licence.RefusedUse, int, error) {
	*call.Listening(ctx) = call.Heard{Tries: 1}
	return a.Codes.ReportUse(ctx, seller, uses)
}

// Each call about licence codes is told once, and none says which code it was about.
func TestEachCallAboutCodesIsTold(t *testing.T) {
	c := clocktest.New(noon)
	st, err := sqlite.Open(t.Context(), sqlite.Options{Path: sqlitetest.File(t), Clock: c.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = st.Close() }()
	sealer, err := vaulttest.New()
	if err != nil {
		t.Fatal(err)
	}
	var heard told
	m := &market{failures: map[string][]error{"report": {&licence.CallError{Sent: true, Code: "NETWORK"}}}}
	m.facts.ExpireAt = noon.Add(24 * time.Hour)
	s := licence.New(licence.Deps{Store: st, Codes: audible{m}, Calls: &heard, Sealer: sealer, Clock: c})
	if _, err := s.Activate(t.Context(), seller, code, time.Time{}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Use(t.Context(), seller, code, client); err != nil {
		t.Fatal(err)
	}
	c.Advance(24 * time.Hour)
	if _, err := s.ReportDays(t.Context(), seller); err == nil {
		t.Error("the report got an answer")
	}
	want := []call.Sent{
		{Seller: seller, Operation: call.LicenceActivate, OrderID: "CS1", At: noon, Heard: call.Heard{Tries: 1, Status: 200, Code: "92020000"}},
		{Seller: seller, Operation: call.LicenceUsage, Records: 1, At: noon.Add(24 * time.Hour), Reason: "NETWORK", Heard: call.Heard{Tries: 1}},
	}
	if fmt.Sprint(heard) != fmt.Sprint(want) || strings.Contains(fmt.Sprint(heard), "canary") {
		t.Errorf("told\n%+v, want\n%+v", heard, want)
	}
}
