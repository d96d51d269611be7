// SPDX-License-Identifier: Apache-2.0

package fulfil_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/backendtest"
	"github.com/koogate/koogate/store/storetest"
)

var importedAt = time.Date(2025, 3, 1, 8, 0, 0, 0, time.UTC)

// importRow is a row about an order's first line.
func importRow(order string) fulfil.Import {
	return fulfil.Import{
		Endpoint: "demo", OrderID: order, OrderLineID: order + "-000001", InstanceID: "biz-" + order, State: fulfil.ImportActive,
		Product: store.Product{ProductID: "OFFI-1", SKUCode: "sku-1", ChargingMode: "PERIOD", LinearValue: 10}, ExpireAt: yearly.ExpireAt, CreatedAt: importedAt,
		CustomerID: "canary-customer",
		Access:     fulfil.Access{FrontEndURL: "https://old.example.com/canary-path", UserName: "canary-admin", Password: "canary-password", Memo: "canary-memo"},
	}
}

func (r *rig) imports(rows ...fulfil.Import) []fulfil.Imported {
	r.t.Helper()
	got, err := r.Import(r.t.Context(), fulfil.Imports{Seller: "demo", Rows: rows, Who: "token ops", Why: "moving in"})
	if err != nil {
		r.t.Fatal(err)
	}
	return got
}

// verdict imports one row.
func (r *rig) verdict(want fulfil.ImportVerdict, row fulfil.Import, fields ...string) {
	r.t.Helper()
	got := r.imports(row)
	if len(got) != 1 || got[0].Verdict != want || !slices.Equal(got[0].Fields, fields) || strings.Contains(fmt.Sprint(got), "canary") {
		r.t.Errorf("%s: %+v, want %s %v", row.InstanceID, got, want, fields)
	}
}

