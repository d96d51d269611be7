// SPDX-License-Identifier: Apache-2.0

package fulfil_test

import (
	"strings"
	"testing"

	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/store"
)

// What goes out is bounded as the marketplace counts it: in UTF-16 units, encrypted fields after encryption.
func TestAccessIsBoundedAsItsReaderCounts(t *testing.T) {
	const face = "\U0001F600" // two units, four bytes
	good := fulfil.Access{FrontEndURL: "https://x.example.com"}
	with := func(set func(a *fulfil.Access)) fulfil.Access { a := good; set(&a); return a }
	for name, c := range map[string]struct {
		v1     bool
		ascii  bool
		access fulfil.Access
		field  string // empty when it is taken
	}{
		"memo of 512 faces":        {access: with(func(a *fulfil.Access) { a.Memo = strings.Repeat(face, 512) })},
		"memo of 513 faces":        {access: with(func(a *fulfil.Access) { a.Memo = strings.Repeat(face, 513) }), field: "memo"},
		"memo in Chinese, V1":      {v1: true, access: with(func(a *fulfil.Access) { a.Memo = "中文\n两行" })},
		"memo with NUL":            {access: with(func(a *fulfil.Access) { a.Memo = "a\x00" }), field: "memo"},
		"user of 64 faces":         {access: with(func(a *fulfil.Access) { a.UserName = strings.Repeat(face, 64) })},
		"user of 65 faces":         {access: with(func(a *fulfil.Access) { a.UserName = strings.Repeat(face, 65) }), field: "user_name"},
		"user not ASCII, V1":       {v1: true, access: with(func(a *fulfil.Access) { a.UserName = "管理员" }), field: "user_name"},
		"user not ASCII, V2":       {access: with(func(a *fulfil.Access) { a.UserName = "管理员" })},
		"user not ASCII, set":      {ascii: true, access: with(func(a *fulfil.Access) { a.UserName = "管理员" }), field: "user_name"},
		"password not ASCII, V1":   {v1: true, access: with(func(a *fulfil.Access) { a.Password = "canary-é" }), field: "password"},
		"password of 79 bytes, V1": {v1: true, access: with(func(a *fulfil.Access) { a.Password = strings.Repeat("p", 79) })},
		"password of 80 bytes, V1": {v1: true, access: with(func(a *fulfil.Access) { a.Password = strings.Repeat("p", 80) }), field: "password"},
		"address that grows": {
			access: with(func(a *fulfil.Access) { a.AdminURL = "https://x.example.com/" + strings.Repeat("中", 56) }), field: "admin_url",
		},
		"address that fits": {access: with(func(a *fulfil.Access) { a.AdminURL = "https://x.example.com/" + strings.Repeat("中", 54) })},
		"address of no host": {
			access: with(func(a *fulfil.Access) { a.FrontEndURL = "https://\u00ad\u200d/" }), field: "front_end_url",
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, func(_ *fulfil.Config, ep *fulfil.Endpoint, _ *fulfil.Deps) { ep.ASCII = c.ascii })
			if c.v1 {
				if _, err := r.told("CS1", "biz-1", late); err != nil {
					t.Fatal(err)
				}
			} else {
				r.mustCall("CS1", "biz-1")
				r.query()
			}
			task := r.lease("worker")
			_, err := r.CompleteTask(t.Context(), fulfil.Completion{Seller: "demo", TaskID: task.ID, Fence: task.Fence, Access: &c.access})
			if c.field == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			e := errs.As(err)
			if err == nil || e.Reason != errs.ResultInvalid || e.Kind != errs.Invalid || len(e.Fields) != 1 || e.Fields[0].Path != "access_info."+c.field {
				t.Fatalf("got %v %v, want a refusal of %s", err, e.Fields, c.field)
			}
			if strings.Contains(e.Msg+e.Fields[0].Msg, "canary") {
				t.Errorf("the value is told: %s", e.Msg)
			}
		})
	}
}

// notOpened are addresses that no customer is sent to.
var notOpened = []string{
	"javascript:alert(1)", "JavaScript://app.example.com/%0aalert(1)", " javascript:alert(1)", "data:text/html,x", "ftp://app.example.com/", "file:///etc/passwd",
	"app.example.com/x", "//app.example.com/x", "/x", "https:app.example.com", "https:/app.example.com", "https://", "https:///x", "https://:8443/x",
	"https://user@app.example.com/", "https://user:canary@app.example.com/", "https://@app.example.com/", `https://app.example.com\@evil.example/`,
	"https://app.example.com:port/", "https://user:canary@例子.测试/",
}

