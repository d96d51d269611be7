// SPDX-License-Identifier: Apache-2.0

package form_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/api/v1/form"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/seller"
)

// fill gives every field that the API shows a value that is not its default.
func fill(v reflect.Value) {
	switch v.Kind() { //nolint:exhaustive // no other kind is in a setting
	case reflect.Struct:
		for i := range v.NumField() {
			// Names, owners, keys and products are no settings; neither is what only a file has.
			if tag := v.Type().Field(i).Tag; tag.Get("json") != "-" && v.Type().Field(i).Name != "Position" {
				fill(v.Field(i))
			}
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0))
	case reflect.Map:
		v.Set(reflect.ValueOf(map[string]string{"k": "v"}))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	case reflect.Bool:
		v.SetBool(true)
	case reflect.String:
		v.SetString("x")
	default:
		v.SetInt(7)
	}
}

// TestNothingThatTheFileCanSayIsLost: whatever a row may hold comes back from the API's form, so that a new option cannot be forgotten here.
func TestNothingThatTheFileCanSayIsLost(t *testing.T) {
	var e seller.Endpoint
	fill(reflect.ValueOf(&e).Elem())
	if got, err := form.Endpoint(form.EndpointSettings(e)); err != nil || !reflect.DeepEqual(got, e) {
		t.Errorf("%+v, %v; want %+v", got, err, e)
	}
	var p seller.Product
	fill(reflect.ValueOf(&p).Elem())
	if got, err := form.Product("settings", form.ProductSettings(p)); err != nil || !reflect.DeepEqual(got, p) {
		t.Errorf("%+v, %v; want %+v", got, err, p)
	}
	var q seller.Provisioner
	fill(reflect.ValueOf(&q).Elem())
	if got, err := form.Provisioner(form.ProvisionerSettings(q)); err != nil || !reflect.DeepEqual(got, q) {
		t.Errorf("%+v, %v; want %+v", got, err, q)
	}
	var empty seller.Product
	if got, err := form.Product("settings", form.ProductSettings(empty)); err != nil || !reflect.DeepEqual(got, empty) {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestMerge(t *testing.T) {
	was := func() *koogatev1.ProductSettings {
		return &koogatev1.ProductSettings{
			Provisioner: "crm", SyncBudget: durationpb.New(time.Second), Meter: &koogatev1.ProductMeter{Name: "sms", Bill: "daily"},
			Package: &koogatev1.ProductPackage{Items: []*koogatev1.ProductPackageItem{{Product: "a"}, {Product: "b"}}},
		}
	}
	for name, c := range map[string]struct {
		from *koogatev1.ProductSettings
		mask []string
		want func(*koogatev1.ProductSettings)
	}{
		"what is given":    {&koogatev1.ProductSettings{Provisioner: "lic"}, nil, func(m *koogatev1.ProductSettings) { m.Provisioner = "lic" }},
		"given below":      {&koogatev1.ProductSettings{Meter: &koogatev1.ProductMeter{Bill: "hourly"}}, nil, func(m *koogatev1.ProductSettings) { m.Meter.Bill = "hourly" }},
		"a list":           {&koogatev1.ProductSettings{Package: &koogatev1.ProductPackage{Items: []*koogatev1.ProductPackageItem{{Product: "c"}}}}, nil, func(m *koogatev1.ProductSettings) { m.Package.Items = []*koogatev1.ProductPackageItem{{Product: "c"}} }},
		"a mask alone":     {&koogatev1.ProductSettings{Provisioner: "lic"}, []string{"sync_budget"}, func(m *koogatev1.ProductSettings) { m.SyncBudget = nil }},
		"JSON names":       {&koogatev1.ProductSettings{SyncBudget: durationpb.New(2 * time.Second)}, []string{"syncBudget"}, func(m *koogatev1.ProductSettings) { m.SyncBudget.Seconds = 2 }},
		"a field below":    {&koogatev1.ProductSettings{}, []string{"meter.bill"}, func(m *koogatev1.ProductSettings) { m.Meter.Bill = "" }},
		"a section":        {&koogatev1.ProductSettings{}, []string{"meter", "package"}, func(m *koogatev1.ProductSettings) { m.Meter, m.Package = nil, nil }},
		"everything":       {&koogatev1.ProductSettings{Provisioner: "lic"}, []string{"*"}, func(m *koogatev1.ProductSettings) { proto.Reset(m); m.Provisioner = "lic" }},
		"below what is no": {&koogatev1.ProductSettings{Meter: &koogatev1.ProductMeter{Name: "mms"}}, []string{"meter.name", "provisioner"}, func(m *koogatev1.ProductSettings) { m.Meter.Name, m.Provisioner = "mms", "" }},
	} {
		got, want := was(), was()
		c.want(want)
		if err := form.Merge(got, c.from, c.mask); err != nil || !proto.Equal(got, want) {
			t.Errorf("%s: %v, %v; want %v", name, got, err, want)
		}
	}
	for name, mask := range map[string][]string{
		"unknown": {"canary"}, "below a text": {"provisioner.canary"}, "below a duration": {"sync_budget.seconds"}, "below a list": {"package.items.product"},
		"empty": {""}, "many": make([]string, 65),
	} {
		if err := form.Merge(was(), was(), mask); err == nil || errs.As(err).Fields[0].Path != "update_mask" || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := form.Merge(was(), &koogatev1.ProductSettings{Meter: &koogatev1.ProductMeter{}}, nil); err == nil || errs.As(err).Fields[0].Path != "settings" {
		t.Errorf("nothing: %v", err)
	}
}

// TestADurationThatIsNone: what is outside the bounds of a duration is told by its place.
func TestADurationThatIsNone(t *testing.T) {
	broken := &durationpb.Duration{Seconds: 1, Nanos: -1}
	_, err := form.Product("products[3].settings", &koogatev1.ProductSettings{SyncBudget: broken, Meter: &koogatev1.ProductMeter{Window: broken}})
	e := errs.As(err)
	if len(e.Fields) != 2 || e.Fields[0].Path != "products[3].settings.sync_budget" || e.Fields[1].Path != "products[3].settings.meter.window" {
		t.Errorf("got %v", e.Fields)
	}
}