// What is imported is as if it had been created here, whatever the marketplace says next; the chain tells how it came, and nothing personal.
func TestAnImportedInstanceIsServed(t *testing.T) {
	r := newRig(t)
	row := importRow("CS1")
	if got, err := r.Import(t.Context(), fulfil.Imports{Seller: "demo", Rows: []fulfil.Import{row}, Try: true}); err != nil || got[0].Verdict != fulfil.ImportInvalid {
		t.Errorf("without a reason: %+v %v", got, err)
	}
	if got, err := r.Import(t.Context(), fulfil.Imports{Seller: "demo", Rows: []fulfil.Import{row}, Try: true, Why: "moving in"}); err != nil || got[0].Verdict != fulfil.ImportCreated {
		t.Errorf("a trial: %+v %v", got, err)
	}
	if _, err := r.Order(t.Context(), "demo", "CS1"); err == nil {
		t.Fatal("a trial left an order")
	}
	r.verdict(fulfil.ImportCreated, row)
	r.verdict(fulfil.ImportUnchanged, row)
	i := r.state("biz-CS1", store.InstanceActive)
	if i.Product != row.Product || !i.ExpireAt.Equal(row.ExpireAt) || !i.CreatedAt.Equal(importedAt) || i.BuyerKey != fulfil.BuyerKey("demo", "canary-customer") {
		t.Errorf("imported %+v", i)
	}
	agg, err := r.store.Aggregate(t.Context(), "demo", "CS1")
	if err != nil || agg.Order.QueryState != store.QueryDone || agg.Order.OrderType != "NEW" || len(agg.Tasks) != 0 || agg.Lines[0].Product != row.Product {
		t.Errorf("%+v %v", agg, err)
	}
	if a := r.mustCall("CS1", "another-business-id"); a.Code != resultcode.Success || a.InstanceID != "biz-CS1" {
		t.Errorf("the repeat: %+v", a)
	}
	a, shown, err := r.QueryInstance(t.Context(), fulfil.Query{Endpoint: r.ep, InstanceIDs: "biz-CS1"})
	r.wantCode(a, err, resultcode.Success)
	if len(shown) != 1 || shown[0].Access != row.Access {
		t.Errorf("shown %v", shown)
	}
	r.wantCode2(r.refresh(fulfil.SceneRenewal, "CS0", yearly.ExpireAt.AddDate(0, -1, 0))) // one that the old system has had, restarted late
	r.none("worker")
	r.verdict(fulfil.ImportUnchanged, row)
	later := yearly.ExpireAt.AddDate(1, 0, 0)
	r.wantCode2(r.refresh(fulfil.SceneRenewal, "CS2", later))
	task := r.lease("worker")
	if _, in, ok, err := r.Told(t.Context(), task); err != nil || !ok || in.CustomerID != "canary-customer" {
		t.Errorf("the worker of the renewal is told %v %v", ok, err)
	}
	r.complete(task)
	r.wantCode2(r.status(true))
	r.work(store.TaskFreeze)
	r.wantCode2(r.status(false))
	r.work(store.TaskUnfreeze)
	r.wantCode2(r.UpgradeInstance(t.Context(), fulfil.Upgrade{Endpoint: r.ep, InstanceID: "biz-CS1", OrderID: "CS3", OrderLineID: "CS3-000001"}))
	r.query()
	r.work(store.TaskUpgrade)
	r.verdict(fulfil.ImportDiffers, row, "expire_time")
	r.wantCode2(r.release())
	r.work(store.TaskRelease)
	r.verdict(fulfil.ImportDiffers, row, "state", "expire_time")
	es := r.events("CS1", fulfil.EventImported, fulfil.EventRefreshed, fulfil.EventRefreshed, fulfil.EventTaskCompleted, fulfil.EventFrozen, fulfil.EventTaskCompleted,
		fulfil.EventUnfrozen, fulfil.EventTaskCompleted, fulfil.EventUpgraded, fulfil.EventOrderQueried, fulfil.EventTaskCompleted, fulfil.EventReleased, fulfil.EventTaskCompleted)
	want := `{"chargingMode":"PERIOD","endpoint":"demo","expireTime":"20271123155959000","family":"saas_v2","linearValue":10,"orderLineId":"CS1-000001","orderType":"NEW",` +
		`"productId":"OFFI-1","skuCode":"sku-1","state":"ACTIVE","who":"token ops","why":"moving in"}`
	if es[0].Data != want {
		t.Errorf("the event says %s", es[0].Data)
	}
	for name, text := range map[string]string{
		"events": fmt.Sprintf("%+v", es), "log": r.log.String(), "spans": fmt.Sprintf("%+v", r.spans.GetSpans()), "instance": fmt.Sprintf("%+v", i),
		"rows": fmt.Sprintf("%+v %s %s", agg, agg.Lines[0].Input, agg.Order.Buyer),
	} {
		if strings.Contains(text, "canary") {
			t.Errorf("a canary is in the %s", name)
		}
	}
}

// Each state is answered as one that came about here.
func TestStatesThatAreImported(t *testing.T) {
	r := newRig(t)
	for _, c := range []struct {
		state fulfil.ImportState
		want  store.InstanceState
		code  resultcode.Code
	}{
		{fulfil.ImportActive, store.InstanceActive, resultcode.Success}, {fulfil.ImportFrozen, store.InstanceFrozen, resultcode.Success},
		{fulfil.ImportExpired, store.InstanceFrozen, resultcode.Success}, {fulfil.ImportReleased, store.InstanceReleased, resultcode.InstanceNotFound},
	} {
		row := importRow("CS-" + string(c.state))
		if row.State = c.state; c.state == fulfil.ImportReleased {
			row.Access = fulfil.Access{}
		}
		r.verdict(fulfil.ImportCreated, row)
		r.verdict(fulfil.ImportUnchanged, row)
		r.state(row.InstanceID, c.want)
		a, _, err := r.QueryInstance(t.Context(), fulfil.Query{Endpoint: r.ep, InstanceIDs: row.InstanceID})
		r.wantCode(a, err, c.code)
	}
	renew := func(id string, want store.InstanceState) {
		t.Helper()
		r.wantCode2(r.RefreshInstance(t.Context(), fulfil.Refresh{
			Endpoint: r.ep, Scene: fulfil.SceneRenewal, OrderID: "R" + id, OrderLineID: "R-1", InstanceID: id, ExpireAt: time.Now().AddDate(3, 0, 0),
		}))
		r.state(id, want)
	}
	renew("biz-CS-EXPIRED", store.InstanceActive)
	renew("biz-CS-FROZEN", store.InstanceFrozen) // which only the marketplace's call lifts
}