// An address is http or https, has a host and names no user, whoever tells it: a worker that completes a task, or an operator.
// The refusal names the field and not the address.
func TestAnAddressIsOneThatACustomerCanOpen(t *testing.T) {
	refusal := func(t *testing.T, err error, address, field string) {
		t.Helper()
		e := errs.As(err)
		if err == nil || e.Reason != errs.ResultInvalid || len(e.Fields) != 1 || e.Fields[0].Path != "access_info."+field {
			t.Errorf("%s as %s: %v", address, field, err)
		} else if strings.Contains(err.Error(), "canary") {
			t.Errorf("the address is told: %v", err)
		}
	}
	r := newRig(t)
	r.mustCall("CS1", "biz-1")
	r.query()
	task := r.lease("worker")
	complete := func(a fulfil.Access) error {
		_, err := r.CompleteTask(t.Context(), fulfil.Completion{Seller: "demo", TaskID: task.ID, Fence: task.Fence, Access: &a})
		return err
	}
	const fine = "HTTP://x.example.com:8080?q=javascript:1"
	for _, bad := range notOpened {
		refusal(t, complete(fulfil.Access{FrontEndURL: bad}), bad, "front_end_url")
		refusal(t, complete(fulfil.Access{FrontEndURL: fine, AdminURL: bad}), bad, "admin_url")
	}
	if err := complete(fulfil.Access{FrontEndURL: fine, AdminURL: "https://[2001:db8::1]/"}); err != nil {
		t.Fatal(err)
	}
	for _, bad := range notOpened {
		for name, field := range map[string]string{"frontEndUrl": "front_end_url", "adminUrl": "admin_url"} {
			_, err := r.UpdateAccess(t.Context(), fulfil.AccessUpdate{
				Seller: "demo", InstanceID: "biz-1", Access: fulfil.Access{FrontEndURL: bad, AdminURL: bad}, Fields: []string{name},
			})
			refusal(t, err, bad, field)
		}
	}
}

// What was sealed before addresses were checked is not shown when it would run or load something else than a page.
func TestAnOldAddressThatIsNoPageIsNotShown(t *testing.T) {
	for sealed, want := range map[string]string{
		"javascript:alert(1)": "", " JavaScript:alert(1)": "", "\u0001javascript:alert(1)": "", "data:text/html,x": "",
		"app.example.com/a:b": "app.example.com/a:b", "https://user@app.example.com/": "https://user@app.example.com/",
	} {
		if got := fulfil.ShownAccess(fulfil.Access{FrontEndURL: sealed, AdminURL: sealed}); got.FrontEndURL != want || got.AdminURL != want {
			t.Errorf("%q is shown as %q and %q, want %q", sealed, got.FrontEndURL, got.AdminURL, want)
		}
	}
}

// Addresses are sent in ASCII: the host in the form of IDNA, the rest percent-encoded, what was ASCII untouched.
func TestAddressesAreSentInASCII(t *testing.T) {
	for given, want := range map[string]string{
		"https://x.example.com/a%20b?q=1#f": "https://x.example.com/a%20b?q=1#f",
		"https://x.example.com/登录?名=值#片":    "https://x.example.com/%E7%99%BB%E5%BD%95?%E5%90%8D=%E5%80%BC#%E7%89%87",
		"https://例子.测试:8443/":               "https://xn--fsqu00a.xn--0zwm56d:8443/",
		"https://Bücher.example/?a=ü%C3%BC": "https://xn--bcher-kva.example/?a=%C3%BC%C3%BC",
	} {
		r := newRig(t)
		r.mustCall("CS1", "biz-1")
		r.query()
		task := r.lease("worker")
		_, err := r.CompleteTask(t.Context(), fulfil.Completion{
			Seller: "demo", TaskID: task.ID, Fence: task.Fence, Access: &fulfil.Access{FrontEndURL: given, AdminURL: given},
		})
		if err != nil {
			t.Fatalf("%s: %v", given, err)
		}
		_, shown, err := r.QueryInstance(t.Context(), fulfil.Query{Endpoint: r.ep, InstanceIDs: "biz-1"})
		if err != nil || len(shown) != 1 || shown[0].Access.FrontEndURL != want || shown[0].Access.AdminURL != want {
			t.Errorf("%s: sent %+v, want %s (%v)", given, shown[0].Access.FrontEndURL, want, err)
		}
	}
}

// A business ID becomes the instance ID only when it means nothing anywhere.
func TestBusinessIDsThatAreAdopted(t *testing.T) {
	r := newRig(t)
	for id, adopted := range map[string]bool{
		"03pf80c2bae96vc49b80b917bea776d7": true, "biz-1": true, "A_b-C": true, "7": true, strings.Repeat("a", 64): true,
		"": false, "a/x": false, "5#?%": false, "x:verify": false, "..": false, ".": false, "a..b": false, "a.evil": false, "-a": false, "a-": false,
		"a b": false, "a,b": false, "a\x00b": false, "a\nb": false, "é": false, "a%2fb": false, "a\\b": false, strings.Repeat("a", 65): false,
	} {
		a := r.mustCall("CS-"+strings.Map(func(c rune) rune { return 'a' + c%26 }, id), id)
		if (a.InstanceID == id) != adopted {
			t.Errorf("business ID %q gave instance %q", id, a.InstanceID)
		}
	}
}

