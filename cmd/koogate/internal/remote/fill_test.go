// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/koogate/koogate/cmd/koogate/internal/terminal"
	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/clock/clocktest"
)

var noon = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

func env(in string) *Env {
	var out, errs bytes.Buffer
	return &Env{Out: terminal.New(&out, &errs), In: strings.NewReader(in), Clock: clocktest.New(noon), Language: "en"}
}

func TestTimes(t *testing.T) {
	e := env("")
	for text, want := range map[string]time.Time{
		"2026-07-01T00:00:00Z": time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC), "2026-07-01": time.Date(2026, 6, 30, 16, 0, 0, 0, time.UTC), "+90m": noon.Add(90 * time.Minute),
	} {
		if got, err := e.time(text); err != nil || !got.Equal(want) {
			t.Errorf("%s: %v %v", text, got, err)
		}
		if got, err := e.ago(text); err != nil || !got.Equal(want) && text != "+90m" {
			t.Errorf("%s: %v %v", text, got, err)
		}
	}
	if got, err := e.ago("6h"); err != nil || !got.Equal(noon.Add(-6*time.Hour)) {
		t.Errorf("%v %v", got, err)
	}
	for _, text := range []string{"", "tomorrow", "6h", "-6h", "2026-13-01"} {
		var wrong *UsageError
		if _, err := e.time(text); !errors.As(err, &wrong) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if _, err := e.ago("-6h"); err == nil {
		t.Error("six hours ahead is not ago")
	}
}

// A secret comes from its file without the line's end; what is not given stays empty.
func TestFill(t *testing.T) {
	e := env("the-secret-of-the-seller\r\n")
	got := &koogatev1.CreateKeyRequest{}
	if err := e.fill(got, newKey{Endpoint: "main", Purpose: "kit-private", SecretFile: "-", EndTime: "+1h", why: why{"because"}}); err != nil {
		t.Fatal(err)
	}
	if got.GetEndpoint() != "main" || got.GetPurpose() != koogatev1.KeyPurpose_KEY_PURPOSE_KIT_PRIVATE || got.GetSecret() != "the-secret-of-the-seller" ||
		!got.GetEndTime().AsTime().Equal(noon.Add(time.Hour)) || got.GetStartTime() != nil || got.GetReason() != "because" {
		t.Errorf("%v", got)
	}
	reserve := &koogatev1.ReserveQuotaRequest{}
	if err := e.fill(reserve, &reservation{Instance: "i", Reservation: "r", Amount: "1.5", Hold: time.Minute}); err != nil || reserve.GetHold().AsDuration() != time.Minute || reserve.GetReservationId() != "r" {
		t.Errorf("%v %v", reserve, err)
	}
	token := &koogatev1.CreateTokenRequest{}
	if err := e.fill(token, newToken{Name: "n", Scope: []string{"read", "SCOPE_USAGE"}, dry: dry{true}}); err != nil || len(token.GetScopes()) != 2 || !token.GetValidateOnly() {
		t.Errorf("%v %v", token, err)
	}
	quota := &koogatev1.PutQuotaRequest{}
	if err := e.fill(quota, content{Priority: 7, KeepGoing: true}); err != nil || quota.GetPriority() != 7 || !quota.GetKeepGoing() {
		t.Errorf("%v %v", quota, err)
	}
	for _, wrong := range []any{newKey{Purpose: "burn"}, newKey{EndTime: "never"}, newToken{Scope: []string{"read", "x"}}} {
		request := proto.Message(&koogatev1.CreateKeyRequest{})
		if _, ok := wrong.(newToken); ok {
			request = &koogatev1.CreateTokenRequest{}
		}
		var usage *UsageError
		if err := e.fill(request, wrong); !errors.As(err, &usage) || !strings.HasPrefix(err.Error(), "--") {
			t.Errorf("%+v: %v", wrong, err)
		}
	}
	if err := e.fill(got, newKey{SecretFile: "/nonexistent/key"}); err == nil || !strings.HasPrefix(err.Error(), "--secret-file: ") {
		t.Errorf("%v", err)
	}
}

// The paths that a file names become the mask: a message within a message field by field, lists and maps as a whole.
func TestPaths(t *testing.T) {
	doc := map[string]any{
		"provisioner": "crm", "syncBudget": "1s", "meter": map[string]any{"name": "sms", "window": nil}, "package": nil,
	}
	of := (&koogatev1.ProductSettings{}).ProtoReflect().Descriptor()
	if got := strings.Join(paths(of, doc), " "); got != "meter.name meter.window package provisioner sync_budget" {
		t.Errorf("%s", got)
	}
	answers := map[string]any{"answers": map[string]any{"newInstance": "accept"}, "families": []any{"saas_v2"}}
	if got := strings.Join(paths((&koogatev1.EndpointSettings{}).ProtoReflect().Descriptor(), answers), " "); got != "answers families" {
		t.Errorf("%s", got)
	}
}
