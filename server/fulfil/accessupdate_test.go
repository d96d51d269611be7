// SPDX-License-Identifier: Apache-2.0

package fulfil_test

import (
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/store"
)

func (r *rig) changeAccess(id string, a fulfil.Access, etag string, names ...string) (store.Instance, error) {
	return r.UpdateAccess(r.t.Context(), fulfil.AccessUpdate{
		Seller: "demo", InstanceID: id, Access: a, Fields: names, Etag: etag, Reason: "moved to another cluster",
	})
}

// Second-reading C1: the marketplace stores nothing and shows what it is told now.
func TestAccessCanChange(t *testing.T) {
	r := newRig(t)
	r.active("CS1")
	shown := func() fulfil.Access {
		t.Helper()
		a, is, err := r.QueryInstance(t.Context(), fulfil.Query{Endpoint: r.ep, InstanceIDs: "biz-CS1"})
		r.wantCode(a, err, resultcode.Success)
		return is[0].Access
	}
	first := shown()
	i := r.state("biz-CS1", store.InstanceActive)
	etag := fulfil.AccessEtag(&i)
	i, err := r.changeAccess("biz-CS1", fulfil.Access{FrontEndURL: "https://new.example.com", Password: "canary-new"}, etag, "frontEndUrl", "password")
	if err != nil {
		t.Fatal(err)
	}
	want := first
	want.FrontEndURL, want.Password = "https://new.example.com", "canary-new"
	if got := shown(); got != want {
		t.Error("queryInstance does not show the change")
	}
	if _, err := r.changeAccess("biz-CS1", fulfil.Access{Memo: "x"}, etag, "memo"); errs.As(err).Reason != errs.EtagMismatch {
		t.Errorf("a stale etag: %v", err)
	}
	if again, err := r.changeAccess("biz-CS1", want, fulfil.AccessEtag(&i), "password"); err != nil || fulfil.AccessEtag(&again) != fulfil.AccessEtag(&i) {
		t.Errorf("the same again: %v", err)
	}
	if _, err := r.changeAccess("biz-CS1", fulfil.Access{}, "", "memo", "userName"); err != nil { // cleared, whatever the version
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		access fulfil.Access
		field  string
		want   errs.Reason
	}{
		"an address cleared": {fulfil.Access{}, "frontEndUrl", errs.InvalidField},
		"an unknown field":   {fulfil.Access{}, "licence", errs.InvalidField},
		"too long":           {fulfil.Access{Memo: strings.Repeat("🎛", 600)}, "memo", errs.ResultInvalid},
	} {
		if _, err := r.changeAccess("biz-CS1", c.access, "", c.field); errs.As(err).Reason != c.want {
			t.Errorf("%s: %v", name, err)
		}
	}
	es := r.events("CS1", append(created, fulfil.EventAccessChanged, fulfil.EventAccessChanged)...)
	if d := es[3].Data; d != `{"fields":["frontEndUrl","password"],"reason":"moved to another cluster","version":2}` {
		t.Errorf("event %s", d)
	}
	if strings.Contains(r.log.String(), "canary-new") {
		t.Error("a secret in the log")
	}
	r.wantCode2(r.release())
	if _, err := r.changeAccess("biz-CS1", want, "", "memo"); errs.As(err).Reason != errs.StateConflict {
		t.Errorf("released: %v", err)
	}
}

func TestAccessThatIsNotThereCannotChange(t *testing.T) {
	r := newRig(t)
	r.mustCall("CS1", "biz-CS1")
	if _, err := r.changeAccess("biz-CS1", fulfil.Access{Memo: "x"}, "", "memo"); errs.As(err).Reason != errs.StateConflict {
		t.Errorf("error %v", err)
	}
	if _, err := r.changeAccess("nobody", fulfil.Access{Memo: "x"}, "", "memo"); errs.As(err).Reason != errs.InstanceNotFound {
		t.Errorf("error %v", err)
	}
}

// A repeated newInstance of V1 is answered with the same instance and the present access information.
func TestV1ShowsThePresentAccess(t *testing.T) {
	r := newRig(t)
	r.fulfilled()
	first, err := r.told("CS1", "biz-1")
	r.wantAccess(first, err, "biz-1")
	if _, err := r.changeAccess("biz-1", fulfil.Access{AdminURL: "https://admin.example.com/new"}, "", "adminUrl"); err != nil {
		t.Fatal(err)
	}
	again, err := r.told("CS1", "biz-2")
	if err != nil || again.InstanceID != first.InstanceID || again.Code != resultcode.Success || again.Access.AdminURL != "https://admin.example.com/new" ||
		again.Access.FrontEndURL != first.Access.FrontEndURL {
		t.Errorf("%s %s, %v", again.Code, again.InstanceID, err)
	}
}

// A renewal may bring new access information, as an upgrade may.
func TestRefreshReturnsAccess(t *testing.T) {
	r := newRig(t)
	r.active("CS1")
	r.wantCode2(r.refresh(fulfil.SceneRenewal, "CSr", yearly.ExpireAt.Add(time.Hour)))
	task := r.lease("worker")
	if _, err := r.CompleteTask(t.Context(), fulfil.Completion{
		Seller: "demo", TaskID: task.ID, Fence: task.Fence, Access: &fulfil.Access{FrontEndURL: "https://renewed.example.com"},
	}); err != nil {
		t.Fatal(err)
	}
	_, is, err := r.QueryInstance(t.Context(), fulfil.Query{Endpoint: r.ep, InstanceIDs: "biz-CS1"})
	if err != nil || len(is) != 1 || is[0].Access.FrontEndURL != "https://renewed.example.com" {
		t.Errorf("%d shown, %v", len(is), err)
	}
	i := r.state("biz-CS1", store.InstanceActive)
	if i.AccessVersion != 2 || r.FrontEnd(i) != "https://renewed.example.com" {
		t.Errorf("version %d", i.AccessVersion)
	}
}
