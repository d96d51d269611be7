// SPDX-License-Identifier: Apache-2.0

package production_test

import (
	"crypto"
	"crypto/rsa"
	"slices"
	"strings"
	"testing"
	"time"

	"buf.build/go/protovalidate"

	productionv1 "github.com/koogate/koogate/gen/koogate/production/v1"
	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/koogallery/seal"
	"github.com/koogate/koogate/server/api/production"
	"github.com/koogate/koogate/server/directory"
)

func application(t testing.TB, secret string) *productionv1.ApplicationSyncRequest {
	t.Helper()
	text, err := seal.EncryptSecret(&secretKey().PublicKey, secret, crypto.SHA256, crypto.SHA1)
	if err != nil {
		t.Fatal(err)
	}
	return &productionv1.ApplicationSyncRequest{
		Endpoint: "demo", InstanceId: "i", TenantId: "68cb", AppId: "app", ClientId: "client", ClientSecret: text, Flag: "1",
		TimeStamp: "20220413093539534",
	}
}

func TestClientSecret(t *testing.T) {
	own := []*rsa.PrivateKey{secretKey()}
	const refused101 = `{"resultCode":"000101","resultMsg":"mobile number not specified or already exists: clientSecret: cannot be decrypted"}`
	const refused002 = `{"resultCode":"000002","resultMsg":"invalid request parameters: clientSecret: cannot be decrypted"}`
	for name, c := range map[string]struct {
		set    production.Settings
		flag   string
		broken bool
		body   string
		secret string
	}{
		"add":                  {production.Settings{Secrets: own}, "1", false, doneKit, "canary"},
		"modify":               {production.Settings{Secrets: own}, "2", false, doneKit, "canary"},
		"delete":               {production.Settings{Secrets: own}, "0", false, doneKit, "canary"},
		"broken":               {production.Settings{Secrets: own}, "1", true, refused101, ""},
		"broken, as parameter": {production.Settings{Secrets: own, SecretCode: resultcode.InvalidParam}, "2", true, refused002, ""},
		"broken, deleted":      {production.Settings{Secrets: own}, "0", true, doneKit, ""},
		"no key":               {production.Settings{}, "1", false, refused101, ""},
		"no key, deleted":      {production.Settings{}, "0", false, doneKit, ""},
	} {
		for kind, rehearse := range map[string]func(*productionv1.ApplicationSyncRequest){
			"real":      func(*productionv1.ApplicationSyncRequest) {},
			"debugging": func(r *productionv1.ApplicationSyncRequest) { r.TestFlag = "1" },
			"applying":  func(r *productionv1.ApplicationSyncRequest) { r.InstanceId = "" },
		} {
			t.Run(name+" "+kind, func(t *testing.T) {
				r := newRig(c.set)
				req := application(t, "canary")
				req.Flag = c.flag
				if c.broken {
					first := "x"
					if strings.HasPrefix(req.GetClientSecret(), first) {
						first = "y"
					}
					req.ClientSecret = first + req.GetClientSecret()[1:]
				}
				rehearse(req)
				m, err := production.NewKit(r.deps).ApplicationSync(verified(t, keyA), req)
				if err != nil {
					t.Fatal(err)
				}
				if got := wire(t, m); got != c.body {
					t.Errorf("body %s", got)
				}
				got, kept := r.dir.last.(directory.Application)
				if kept != (kind == "real" && c.body == doneKit) || kept && got.ClientSecret != c.secret {
					t.Errorf("kept: %v, %q", kept, got.ClientSecret)
				}
				if strings.Contains(r.log.String(), "canary") || strings.Contains(r.log.String(), req.GetClientSecret()) {
					t.Errorf("log: %s", r.log)
				}
			})
		}
	}
}

// While the seller applies for a credential everything is checked and nothing kept.
func TestRehearsals(t *testing.T) {
	for _, c := range rpcs() {
		if c.done != doneKit {
			continue
		}
		r := newRig(production.Settings{})
		m, err := c.do(verified(t, keyA), r.deps, set(c.req, "instance_id", ""))
		if got := wire(t, m); err != nil || got != doneKit || r.dir.last != nil {
			t.Errorf("%s: %s, %v, %v", c.name, got, err, r.dir.last)
		}
	}
}

func TestFlagsOfTheKit(t *testing.T) {
	for text, want := range map[string]directory.Flag{"0": directory.Delete, "1": directory.Add, "2": directory.Modify, "3": directory.Withdraw} {
		r := newRig(production.Settings{})
		if _, err := production.NewKit(r.deps).AuthSync(verified(t, keyA), &productionv1.AuthSyncRequest{
			Endpoint: "demo", InstanceId: "i", TimeStamp: "20220413093539534", Flag: text, UserList: []*productionv1.KitUser{{UserName: "u"}},
		}); err != nil {
			t.Fatal(err)
		}
		if got := r.dir.last.(directory.Users).Flag; got != want {
			t.Errorf("%s: %d", text, got)
		}
	}
}

