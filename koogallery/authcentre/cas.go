// SPDX-License-Identifier: Apache-2.0

package authcentre

import (
	"bytes"
	"cmp"
	"encoding/xml"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/koogate/koogate/koogallery/authcentre/conduct"
	"github.com/koogate/koogate/koogallery/authcentre/world"
)

// casLogin is the login address of CAS (kit §B.8, second reading C22).
func casLogin(c *Centre, q *call) answer {
	service := q.query.Get("service")
	started, byTile := c.launches.take(q.query.Get("launch"))
	byTile = byTile && started.tenantID == q.t.TenantID
	by := conduct.ByApplication
	if byTile {
		by = conduct.ByWorkbench
	}
	b := binding(q.t, func(b world.Binding) bool {
		app, _ := c.world.App(b.AppID)
		return app.Protocol == world.CAS && c.callback(&b) == service
	})
	if b != nil {
		q.step.AppID = b.AppID
	}
	q.step.Login = c.journal.Begin(q.now, by, q.t.TenantID, q.step.AppID)
	if b == nil {
		c.broke(q, conduct.TicketService, "登录的 service 是 %q，不是任何 CAS 应用登记的回调地址", "service at the login is %q, which no CAS application has as its callback", clip(service))
		return c.errorPage(q, http.StatusForbidden, "errService")
	}
	when := q.t.Settings.AuthorizeTenant
	return c.resume(q, &pending{
		tenantID: q.t.TenantID, login: q.step.Login, appID: b.AppID, service: service,
		tenant: when == world.Always || byTile && when != world.Never,
	})
}

// casLogout is the logout address of CAS.
func casLogout(c *Centre, q *call) answer { return c.leave(q, q.query.Get("service"), "service") }

// casFailure is why a ticket is not taken: one of CAS's codes.
type casFailure struct{ code, description string }

// validate returns the handler of one version of the protocol.
func validate(version int) handler {
	return func(c *Centre, q *call) answer {
		g, failed := c.checked(q)
		if failed != nil {
			q.step.Error, q.step.Said = failed.code, "ticket "+short(q.query.Get("ticket"))
			if q.then == "" && q.step.Login != 0 {
				q.then = conduct.Refused
			}
		} else {
			q.then, q.step.Said = conduct.Complete, "the user"
		}
		switch {
		case version == 1 && failed != nil:
			return answer{status: http.StatusOK, kind: textKind, body: []byte("no\n\n")}
		case version == 1:
			return answer{status: http.StatusOK, kind: textKind, body: []byte("yes\n" + g.userName + "\n")}
		case strings.EqualFold(q.query.Get("format"), "XML"):
			return casXML(q, version, g, failed)
		default:
			return casJSON(q, version, g, failed)
		}
	}
}

// checked takes a ticket.
func (c *Centre) checked(q *call) (*grant, *casFailure) {
	ticket, service := q.query.Get("ticket"), q.query.Get("service")
	g, ok := c.codes.get(ticket)
	if ok = ok && g.ticket; ok {
		q.of(g)
	}
	if q.effect.ticket != "" {
		return nil, &casFailure{q.effect.ticket, "A fault was wanted"}
	}
	if format := q.query.Get("format"); ticket == "" || service == "" || format != "" && !strings.EqualFold(format, "XML") && !strings.EqualFold(format, "JSON") {
		c.broke(q, conduct.TicketParameters, "缺少 service 或 ticket，或 format 是别的值", "service or ticket is missing, or format is something else")
		return nil, &casFailure{"INVALID_REQUEST", "'service' and 'ticket' parameters are both required"}
	}
	unknown := &casFailure{"INVALID_TICKET", "Ticket " + clip(ticket) + " not recognized"}
	switch {
	case !ok:
		c.broke(q, conduct.TicketUnknown, "没有发放过这个 ticket", "no such ticket was given")
		return nil, unknown
	case g.tenantID != q.t.TenantID:
		c.broke(q, conduct.TicketOfOther, "ticket 是租户 %s 发放的", "the ticket was given by tenant %s", c.tenantName(g.tenantID))
		return nil, unknown
	case g.spent:
		q.then = c.stateOf(g.login)
		c.broke(q, conduct.TicketTwice, "ticket 已经校验过", "the ticket was validated before")
		return nil, unknown
	}
	g.spent = true
	switch {
	case !q.now.Before(g.expires):
		c.broke(q, conduct.TicketLate, "晚了 %v", "late by %v", q.now.Sub(g.expires))
		return nil, unknown
	case service != g.service:
		c.broke(q, conduct.TicketService, "校验的 service 是 %q，登记的是 %q", "service at the validation is %q, registered is %q", clip(service), g.service)
		return nil, &casFailure{"INVALID_SERVICE", "The supplied service does not match the ticket"}
	case !c.may(g.tenantID, g.userName, g.appID):
		return nil, unknown
	}
	return g, nil
}

