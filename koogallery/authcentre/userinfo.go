// SPDX-License-Identifier: Apache-2.0

package authcentre

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"github.com/koogate/koogate/koogallery/authcentre/conduct"
	"github.com/koogate/koogate/koogallery/authcentre/world"
)

// person is what userinfo says (kit §B.6). Which members are there is a setting.
type person struct {
	ID               string `json:"id,omitempty"`
	UserName         string `json:"userName,omitempty"`
	Name             string `json:"name,omitempty"`
	Mobile           string `json:"mobile,omitempty"`
	Email            string `json:"email,omitempty"`
	Role             string `json:"role,omitempty"`
	OrganizationName string `json:"organizationName,omitempty"`
	OrganizationCode string `json:"organizationCode,omitempty"`
	UserID           string `json:"userId,omitempty"`
	ProjectName      string `json:"projectName,omitempty"`
	Tenant           string `json:"tenant,omitempty"`
	AccName          string `json:"accName,omitempty"`
	LoginName        string `json:"loginName,omitempty"`
}

// member is what OrgID's userinfo says (kit §B.9).
type member struct {
	TenantName   string `json:"tenant_name"`
	Tenant       string `json:"tenant"`
	Name         string `json:"name"`
	Mobile       string `json:"mobile,omitempty"`
	UserName     string `json:"user_name"`
	UserID       string `json:"user_id"`
	EmployeeCode string `json:"employee_code,omitempty"`
	Role         string `json:"role"`
}

// userinfo says whose a token is.
func userinfo(c *Centre, q *call) answer {
	if q.query.Has("access_token") {
		c.broke(q, conduct.SecretQuery, "userinfo 的地址里有 access_token", "the address at the userinfo call holds access_token")
	}
	header := q.r.Header.Get("Authorization")
	if q.t.Settings.Dialect == world.OrgID { // the table has the first, the printed call the second
		header = cmp.Or(q.r.Header.Get("X-OrgID-Authorization"), header)
	}
	refuse := func() answer { return q.fail(http.StatusUnauthorized, "unauthorized", fullAuthentication) }
	scheme, text, ok := strings.Cut(header, " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") || strings.TrimSpace(text) == "" {
		seenZH, seenEN := "请求头没有令牌", "no header has a token"
		if header != "" {
			seenZH, seenEN = "请求头不是 Bearer 形式", "the header is no Bearer"
		}
		c.broke(q, conduct.UserinfoBearer, seenZH, seenEN)
		return refuse()
	}
	g, ok := c.access.get(strings.TrimSpace(text))
	if ok {
		q.of(g)
	}
	switch {
	case !ok:
		c.broke(q, conduct.UserinfoUnknown, "没有发放过这个 access_token", "no such access_token was given")
		return refuse()
	case g.tenantID != q.t.TenantID:
		c.broke(q, conduct.UserinfoOfOther, "access_token 是租户 %s 发放的", "the access_token was given by tenant %s", c.tenantName(g.tenantID))
		return refuse()
	case !q.now.Before(g.expires):
		q.then = c.stateOf(g.login)
		c.broke(q, conduct.UserinfoExpired, "晚了 %v", "late by %v", q.now.Sub(g.expires))
		return refuse()
	case !c.may(g.tenantID, g.userName, g.appID):
		q.step.Said = "the user is disabled or not authorised any more"
		return refuse()
	}
	q.then = conduct.Complete
	if c.stateOf(g.login) == conduct.Ended {
		q.then = "" // it stays so
	}
	q.step.Said = "the user"
	if q.t.Settings.Dialect == world.OrgID {
		return object(http.StatusOK, orgMember(q.t, g))
	}
	return object(http.StatusOK, personOf(q, g))
}

// personOf is a user in the tenant's form.
func personOf(q *call, g *grant) person {
	u, b := user(q.t, g.userName), binding(q.t, byApp(g.appID))
	p := person{ID: userID(q.t, u), UserName: u.UserName, Name: u.Name}
	if slices.Contains(b.Released, "mobile") {
		p.Mobile = u.Mobile
	}
	if slices.Contains(b.Released, "email") {
		p.Email = u.Email
	}
	role := cmp.Or(u.Role, world.RoleUser)
	switch {
	case q.effect.plain || q.t.Settings.Userinfo == world.Plain:
		return p
	case q.t.Settings.Userinfo == world.Brief:
		return person{UserName: u.UserName, Name: u.Name, Tenant: q.t.TenantID, OrganizationCode: u.Department, Role: role}
	}
	p.Role, p.OrganizationCode, p.OrganizationName = role, u.Department, departmentName(q.t, u.Department)
	p.UserID, p.ProjectName, p.Tenant = p.ID, q.t.Name, q.t.TenantID
	p.AccName, p.LoginName = u.UserName, u.UserName
	return p
}

func orgMember(t *world.Tenant, g *grant) member {
	u, b := user(t, g.userName), binding(t, byApp(g.appID))
	m := member{TenantName: t.Name, Tenant: t.TenantCode, Name: u.Name, UserName: u.UserName, UserID: userID(t, u), Role: cmp.Or(u.Role, world.RoleUser)}
	if slices.Contains(b.Released, "mobile") {
		m.Mobile = u.Mobile
	}
	return m
}

// userID is the centre's own id of a user.
func userID(t *world.Tenant, u *world.User) string {
	return digest(t.TenantID + "\n" + u.UserName)[:32]
}

func departmentName(t *world.Tenant, code string) string {
	for _, d := range t.Departments {
		if d.Code == code {
			return d.Name
		}
	}
	return ""
}

// logout ends the browser's session at the centre (kit §B.7).
func logout(c *Centre, q *call) answer {
	name := "redirect_url"
	if q.t.Settings.Dialect == world.OrgID {
		name = "service" // /oauth/logout?service= (kit §B.9)
	}
	if q.query.Has("redirect_uri") {
		c.broke(q, conduct.LogoutParameter, "参数是 redirect_uri", "the parameter is redirect_uri")
	}
	return c.leave(q, q.query.Get(name), name)
}

// leave ends the session and leads on.
func (c *Centre) leave(q *call, to, name string) answer {
	if s := c.session(q); s != nil {
		q.step.UserName = s.userName
		for _, login := range s.logins {
			c.journal.Settle(login, conduct.Ended)
		}
		if len(s.logins) > 0 {
			q.step.Login = s.logins[len(s.logins)-1]
		}
		c.sessions.drop(q.cookie(sessionCookie(q.t)))
	}
	gone := newCookie(q.r, sessionCookie(q.t), "", -1)
	a := redirect(tenantPath(q.t, "login"))
	switch {
	case to == "":
	case !absolute(to):
		c.broke(q, conduct.LogoutParameter, "%s 不是绝对地址", "%s is no absolute address", name)
		a = c.errorPage(q, http.StatusBadRequest, "errLogout")
	default:
		a = redirect(to)
	}
	a.cookies = append(a.cookies, gone)
	return a
}