// The V1 families have no order lines; their newInstance shows what was imported.
func TestV1IsImported(t *testing.T) {
	r := newRig(t)
	row := importRow("CS1")
	row.Family, row.OrderLineID = fulfil.FamilySaasV1, ""
	r.verdict(fulfil.ImportCreated, row)
	a, err := r.told("CS1", "biz-1")
	r.wantAccess(a, err, "biz-CS1")
	demand := importRow("CS2")
	demand.Family, demand.OrderLineID, demand.Product.ChargingMode = fulfil.FamilySaasV1, "", "ON_DEMAND"
	r.verdict(fulfil.ImportCreated, demand)
	a, err = r.told("CS2", "biz-2", func(c *fulfil.NewInstance) { c.ProductID = "OFFI-1" })
	r.wantAccess(a, err, "biz-CS2")
	code := importRow("CS3")
	code.Family, code.OrderLineID, code.Access = fulfil.FamilyLicenseV1, "", fulfil.Access{Licence: "canary-licence"}
	r.verdict(fulfil.ImportCreated, code)
	r.verdict(fulfil.ImportUnchanged, code)
	a, err = r.told("CS3", "biz-3", func(c *fulfil.NewInstance) { c.Family = fulfil.FamilyLicenseV1 })
	r.wantCode(a, err, resultcode.Success)
	if a.InstanceID != "biz-CS3" || a.Access.Licence != "canary-licence" {
		t.Errorf("%q %q", a.InstanceID, a.Access.Licence)
	}
	keyed := importRow("CS4")
	keyed.KeyProduct = true
	r.verdict(fulfil.ImportCreated, keyed)
	keyed.KeyProduct = false
	r.verdict(fulfil.ImportInvalid, keyed, "instance_id")
	a, err = r.NewInstance(t.Context(), fulfil.NewInstance{Endpoint: r.ep, OrderID: "CS4", OrderLineID: "CS4-000001", ProductID: "OFFI-1", BusinessID: "b", Arrived: time.Now()})
	if r.wantCode(a, err, resultcode.Success); a.InstanceID != "biz-CS4" {
		t.Errorf("%+v", a)
	}
	r.events("CS4", fulfil.EventImported)
}