func TestUsersOfTheKit(t *testing.T) {
	r := newRig(production.Settings{})
	svc := production.NewKit(r.deps)
	enables := []string{"", "true", "True", "TRUE", "1", "false", "False", "FALSE", "0"}
	req := &productionv1.AuthSyncRequest{Endpoint: "demo", InstanceId: "i", TenantId: "68cb", AppId: "app", Flag: "1", TimeStamp: "20220413093539534"}
	for _, e := range enables {
		req.UserList = append(req.UserList, &productionv1.KitUser{
			UserName: "zhangsan01", Name: "canary", OrgCode: "1", Role: "user", Enable: e, Position: "canary", EmployeeCode: "7",
			EmployeeType: "4", Mobile: "canary", Email: "canary", WorkPlace: "南京", EntryDate: "2022-11-9", ExtensionJson: `{"a":1}`,
			ExtraJson: `{"b":2}`,
		})
	}
	if m, err := svc.AuthSync(verified(t, keyA), req); err != nil || wire(t, m) != doneKit {
		t.Fatalf("%v, %v", m, err)
	}
	got := r.dir.last.(directory.Users)
	for i, u := range got.Users {
		same(t, u, directory.User{
			UserName: "zhangsan01", Role: "user", OrgCode: "1", Enabled: i < 5, Profile: directory.Profile{
				Name: "canary", Position: "canary", EmployeeCode: "7", EmployeeType: "4", Mobile: "canary", Email: "canary", WorkPlace: "南京",
				EntryDate: "2022-11-9", Extension: `{"a":1}`, Extra: `{"b":2}`,
			},
		})
	}
	if strings.Contains(r.log.String(), "canary") {
		t.Errorf("log: %s", r.log)
	}
	req.UserList = nil
	m, err := svc.AuthSync(verified(t, keyA), req)
	if got := wire(t, m); err != nil || got != `{"resultCode":"000002","resultMsg":"invalid request parameters: userList: required"}` {
		t.Errorf("%s, %v", got, err)
	}
}

func TestTimesOfTheKit(t *testing.T) {
	for _, c := range []struct {
		stamp, current string
		at             time.Time // zero when the call is refused
	}{
		{"20220413093539534", "", sent},
		{"20220413093539", "", sent.Truncate(time.Second)},
		{"20220413093539534", "20220413093540534", sent.Add(time.Second)},
		{"20220413093539534", "soon", sent},
		{"soon", "20220413093540534", time.Time{}},
		{"1649813739534", "", time.Time{}},
		{"20220431093539534", "", time.Time{}},
	} {
		r := newRig(production.Settings{})
		m, err := production.NewKit(r.deps).AuthSync(verified(t, keyA), &productionv1.AuthSyncRequest{
			Endpoint: "demo", InstanceId: "i", TimeStamp: c.stamp, CurrentSyncTime: c.current, UserList: []*productionv1.KitUser{{UserName: "u"}},
		})
		if err != nil {
			t.Fatal(err)
		}
		got, kept := r.dir.last.(directory.Users)
		switch {
		case c.at.IsZero():
			if kept || wire(t, m) != `{"resultCode":"000002","resultMsg":"invalid request parameters: timeStamp: not a date and time of 14 or 17 digits"}` {
				t.Errorf("%+v: %v", c, m)
			}
		case !got.At.Equal(c.at) || got.At.Location() != time.UTC:
			t.Errorf("%+v: %v", c, got.At)
		}
	}
}

