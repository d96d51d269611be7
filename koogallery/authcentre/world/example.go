// SPDX-License-Identifier: Apache-2.0

package world

// Example is a world of three tenants with an OAuth and a CAS application. Its callbacks begin with callback, such as
// http://127.0.0.1:9000. zhangsan01 is a user of two tenants, with one password in both; lisi02 is disabled, wangwu03 is not
// authorised, and zhaoliu04 is an administrator. The second tenant has released telephone numbers and mail addresses.
func Example(callback string) *World {
	const app, cas = "demo-crm", "demo-cas"
	departments := []Department{{Code: "10000", Name: "总部"}, {Code: "10001", Name: "研发部", Parent: "10000"}}
	users := func() []User {
		return []User{
			{UserName: "zhangsan01", Name: "张三", Department: "10001", Password: "Demo-1234"},
			{UserName: "lisi02", Name: "李四", Department: "10001", Password: "Demo-1234", Disabled: true},
			{UserName: "wangwu03", Name: "王五", Department: "10000", Password: "Demo-1234"},
			{UserName: "zhaoliu04", Name: "赵六", Role: RoleAdmin, Department: "10000", Password: "Demo-1234"},
		}
	}
	authorised := []string{"zhangsan01", "lisi02", "zhaoliu04"}
	w := &World{Applications: []Application{
		{AppID: app, Name: "示例 CRM", Callback: callback + "/callback"},
		{AppID: cas, Name: "示例 CAS 应用", Callback: callback + "/cas", Protocol: CAS},
	}}
	for _, t := range []struct{ id, code, name string }{
		{"68cbc86a0000000000000000000000a1", "acme", "甲方制造"},
		{"68cbc86a0000000000000000000000b2", "bright", "明亮照明"},
		{"68cbc86a0000000000000000000000c3", "crane", "鹤翔物流"},
	} {
		w.Tenants = append(w.Tenants, Tenant{
			TenantID: t.id, TenantCode: t.code, Name: t.name, Departments: departments,
			Applications: []Binding{
				{AppID: app, ClientID: "client-" + t.code + "-crm", ClientSecret: "secret-of-" + t.code + "-crm-0123456789", Users: authorised, InstanceID: "instance-" + t.code + "-crm", OrderID: "CS26010100000" + t.code},
				{AppID: cas, ClientID: "client-" + t.code + "-cas", ClientSecret: "secret-of-" + t.code + "-cas-0123456789", Users: authorised, InstanceID: "instance-" + t.code + "-cas", OrderID: "CS26010200000" + t.code},
			},
			Users: users(),
		})
	}
	second, third := &w.Tenants[1], &w.Tenants[2]
	for i := range second.Applications {
		second.Applications[i].Released = []string{"mobile", "email"}
	}
	second.Users[0].Mobile, second.Users[0].Email = "13800000001", "zhangsan01@bright.example"
	third.Users[0].UserName, third.Users[0].Name = "sunqi05", "孙七" // zhangsan01 is known in two tenants only
	third.Users = append(third.Users, User{UserName: "test-demo-crm", Name: "测试账号", Password: "Test-1234", Test: true})
	for i := range third.Applications {
		third.Applications[i].Users = []string{"sunqi05", "lisi02", "zhaoliu04", "test-demo-crm"}
	}
	return w.Clone()
}