// A row that is wrong is told in which field, and costs no other; nothing of it is there.
func TestRowsThatAreWrong(t *testing.T) {
	r := newRig(t)
	r.active("CS-here")
	taken := importRow("CS-taken")
	r.verdict(fulfil.ImportCreated, taken)
	cases := map[string]struct {
		change func(row *fulfil.Import)
		fields []string
	}{
		"endpoint":            {func(row *fulfil.Import) { row.Endpoint = "none" }, []string{"endpoint"}},
		"family":              {func(row *fulfil.Import) { row.Family = fulfil.FamilyLicenseCode }, []string{"family"}},
		"no order":            {func(row *fulfil.Import) { row.OrderID = "" }, []string{"order_id"}},
		"no line":             {func(row *fulfil.Import) { row.OrderLineID = "" }, []string{"order_line_id"}},
		"a line of V1":        {func(row *fulfil.Import) { row.Family = fulfil.FamilySaasV1 }, []string{"order_line_id"}},
		"no instance":         {func(row *fulfil.Import) { row.InstanceID = "" }, []string{"instance_id"}},
		"a list of instances": {func(row *fulfil.Import) { row.InstanceID = "a,b" }, []string{"instance_id"}},
		"a blank at the end":  {func(row *fulfil.Import) { row.InstanceID = "a " }, []string{"instance_id"}},
		"another's instance":  {func(row *fulfil.Import) { row.InstanceID = "biz-CS-taken" }, []string{"instance_id"}},
		"another's line":      {func(row *fulfil.Import) { row.OrderID, row.OrderLineID = "CS-taken", "CS-taken-000001" }, []string{"instance_id"}},
		"another line's": {func(row *fulfil.Import) {
			row.OrderID, row.InstanceID = "CS-taken", "biz-CS-taken"
		}, []string{"instance_id"}},
		"another customer's": {func(row *fulfil.Import) { row.OrderID, row.CustomerID = "CS-taken", "canary-2" }, []string{"customer_id"}},
		"no product":         {func(row *fulfil.Import) { row.Product.ProductID = "" }, []string{"product_id"}},
		"no product in V1": {func(row *fulfil.Import) {
			row.Family, row.OrderLineID, row.Product.ProductID = fulfil.FamilySaasV1, "", ""
		}, []string{"product_id"}},
		"no mode in V1": {func(row *fulfil.Import) {
			row.Family, row.OrderLineID, row.Product.ChargingMode = fulfil.FamilySaasV1, "", ""
		}, []string{"charging_mode"}},
		"a key in V1":        {func(row *fulfil.Import) { row.Family, row.OrderLineID, row.KeyProduct = fulfil.FamilySaasV1, "", true }, []string{"product_in_key"}},
		"a mode":             {func(row *fulfil.Import) { row.Product.ChargingMode = "MONTHLY" }, []string{"charging_mode"}},
		"a quantity":         {func(row *fulfil.Import) { row.Product.LinearValue = -1 }, []string{"quantity"}},
		"a NUL":              {func(row *fulfil.Import) { row.Product.SKUCode = "a\x00" }, []string{"order_id"}},
		"no state":           {func(row *fulfil.Import) { row.State = "" }, []string{"state"}},
		"an expiry":          {func(row *fulfil.Import) { row.ExpireAt = time.Date(1970, 1, 1, 0, 0, 1, 0, time.UTC) }, []string{"expire_time"}},
		"a creation to come": {func(row *fulfil.Import) { row.CreatedAt = time.Now().Add(time.Hour) }, []string{"create_time"}},
		"no access":          {func(row *fulfil.Import) { row.Access = fulfil.Access{} }, []string{"access.front_end_url"}},
		"access without URL": {func(row *fulfil.Import) { row.Access.FrontEndURL = ""; row.State = fulfil.ImportReleased }, []string{"access.front_end_url"}},
		"no web address":     {func(row *fulfil.Import) { row.Access.FrontEndURL = "javascript:canary" }, []string{"access.front_end_url"}},
		"two of the access": {func(row *fulfil.Import) {
			row.Access.AdminURL, row.Access.Password = "ftp://canary", strings.Repeat("canary", 100)
		}, []string{"access.admin_url", "access.password"}},
		"a licence of V2": {func(row *fulfil.Import) { row.Access.Licence = "canary" }, []string{"licence"}},
		"no licence": {func(row *fulfil.Import) {
			row.Family, row.OrderLineID, row.Access = fulfil.FamilyLicenseV1, "", fulfil.Access{}
		}, []string{"licence"}},
		"access of a licence": {func(row *fulfil.Import) {
			row.Family, row.OrderLineID, row.Access.Licence = fulfil.FamilyLicenseV1, "", "canary"
		}, []string{"access"}},
	}
	var rows []fulfil.Import
	var names []string
	for name, c := range cases {
		row := importRow("CS-wrong")
		row.InstanceID = "wrong"
		c.change(&row)
		r.verdict(fulfil.ImportInvalid, row, c.fields...)
		good := importRow("CS-good-" + strings.ReplaceAll(name, " ", "-"))
		rows, names = append(rows, row, good), append(names, name)
	}
	got := r.imports(rows...)
	for k, v := range got {
		if want := []fulfil.ImportVerdict{fulfil.ImportInvalid, fulfil.ImportCreated}[k%2]; v.Verdict != want {
			t.Errorf("%s: %+v, want %s", names[k/2], v, want)
		}
	}
	if _, err := r.Order(t.Context(), "demo", "CS-wrong"); err == nil {
		t.Error("a wrong row left an order")
	}
	r.events("CS-taken", fulfil.EventImported)
	foreign, err := r.Import(t.Context(), fulfil.Imports{Seller: "another", Rows: []fulfil.Import{importRow("CS-x")}, Why: "y"})
	if err != nil || foreign[0].Verdict != fulfil.ImportInvalid || !slices.Equal(foreign[0].Fields, []string{"endpoint"}) {
		t.Errorf("another seller's endpoint: %+v %v", foreign, err)
	}
}