// Whatever the marketplace's IDs are, the template's links go where the template says.
func TestTemplateEscapesValues(t *testing.T) {
	for _, c := range []struct{ pattern, product, want string }{
		{"https://{product}.example.com/", "OFFI-1", "https://OFFI-1.example.com/"},
		{"https://{product}.example.com/", "evil.com/", "https://x-b2fc1e1d9d5ad14c7b0f.example.com/"},
		{"https://app.example.com/{product}/x", "a/../b?c#d%e", "https://app.example.com/a%2F..%2Fb%3Fc%23d%25e/x"},
		{"https://app.example.com/{product}/x", "..", "https://app.example.com/x-HASH/x"},
		{"https://app.example.com/?p={product}&q=1", "a&q=2#é", "https://app.example.com/?p=a%26q%3D2%23%C3%A9&q=1"},
		{"https://app.example.com/#/{product}", "a b", "https://app.example.com/#/a+b"},
		{"https://app.example.com/{product}", "{order}", "https://app.example.com/%7Border%7D"},
	} {
		r := newRig(t)
		facts := yearly
		facts.Product.ProductID = c.product
		r.market.set("", facts)
		r.mustCall("CS1", "biz-1")
		r.query()
		r.RunTemplate(fulfil.Template{FrontEndURL: c.pattern, UserName: "u-{instance}"})(t.Context(), r.lease("worker"))
		r.state("biz-1", store.InstanceActive)
		_, shown, err := r.QueryInstance(t.Context(), fulfil.Query{Endpoint: r.ep, InstanceIDs: "biz-1"})
		if err != nil || len(shown) != 1 {
			t.Fatal(shown, err)
		}
		got := shown[0].Access.FrontEndURL
		if strings.Contains(c.want, "x-") {
			before, after, _ := strings.Cut(c.want, "x-")
			after = after[strings.IndexAny(after, "./"):]
			if !strings.HasPrefix(got, before+"x-") || !strings.HasSuffix(got, after) || len(got) != len(before)+2+20+len(after) {
				t.Errorf("%s with %q: %s", c.pattern, c.product, got)
			}
		} else if got != c.want {
			t.Errorf("%s with %q: %s, want %s", c.pattern, c.product, got, c.want)
		}
		if shown[0].Access.UserName != "u-biz-1" {
			t.Error(shown[0].Access.UserName)
		}
	}
}

// What a template cannot answer ends its task with the reason, instead of being tried for ever.
func TestTemplateThatCannotBeAnswered(t *testing.T) {
	r := newRig(t)
	r.mustCall("CS1", "biz-1")
	r.query()
	r.RunTemplate(fulfil.Template{FrontEndURL: "https://x.example.com/", Memo: strings.Repeat("{instance}", 300)})(t.Context(), r.lease("worker"))
	if i := r.state("biz-1", store.InstanceFailed); !strings.Contains(i.Reason, "access_info.memo") {
		t.Errorf("reason %q", i.Reason)
	}
}

// What was repaired in a call is told on its order once, however often the call comes.
func TestARepairIsToldOnce(t *testing.T) {
	r := newRig(t)
	r.mustCall("CS1", "biz-1")
	for range 3 {
		r.Repaired(t.Context(), "demo", "CS1", "newInstance", []string{"customerName: not valid text"})
	}
	r.Repaired(t.Context(), "demo", "CS1", "newInstance", []string{"email: cannot be decrypted"})
	r.Repaired(t.Context(), "demo", "unknown", "newInstance", []string{"email: cannot be decrypted"})
	r.Repaired(t.Context(), "demo", "", "newInstance", []string{"email: cannot be decrypted"})
	es := r.events("CS1", fulfil.EventAdmitted, fulfil.EventRepaired, fulfil.EventRepaired)
	if es[1].Data != `{"activity":"newInstance","repairs":["customerName: not valid text"]}` {
		t.Error(es[1].Data)
	}
}

// A worker's reason is descriptive too: what no database takes is mended. What it names itself is not.
func TestReasonsAreMended(t *testing.T) {
	r := newRig(t)
	r.mustCall("CS1", "biz-1")
	r.query()
	task := r.lease("worker")
	if _, err := r.FailTask(t.Context(), fulfil.Failure{Seller: "demo", TaskID: task.ID, Fence: task.Fence, Permanent: true, Message: "disk\x00full\xff"}); err != nil {
		t.Fatal(err)
	}
	if i := r.state("biz-1", store.InstanceFailed); !strings.Contains(i.Reason, "disk\ufffdfull\ufffd") {
		t.Errorf("%q", i.Reason)
	}
	_, err := r.Instance(t.Context(), "demo", "a\x00b")
	if e := errs.As(err); e.Kind != errs.Invalid || e.Reason != errs.InvalidField {
		t.Errorf("asked for what cannot be: %v", err)
	}
}

// An answer of the order query that the database refuses ends the query with a reason, instead of being asked for ever.
func TestAnswerThatNoDatabaseTakes(t *testing.T) {
	r := newRig(t)
	facts := yearly
	facts.Product.SKUCode = "a\x00"
	r.market.set("", facts)
	r.mustCall("CS1", "biz-1")
	r.query()
	if i := r.state("biz-1", store.InstanceFailed); !strings.Contains(i.Reason, "DATA_REFUSED") {
		t.Errorf("%q", i.Reason)
	}
}
