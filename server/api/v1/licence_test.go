// SPDX-License-Identifier: Apache-2.0

package v1

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/store"
)

func TestLicence(t *testing.T) {
	long := strings.Repeat("好", 8192)
	for _, l := range []*koogatev1.Licence{
		{Text: "canary"}, {Text: long}, {FileName: strings.Repeat("好", 255), File: make([]byte, 512<<10)},
	} {
		got, err := licenceOf(l)
		if err != nil || got.Text != l.GetText() || got.FileName != l.GetFileName() || len(got.File) != len(l.GetFile()) {
			t.Errorf("a good licence: %v", err)
		}
	}
	for name, c := range map[string]struct {
		licence *koogatev1.Licence
		field   string
	}{
		"nothing":          {&koogatev1.Licence{}, "licence"},
		"only a name":      {&koogatev1.Licence{FileName: "canary"}, "licence"},
		"text and file":    {&koogatev1.Licence{Text: "canary", FileName: "a", File: []byte{1}}, "licence"},
		"text and content": {&koogatev1.Licence{Text: "canary", File: []byte{1}}, "licence"},
		"text and name":    {&koogatev1.Licence{Text: "canary", FileName: "a"}, "licence"},
		"file, no name":    {&koogatev1.Licence{File: []byte("canary")}, "licence.file_name"},
		"long text":        {&koogatev1.Licence{Text: "canary" + long}, "licence.text"},
		"long name":        {&koogatev1.Licence{FileName: "canary" + long, File: []byte{1}}, "licence.file_name"},
		"large file":       {&koogatev1.Licence{FileName: "canary", File: make([]byte, 512<<10+1)}, "licence.file"},
	} {
		_, err := licenceOf(c.licence)
		var e *errs.Error
		if !errors.As(err, &e) || e.Reason != errs.ResultInvalid || len(e.Fields) != 1 || e.Fields[0].Path != c.field {
			t.Errorf("%s: got %v", name, err)
			continue
		}
		if strings.Contains(e.Msg+e.Fields[0].Msg, "canary") {
			t.Errorf("%s: the licence is in the message", name)
		}
	}
}

// TestInputOfALeasedTask: a task comes with what its call told, without when there is nothing, and also without when that
// cannot be read; then the log says so and does not say what.
func TestInputOfALeasedTask(t *testing.T) {
	var log strings.Builder
	told := fulfil.Input{
		CustomerID: "c", CustomerName: "n", UserID: "u", UserName: "un", MobilePhone: "canary-phone", Email: "e",
		ExtendParams: map[string]string{"identificationCode": "x"}, EventID: "ev", DeviceFingerprint: "fp",
		EffectiveAt: time.Unix(1, 0), LicenceExpireAt: time.Unix(2, 0), LicenceCode: "code", DiskSize: 40, BandWidth: 5,
	}
	s := &tasks{
		log: slog.New(slog.NewTextHandler(&log, nil)),
		told: func(_ context.Context, t store.Task) (fulfil.Purchase, fulfil.Input, bool, error) {
			bought := fulfil.Purchase{OrderID: "CS1"}
			switch t.ID {
			case "told":
				return bought, told, true, nil
			case "broken":
				return bought, told, true, errors.New("no key")
			}
			return bought, fulfil.Input{}, false, nil
		},
	}
	want := &koogatev1.TaskInput{
		CustomerId: "c", CustomerName: "n", UserId: "u", UserName: "un", MobilePhone: "canary-phone", Email: "e",
		ExtendParams: map[string]string{"identificationCode": "x"}, EventId: "ev", DeviceFingerprint: "fp",
		EffectiveTime: timestamp(time.Unix(1, 0)), LicenceExpireTime: timestamp(time.Unix(2, 0)), LicenceCode: "code", DiskSize: 40, BandWidth: 5,
	}
	for id, want := range map[string]*koogatev1.TaskInput{"told": want, "nothing": nil, "broken": nil} {
		m := s.withInput(t.Context(), store.Task{ID: id, Fence: 7})
		if !proto.Equal(m.GetInput(), want) || m.GetTaskId() != id || m.GetFencingToken() != 7 || m.GetPurchase().GetOrderId() != "CS1" {
			t.Errorf("%s: got %v", id, m)
		}
	}
	if text := log.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, "broken") || strings.Contains(text, "canary") {
		t.Errorf("log: %s", text)
	}
	// A worker that has left hears no answer, and nothing is wrong: the lease ends by itself.
	left, leave := context.WithCancel(t.Context())
	leave()
	log.Reset()
	if s.withInput(left, store.Task{ID: "broken"}); log.Len() > 0 {
		t.Errorf("of a worker that has left: %s", log.String())
	}
	for i, fields := 0, want.ProtoReflect().Descriptor().Fields(); i < fields.Len(); i++ {
		if !want.ProtoReflect().Has(fields.Get(i)) {
			t.Errorf("nothing fills %s", fields.Get(i).Name())
		}
	}
}

func TestFamily(t *testing.T) {
	for row, want := range map[string]string{"": "saas_v2", "license_v1": "license_v1"} {
		if got := instanceOf(store.Instance{Family: row}, "").GetFamily(); got != want {
			t.Errorf("family %q is shown as %q", row, got)
		}
	}
}