// A row that is there in another form is told in which fields, each of them, without a value, and changes nothing.
func TestRowsThatDiffer(t *testing.T) {
	r := newRig(t)
	row := importRow("CS1")
	r.verdict(fulfil.ImportCreated, row)
	for field, change := range map[string]func(row *fulfil.Import){
		"sku_code":             func(row *fulfil.Import) { row.Product.SKUCode = "sku-2" },
		"product_id":           func(row *fulfil.Import) { row.Product.ProductID = "OFFI-2" },
		"charging_mode":        func(row *fulfil.Import) { row.Product.ChargingMode = "ONE_TIME" },
		"quantity":             func(row *fulfil.Import) { row.Product.LinearValue = 11 },
		"state":                func(row *fulfil.Import) { row.State = fulfil.ImportExpired },
		"trial":                func(row *fulfil.Import) { row.Trial = true },
		"family":               func(row *fulfil.Import) { row.Family = fulfil.FamilyLicenseOnline },
		"expire_time":          func(row *fulfil.Import) { row.ExpireAt = row.ExpireAt.Add(time.Second) },
		"create_time":          func(row *fulfil.Import) { row.CreatedAt = row.CreatedAt.Add(time.Second) },
		"customer_id":          func(row *fulfil.Import) { row.CustomerID = "canary-other" },
		"access.front_end_url": func(row *fulfil.Import) { row.Access.FrontEndURL += "x" },
		"access.admin_url":     func(row *fulfil.Import) { row.Access.AdminURL = "https://canary.example.com" },
		"access.user_name":     func(row *fulfil.Import) { row.Access.UserName = "canary-2" },
		"access.password":      func(row *fulfil.Import) { row.Access.Password = "canary-2" },
		"access.memo":          func(row *fulfil.Import) { row.Access.Memo = "canary-2" },
	} {
		other := row
		change(&other)
		r.verdict(fulfil.ImportDiffers, other, field)
	}
	bare := fulfil.Import{
		Endpoint: "demo", OrderID: "CS1", OrderLineID: "CS1-000001", InstanceID: "biz-CS1", State: fulfil.ImportActive, Product: store.Product{ProductID: "OFFI-1"},
		Access: fulfil.Access{FrontEndURL: row.Access.FrontEndURL},
	}
	r.verdict(fulfil.ImportUnchanged, bare) // it says less
	second := importRow("CS1")
	second.OrderLineID, second.InstanceID = "CS1-000002", "biz-CS1-2"
	r.verdict(fulfil.ImportCreated, second)
	twice := importRow("CS2")
	again := twice
	again.Product.SKUCode = "sku-2"
	elsewhere := importRow("CS3")
	elsewhere.InstanceID = twice.InstanceID
	got := r.imports(twice, again, twice, elsewhere)
	want := []fulfil.ImportVerdict{fulfil.ImportCreated, fulfil.ImportDiffers, fulfil.ImportUnchanged, fulfil.ImportInvalid}
	for k := range want {
		if got[k].Verdict != want[k] {
			t.Errorf("row %d: %+v, want %s", k, got[k], want[k])
		}
	}
	r.events("CS1", fulfil.EventImported, fulfil.EventImported)
	r.events("CS2", fulfil.EventImported)
}

