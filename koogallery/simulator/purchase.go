// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"crypto"
	"encoding/json"
	"strings"

	"github.com/koogate/koogate/koogallery/simulator/catalogue"

	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/seal"
)

// kitInterfaces is the number of the Kit's interfaces; the first calls of a
// purchase are one of each.
const kitInterfaces = 5

// purchase is what a joint purchase synchronises. Everything is invented.
type purchase struct {
	s        *Simulator
	family   judge.Family
	testFlag int
	tenant   JointTenant
	appID    string
	clientID string
	secret   string // in clear
	sealed   string // as sent
}

// purchase invents an enterprise for an order; none while a seller applies for a
// credential. The credential's application is the same for every enterprise.
func (s *Simulator) purchase(family judge.Family, orderID string, testFlag int) (*purchase, error) {
	t := strings.ToLower(catalogue.Token("tenant\x00" + s.cfg.NewID()))
	p := &purchase{
		s: s, family: family, testFlag: testFlag,
		tenant: JointTenant{
			ID: t[:32], OrderID: orderID, Code: "demo" + t[32:40], Name: "示例科技" + t[40:44] + "有限公司",
			DomainName: "https://" + t[32:40] + ".tenantaccount.example.com",
		},
		appID:    catalogue.Token("application\x00" + s.cfg.FacadeURL)[:16],
		clientID: t[44:60],
		secret:   catalogue.Token("secret\x00" + s.cfg.NewID()),
	}
	// Which hashes the marketplace uses is not documented (kit §A.10): Java's own
	// pair for the rehearsal, the one of all other stacks for a purchase.
	mask := crypto.SHA256
	if testFlag == 1 {
		mask = crypto.SHA1
	}
	var err error
	p.sealed, err = seal.EncryptSecret(s.cfg.PublicKey, p.secret, crypto.SHA256, mask)
	return p, err
}

// calls returns the calls of a purchase in their order, with rising time stamps
// (kit §A.6).
func (p *purchase) calls() []kitCall {
	departments := []JointDepartment{{"00000001", "产品部", ""}, {"00000002", "测试部", "00000001"}}
	added := JointDepartment{"10000", "开发部", "00000001"}
	admin := p.user("zhangsan01", "张三", "00000001", "admin")
	user := p.user("lisi02", "李四", "00000002", "user")
	disabled := user
	disabled.State = JointDisabled

	return []kitCall{
		p.call(judge.ActivityTenant, "add", map[string]any{
			"orderId": p.tenant.OrderID, "tenantCode": p.tenant.Code, "name": p.tenant.Name, "domainName": p.tenant.DomainName, "flag": 1,
		}, func(f *facts) { tenant := p.tenant; f.tenant = &tenant }),
		p.call(judge.ActivityApplication, "add", map[string]any{
			"appId": p.appID, "clientId": p.clientID, "clientSecret": p.sealed, "flag": 1,
		}, func(f *facts) { f.clientID, f.clientSecret = p.clientID, p.secret }),
		p.call(judge.ActivityAllOrg, "all", p.departments(departments), func(f *facts) {
			for _, d := range departments {
				f.departments[d.Code] = d
			}
		}),
		p.call(judge.ActivityAuth, "add", p.users(1, admin, user), func(f *facts) { f.users[admin.UserName], f.users[user.UserName] = admin, user }),
		p.call(judge.ActivitySingleOrg, "add", map[string]any{
			"orgCode": added.Code, "orgName": added.Name, "parentCode": added.ParentCode, "flag": 1,
		}, func(f *facts) { f.departments[added.Code] = added }),
		p.call(judge.ActivityAuth, "disable", p.users(2, disabled), func(f *facts) { f.users[user.UserName] = disabled }),
		p.call(judge.ActivityTenant, "delete", map[string]any{
			"orderId": p.tenant.OrderID, "tenantCode": p.tenant.Code, "name": p.tenant.Name, "domainName": p.tenant.DomainName, "flag": 0,
		}, (*facts).end),
	}
}

// call completes a call with what all of them have.
func (p *purchase) call(a judge.Activity, scene string, params map[string]any, apply func(*facts)) kitCall {
	at := p.s.stamp()
	params["tenantId"], params["testFlag"], params["timeStamp"] = p.tenant.ID, p.testFlag, local17(at)
	if a == judge.ActivityAuth {
		params["currentSyncTime"] = local17(at)
	}
	return kitCall{name: string(a) + " " + scene, act: a, scene: scene, at: at, params: params, apply: apply}
}

// user invents an account that is enabled.
func (p *purchase) user(userName, name, orgCode, role string) JointUser {
	b := catalogue.NewBuyer(p.tenant.ID + userName)
	return JointUser{userName, name, orgCode, role, JointActive, b.MobilePhone, b.Email}
}

// wireUser is a user of V2, and of V1 but for the last three members (kit §A.3).
type wireUser struct {
	UserName     string         `json:"userName"`
	Name         string         `json:"name"`
	Position     string         `json:"position"`
	OrgCode      string         `json:"orgCode"`
	Role         string         `json:"role"`
	Enable       string         `json:"enable"`
	EmployeeCode string         `json:"employeeCode"`
	Mobile       string         `json:"mobile"`
	Email        string         `json:"email"`
	EmployeeType int            `json:"employeeType,omitempty"`
	WorkPlace    string         `json:"workPlace,omitempty"`
	Extension    *wireExtension `json:"extension,omitempty"`
}

// wireExtension holds in V1 what are members of their own in V2.
type wireExtension struct {
	EntryDate    string `json:"entryDate"`
	EmployeeType string `json:"employeeType"`
	WorkPlace    string `json:"workPlace"`
}

// users returns the members of an authSync. V1 has the list as a text.
func (p *purchase) users(flag int, users ...JointUser) map[string]any {
	list := make([]wireUser, 0, len(users))
	for _, u := range users {
		w := wireUser{
			UserName: u.UserName, Name: u.Name, Position: "工程师", OrgCode: u.OrgCode, Role: u.Role, Enable: "true",
			Mobile: u.Mobile, Email: u.Email,
		}
		if u.State == JointDisabled {
			w.Enable = "false"
		}
		if p.family == judge.FamilyKitV1 {
			w.Extension = &wireExtension{"2022-11-9", "4", "南京"}
		} else {
			w.EmployeeType, w.WorkPlace = 1, "南京"
		}
		list = append(list, w)
	}
	return map[string]any{"appId": p.appID, "userList": p.list(list), "flag": flag}
}

// departments returns the members of an allOrgSync: the name of a department has
// another name in V1 (kit §A.5).
func (p *purchase) departments(list []JointDepartment) map[string]any {
	type v1 struct {
		Code       string `json:"orgCode"`
		Name       string `json:"name"`
		ParentCode string `json:"parentCode"`
	}
	type v2 struct {
		Code       string `json:"orgCode"`
		Name       string `json:"orgName"`
		ParentCode string `json:"parentCode"`
	}
	older, newer := make([]v1, 0, len(list)), make([]v2, 0, len(list))
	for _, d := range list {
		older, newer = append(older, v1(d)), append(newer, v2(d))
	}
	if p.family == judge.FamilyKitV1 {
		return map[string]any{"orgInfo": p.list(older)}
	}
	return map[string]any{"orgInfoList": p.list(newer)}
}

// list returns a list as the generation has it.
func (p *purchase) list(v any) any {
	text, err := plainJSON(v)
	switch {
	case err != nil: // cannot be: structs of texts and numbers
		return nil
	case p.family == judge.FamilyKitV1:
		return string(text)
	default:
		return json.RawMessage(text)
	}
}