func TestDepartmentsOfTheKit(t *testing.T) {
	v1 := []*productionv1.KitDepartment{{OrgCode: "1", Name: "产品部", ParentCode: "0"}}
	v2 := []*productionv1.KitDepartment{{OrgCode: "2", OrgName: "测试部", Name: "other"}}
	for name, c := range map[string]struct {
		info, list []*productionv1.KitDepartment
		units      []directory.Unit
		refusal    string
	}{
		"V1":         {v1, nil, []directory.Unit{{OrgCode: "1", Name: "产品部", ParentCode: "0"}}, ""},
		"V2":         {nil, v2, []directory.Unit{{OrgCode: "2", Name: "测试部"}}, ""},
		"both":       {v1, v2, []directory.Unit{{OrgCode: "2", Name: "测试部"}}, ""},
		"neither":    {nil, nil, nil, "orgInfoList: required"},
		"unnamed":    {nil, append(v2, &productionv1.KitDepartment{OrgCode: "3"}), []directory.Unit{{OrgCode: "2", Name: "测试部"}}, ""},
		"old name":   {nil, []*productionv1.KitDepartment{{OrgCode: "4", OrgNameOld: "财务部"}}, []directory.Unit{{OrgCode: "4", Name: "财务部"}}, ""},
		"unnamed V1": {[]*productionv1.KitDepartment{{OrgCode: "3"}}, nil, nil, "orgInfo: no element can be used"},
	} {
		for _, missing := range []bool{false, true} {
			r := newRig(production.Settings{DeleteMissingDepartments: missing})
			m, err := production.NewKit(r.deps).AllOrgSync(verified(t, keyA), &productionv1.AllOrgSyncRequest{
				Endpoint: "demo", InstanceId: "i", TenantId: "68cb", TimeStamp: "20220413093539534", OrgInfo: c.info, OrgInfoList: c.list,
			})
			if err != nil {
				t.Fatal(err)
			}
			if c.refusal != "" {
				if got := wire(t, m); got != `{"resultCode":"000002","resultMsg":"invalid request parameters: `+c.refusal+`"}` || r.dir.last != nil {
					t.Errorf("%s: %s", name, got)
				}
				continue
			}
			same(t, r.dir.last, directory.Departments{
				Scope: directory.Scope{Seller: "demo-seller", InstanceID: "i", TenantID: "68cb", At: sent}, Units: c.units,
				Skipped: map[bool][]int{true: {1}}[name == "unnamed"], DeleteMissing: missing && name != "unnamed",
			})
		}
	}
}

// TestOneBadElementCostsOnlyItself sends users of whom most break a rule of the contract: the whole request still passes
// validation, the others take effect, and the log names indexes.
func TestOneBadElementCostsOnlyItself(t *testing.T) {
	long := strings.Repeat("x", 65)
	req := &productionv1.AuthSyncRequest{
		Endpoint: "demo", InstanceId: "i", TenantId: "68cb", AppId: "app", Flag: "1", TimeStamp: "20220413093539534",
		UserList: []*productionv1.KitUser{
			{UserName: "first"}, {}, {UserName: "canary\x00"}, {UserName: long}, {UserName: "u", OrgCode: "canary\x00"}, {UserName: "u", Enable: "canary"},
			{UserName: "last", OrgCode: "unknown-department"},
		},
	}
	if err := protovalidate.Validate(req); err != nil {
		t.Fatalf("the request is refused as a whole: %v", err)
	}
	r := newRig(production.Settings{})
	m, err := production.NewKit(r.deps).AuthSync(verified(t, keyA), req)
	if err != nil || wire(t, m) != doneKit {
		t.Fatalf("%v, %v", m, err)
	}
	got := r.dir.last.(directory.Users)
	if len(got.Users) != 2 || got.Users[0].UserName != "first" || got.Users[1].UserName != "last" || !slices.Equal(got.Skipped, []int{1, 2, 3, 4, 5}) {
		t.Errorf("got %+v", got)
	}
	if log := r.log.String(); !strings.Contains(log, "skipped") || strings.Contains(log, "canary") || strings.Contains(log, long) {
		t.Errorf("log: %s", log)
	}
	req.UserList = req.GetUserList()[1:6]
	m, err = production.NewKit(r.deps).AuthSync(verified(t, keyA), req)
	if got := wire(t, m); err != nil || got != `{"resultCode":"000002","resultMsg":"invalid request parameters: userList: no element can be used"}` {
		t.Errorf("%s, %v", got, err)
	}
}

// TestMembersInEitherPlace: third-reading T48.
func TestMembersInEitherPlace(t *testing.T) {
	for extension, want := range map[string]directory.Profile{
		`{"employeeType":2,"workPlace":"南京","entryDate":"2022-11-9"}`: {EmployeeType: "2", WorkPlace: "南京", EntryDate: "2022-11-9"},
		`{"employeeType":"3","workPlace":7,"entryDate":{}}`:           {EmployeeType: "3", WorkPlace: "7"},
		`{"employeeType":123456789012}`:                               {},
		"a text":                                                      {},
		"":                                                            {},
	} {
		want.Extension = extension
		r := newRig(production.Settings{})
		req := &productionv1.AuthSyncRequest{
			Endpoint: "demo", InstanceId: "i", TenantId: "68cb", AppId: "app", Flag: "1", TimeStamp: "20220413093539534",
			UserList: []*productionv1.KitUser{{UserName: "u", ExtensionJson: extension}, {UserName: "v", EmployeeType: "1", ExtensionJson: `{"employeeType":2}`}},
		}
		if m, err := production.NewKit(r.deps).AuthSync(verified(t, keyA), req); err != nil || wire(t, m) != doneKit {
			t.Fatalf("%v, %v", m, err)
		}
		users := r.dir.last.(directory.Users).Users
		same(t, users[0].Profile, want)
		if users[1].Profile.EmployeeType != "1" {
			t.Errorf("beside does not win: %q", users[1].Profile.EmployeeType)
		}
	}
}
