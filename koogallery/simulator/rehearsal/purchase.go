// SPDX-License-Identifier: Apache-2.0

package rehearsal

import (
	"crypto"
	"strings"

	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/seal"
	"github.com/koogate/koogate/koogallery/simulator/catalogue"
	"github.com/koogate/koogate/koogallery/simulator/wire"
)

// kitInterfaces is the number of the Kit's interfaces; the first calls of a
// purchase are one of each.
const kitInterfaces = 5

// purchase is what a joint purchase synchronises. Everything is invented.
type purchase struct {
	s        *Stage
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
func (s *Stage) purchase(family judge.Family, orderID string, testFlag int) (*purchase, error) {
	t := strings.ToLower(catalogue.Token("tenant\x00" + s.cfg.NewID()))
	p := &purchase{
		s: s, family: family, testFlag: testFlag,
		tenant: JointTenant{
			ID: t[:32], OrderID: orderID, Code: "demo" + t[32:40], Name: "示例科技" + t[40:44] + "有限公司",
			DomainName: "https://" + t[32:40] + ".tenantaccount.example.com",
		},
		appID:    catalogue.Token("application\x00" + s.wire.Facade())[:16],
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
	at := p.s.wire.Stamp()
	params["tenantId"], params["testFlag"], params["timeStamp"] = p.tenant.ID, p.testFlag, wire.Local17(at)
	if a == judge.ActivityAuth {
		params["currentSyncTime"] = wire.Local17(at)
	}
	return kitCall{name: string(a) + " " + scene, act: a, scene: scene, at: at, params: params, apply: apply}
}

// user invents an account that is enabled.
func (p *purchase) user(userName, name, orgCode, role string) JointUser {
	b := catalogue.NewBuyer(p.tenant.ID + userName)
	return JointUser{userName, name, orgCode, role, JointActive, b.MobilePhone, b.Email}
}

// users returns the members of an authSync.
func (p *purchase) users(flag int, users ...JointUser) map[string]any {
	list := make([]wire.User, 0, len(users))
	for _, u := range users {
		list = append(list, wire.User{
			UserName: u.UserName, Name: u.Name, OrgCode: u.OrgCode, Role: u.Role, Enabled: u.State != JointDisabled, Mobile: u.Mobile, Email: u.Email,
		})
	}
	return map[string]any{"appId": p.appID, "userList": wire.UserList(p.family, list), "flag": flag}
}

// departments returns the members of an allOrgSync.
func (p *purchase) departments(departments []JointDepartment) map[string]any {
	list := make([]wire.Department, 0, len(departments))
	for _, d := range departments {
		list = append(list, wire.Department(d))
	}
	member, value := wire.DepartmentList(p.family, list)
	return map[string]any{member: value}
}
