// SPDX-License-Identifier: Apache-2.0

package v1

import (
	"errors"
	"strings"
	"testing"

	"buf.build/go/protovalidate"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/errs"
)

// TestAccessIsHeldToTheMarketplacesBounds asks the handler's own check, whatever the interceptor has let through.
func TestAccessIsHeldToTheMarketplacesBounds(t *testing.T) {
	v, err := protovalidate.New()
	if err != nil {
		t.Fatal(err)
	}
	s := &tasks{validator: v}
	wide := func(n int) string { return strings.Repeat("好", n) }
	good := func() *koogatev1.AccessInfo {
		return &koogatev1.AccessInfo{
			FrontEndUrl: "https://" + wide(504), AdminUrl: wide(512), UserName: wide(128), Password: wide(128), Memo: wide(1024),
		}
	}
	if err := s.checkAccess(good()); err != nil {
		t.Fatalf("the longest result is refused: %v", err)
	}
	for field, spoil := range map[string]func(a *koogatev1.AccessInfo){
		"access_info.front_end_url": func(a *koogatev1.AccessInfo) { a.FrontEndUrl += "x" },
		"access_info.admin_url":     func(a *koogatev1.AccessInfo) { a.AdminUrl += "x" },
		"access_info.user_name":     func(a *koogatev1.AccessInfo) { a.UserName += "x" },
		"access_info.password":      func(a *koogatev1.AccessInfo) { a.Password = "canary" + a.GetPassword() },
		"access_info.memo":          func(a *koogatev1.AccessInfo) { a.Memo += "x" },
	} {
		a := good()
		spoil(a)
		var e *errs.Error
		err := s.checkAccess(a)
		if !errors.As(err, &e) || e.Reason != errs.ResultInvalid || len(e.Fields) != 1 || e.Fields[0].Path != field {
			t.Errorf("%s: got %v", field, err)
			continue
		}
		if strings.Contains(e.Msg+e.Fields[0].Msg, "canary") {
			t.Errorf("%s: the value is in the message", field)
		}
	}
	if err := s.checkAccess(&koogatev1.AccessInfo{}); err == nil {
		t.Error("a result without a front-end URL is accepted")
	}
}