// attribute is one thing that is said of a user.
type attribute struct{ name, value string }

// attributes are what the marketplace's example has (kit §B.8), or OrgID's page.
func attributes(q *call, g *grant) []attribute {
	u := user(q.t, g.userName)
	if q.t.Settings.Dialect == world.OrgID {
		return []attribute{{"token", ""}, {"logo", ""}, {"displayName", u.Name}, {"uid", userID(q.t, u)}}
	}
	fresh := q.now.Sub(g.begun) < time.Minute
	return []attribute{
		{"authenticationDate", g.begun.UTC().Format("2006-01-02T15:04:05.000Z")}, {"longTermAuthenticationRequestTokenUsed", "false"}, {"isFromNewLogin", fmt.Sprint(fresh)},
		{"role", cmp.Or(u.Role, world.RoleUser)}, {"organizationCode", u.Department}, {"userName", u.UserName}, {"name", u.Name}, {"tenant", q.t.TenantID},
	}
}

// casXML is the answer as XML. Attributes are version 3's.
func casXML(q *call, version int, g *grant, failed *casFailure) answer {
	var b bytes.Buffer
	escape := func(text string) string {
		var e bytes.Buffer
		_ = xml.EscapeText(&e, []byte(text)) // a buffer takes all
		return e.String()
	}
	b.WriteString("<cas:serviceResponse xmlns:cas=\"http://www.yale.edu/tp/cas\">\n")
	if failed != nil {
		fmt.Fprintf(&b, "  <cas:authenticationFailure code=\"%s\">%s</cas:authenticationFailure>\n", escape(failed.code), escape(failed.description))
	} else {
		fmt.Fprintf(&b, "  <cas:authenticationSuccess>\n    <cas:user>%s</cas:user>\n", escape(g.userName))
		if version == 3 {
			b.WriteString("    <cas:attributes>\n")
			for _, a := range attributes(q, g) {
				fmt.Fprintf(&b, "      <cas:%s>%s</cas:%s>\n", a.name, escape(a.value), a.name)
			}
			b.WriteString("    </cas:attributes>\n")
		}
		b.WriteString("  </cas:authenticationSuccess>\n")
	}
	b.WriteString("</cas:serviceResponse>\n")
	return answer{status: http.StatusOK, kind: xmlKind, body: b.Bytes()}
}

// casJSON is the answer as JSON.
func casJSON(q *call, version int, g *grant, failed *casFailure) answer {
	response := map[string]any{}
	if failed != nil {
		response["authenticationFailure"] = map[string]string{"code": failed.code, "description": failed.description}
	} else {
		success := map[string]any{"user": g.userName}
		if version == 3 {
			all := map[string]any{}
			for _, a := range attributes(q, g) {
				all[a.name] = a.value
				if q.t.Settings.CASLists {
					all[a.name] = []string{a.value}
				}
			}
			success["attributes"] = all
		}
		response["authenticationSuccess"] = success
	}
	return object(http.StatusOK, map[string]any{"serviceResponse": response})
}