// What is imported is taken from the old server that calls about it were handed on to, whatever the route says (ADR 54).
func TestAnImportTakesFromTheOldSideOnBoth(t *testing.T) {
	backendtest.Each(t, func(t *testing.T, st store.Store) {
		r := over(t, st)
		first, second := importRow("CS1"), importRow("CS1")
		second.OrderLineID, second.InstanceID = "second", "second"
		now := time.Now().UTC().Truncate(time.Second)
		if side, err := st.ClaimOrder(t.Context(), store.Claim{Seller: "demo", Kind: store.SideOrder, ID: "CS1", Endpoint: "demo", At: now}); err != nil || side != store.SideOld {
			t.Fatal(side, err)
		}
		var claims []store.Claim
		for _, id := range []string{first.InstanceID, second.InstanceID, "third"} {
			claims = append(claims, store.Claim{Seller: "demo", Kind: store.SideInstance, ID: id, Endpoint: "demo", At: now})
		}
		if err := st.NoteClaims(t.Context(), claims); err != nil {
			t.Fatal(err)
		}
		for k, v := range r.imports(first, second, importRow("CS2")) {
			if v.Verdict != fulfil.ImportCreated {
				t.Errorf("row %d: %+v", k, v)
			}
		}
		side, err := st.SideOfOrder(t.Context(), "demo", "CS1")
		left, err2 := st.LeftBehind(t.Context(), "demo", "demo", now.Add(-time.Hour))
		if err != nil || err2 != nil || side != store.SideOwn || left.Instances != 1 || left.Orders != 0 {
			t.Errorf("%s %+v %v %v", side, left, err, err2)
		}
		r.events("CS1", fulfil.EventImported, fulfil.EventImported)
	})
}

// TestImportsTogetherOnBoth: the same rows are imported by several callers at once, through a store that fails before and after its commits. Each caller
// that is answered has verdicts, each row is there once, and another import finds it equal.
func TestImportsTogetherOnBoth(t *testing.T) {
	backendtest.Each(t, func(t *testing.T, st store.Store) {
		var faulty *storetest.FaultyStore
		r := over(t, st, func(_ *fulfil.Config, _ *fulfil.Endpoint, d *fulfil.Deps) {
			faulty = storetest.Faulty(d.Store.(store.Store), 11)
			d.Store = faulty
		})
		const orders = 40
		var rows []fulfil.Import
		for n := range orders {
			rows = append(rows, importRow(fmt.Sprintf("CS%d", n)))
			second := importRow(fmt.Sprintf("CS%d", n))
			second.OrderLineID, second.InstanceID = "second", fmt.Sprintf("second-%d", n)
			rows = append(rows, second)
		}
		faulty.Rates(0.002, 0.1)
		var group sync.WaitGroup
		for n := range 4 {
			mine := slices.Clone(rows)
			if n%2 == 1 {
				slices.Reverse(mine)
			}
			group.Go(func() {
				for range 50 {
					got, err := r.Import(t.Context(), fulfil.Imports{Seller: "demo", Rows: mine, Who: fmt.Sprint(n), Why: "moving in"})
					if err != nil {
						continue
					}
					for k, v := range got {
						if v.Verdict != fulfil.ImportCreated && v.Verdict != fulfil.ImportUnchanged {
							t.Errorf("row %d: %+v", k, v)
						}
					}
					return
				}
				t.Error("never answered")
			})
		}
		group.Wait()
		faulty.Rates(0, 0)
		for k, v := range r.imports(rows...) {
			if v.Verdict != fulfil.ImportUnchanged {
				t.Errorf("row %d: %+v", k, v)
			}
		}
		for n := range orders {
			r.events(fmt.Sprintf("CS%d", n), fulfil.EventImported, fulfil.EventImported)
		}
	})
}

// An import meets newInstance of the same order: whoever is first counts, and there is one instance.
func TestAnImportMeetsItsOrderOnBoth(t *testing.T) {
	backendtest.Each(t, func(t *testing.T, st store.Store) {
		r := over(t, st)
		for n := range 20 {
			order := fmt.Sprintf("CS%d", n)
			row := importRow(order)
			row.InstanceID = "told-" + order
			var group sync.WaitGroup
			var answer fulfil.Answer
			group.Go(func() { answer = r.mustCall(order, "biz-"+order) })
			verdict := r.imports(row)[0]
			group.Wait()
			agg, err := r.store.Aggregate(t.Context(), "demo", order)
			if err != nil || len(agg.Instances) != 1 || len(agg.Lines) != 1 || answer.InstanceID != agg.Instances[0].InstanceID {
				t.Fatalf("%+v %+v %v", answer, agg, err)
			}
			if created := agg.Instances[0].InstanceID == row.InstanceID; created != (verdict.Verdict == fulfil.ImportCreated) || !created && verdict.Verdict != fulfil.ImportInvalid {
				t.Errorf("%s: %+v", agg.Instances[0].InstanceID, verdict)
			}
		}
	})
}
