// SPDX-License-Identifier: Apache-2.0

package dev

import (
	"cmp"
	"context"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/koogate/koogate/koogallery/authcentre"
	"github.com/koogate/koogate/koogallery/authcentre/delivery"
	"github.com/koogate/koogate/koogallery/authcentre/world"
	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/simulator/catalogue"
	calls "github.com/koogate/koogate/koogallery/simulator/wire"
	"github.com/koogate/koogate/server/clock"
)

// logins are the login of joint products: an authentication centre, enterprises that have bought, and an app for each protocol.
type logins struct {
	c      *Command
	world  *world.World
	centre *authcentre.Centre
	server *authcentre.Server
	app    net.Listener
	pages  http.ServeMux // of the apps, by the host that they are opened under
}

// rowOfLogin is the kind of an application's row.
func rowOfLogin(p world.Protocol) string { return "login, " + string(cmp.Or(p, world.OAuth)) }

// newLogins starts the centre and takes the apps' address. Koogate is told of the centre by its configuration.
func (c *Command) newLogins(ctx context.Context) (l *logins, err error) {
	l = &logins{c: c, world: world.Example("http://" + c.Login)}
	for i := range l.world.Applications {
		a := &l.world.Applications[i]
		a.Callback = "http://" + c.Login + "/callback/" + a.AppID
	}
	if l.centre, err = authcentre.New(authcentre.Config{World: l.world, Clock: clock.System{}}); err != nil {
		return nil, err
	}
	if l.server, err = l.centre.Start(ctx, authcentre.Options{Addrs: []string{c.Centre}}); err != nil {
		return nil, fmt.Errorf("authentication centre: %w; choose another --centre", err)
	}
	if l.app, err = (&net.ListenConfig{}).Listen(ctx, "tcp", c.App); err != nil {
		return nil, errors.Join(fmt.Errorf("demo app: %w; choose another --app", err), l.server.Stop(0))
	}
	return l, nil
}

func (l *logins) close() {
	_ = l.app.Close() // perhaps its server has closed it
	_ = l.server.Stop(time.Second)
}

// serve serves the apps until ctx ends.
func (l *logins) serve(ctx context.Context) error {
	srv := &http.Server{Handler: &l.pages, ReadHeaderTimeout: 5 * time.Second}
	stop := context.AfterFunc(ctx, func() { _ = srv.Close() })
	defer stop()
	if err := srv.Serve(l.app); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// address is where an application is opened. Browsers keep cookies by host and not by port, so each has a host of its own.
func (l *logins) address(p world.Protocol) string {
	_, port, _ := net.SplitHostPort(l.app.Addr().String())
	if p == world.CAS {
		return "http://localhost:" + port
	}
	return "http://127.0.0.1:" + port
}

// drive sells each application to each enterprise, tells Koogate of its people by the Kit's calls, and logs one of them in.
func (l *logins) drive(ctx context.Context, m *markets, kit *rsa.PublicKey, t *table) error {
	orders := make(map[string]row) // the first order of each application
	for i := range l.world.Tenants {
		for j := range l.world.Tenants[i].Applications {
			b := &l.world.Tenants[i].Applications[j]
			o, err := m.demo.PlaceIn(judge.FamilySaasV2, catalogue.Kinds()[0])
			if err == nil {
				o, err = m.demo.Open(ctx, o.ID)
			}
			if err != nil {
				return err
			}
			b.InstanceID, b.OrderID = o.InstanceID, o.ID
			if _, ok := orders[b.AppID]; !ok {
				orders[b.AppID] = row{order: o.ID, instance: o.InstanceID, seller: demoSeller}
			}
		}
	}
	if err := l.deliver(ctx, kit); err != nil {
		return err
	}
	for _, a := range l.world.Applications {
		r := orders[a.AppID]
		r.kind = rowOfLogin(a.Protocol)
		began := clock.System{}.Now()
		if err := l.join(ctx, a); err != nil {
			r.err = err.Error()
		} else if err := l.logIn(ctx, a); err != nil {
			r.err = err.Error()
		}
		r.steps, r.took = 4, clock.System{}.Now().Sub(began)
		t.add(r)
	}
	return nil
}

// deliver makes the Kit's calls. They name the instances, which the centre that listens has begun without.
func (l *logins) deliver(ctx context.Context, kit *rsa.PublicKey) error {
	sold, err := authcentre.New(authcentre.Config{World: l.world, Clock: clock.System{}})
	if err != nil {
		return err
	}
	domains := make(map[string]string)
	for _, t := range l.world.Tenants {
		domains[t.TenantID] = l.centre.Domain(t.TenantID)
	}
	sold.SetDomains(l.centre.PortalURL(), domains)
	caller, err := calls.New(calls.Config{FacadeURL: "http://" + l.c.Facade + "/produce/demo", AccessKey: demoKitKey, Clock: clock.System{}, NewID: uuid.NewString})
	if err != nil {
		return err
	}
	defer caller.Close()
	return delivery.Deliver(ctx, sold, delivery.Config{Caller: caller, Family: judge.FamilyKitV2, PublicKey: kit})
}

// join registers an application as a vendor would, and starts its app.
func (l *logins) join(ctx context.Context, a world.Application) error {
	base := l.address(a.Protocol)
	protocol := "LOGIN_PROTOCOL_OAUTH2"
	if a.Protocol == world.CAS {
		protocol = "LOGIN_PROTOCOL_CAS"
	}
	var made struct{ Secret string }
	api := internalAPI("http://" + l.c.API)
	create := map[string]any{"loginApplication": map[string]any{
		"appId": a.AppID, "name": a.Name, "protocol": protocol, "redirectUris": []string{base + "/login/callback"}, "postLogoutUris": []string{base + "/"},
		"initiateUri": base + "/login/initiate", "backChannelUri": base + "/login/back-channel", "logoutUpstream": true,
	}, "reason": "koogate dev"}
	err := api.call(ctx, http.MethodPost, "/v1/loginApplications", create, &made)
	var no *refused
	if errors.As(err, &no) && no.reason == "STATE_CONFLICT" { // --data: an earlier run has registered it, and its secret is gone
		if err = api.call(ctx, http.MethodDelete, "/v1/loginApplications/"+url.PathEscape(a.AppID)+"?reason=koogate+dev", nil, nil); err == nil {
			err = api.call(ctx, http.MethodPost, "/v1/loginApplications", create, &made)
		}
	}
	if err != nil {
		return err
	}
	h, err := demoApp(ctx, "http://"+l.c.Login, a.AppID, made.Secret, base)
	if err != nil {
		return err
	}
	u, err := url.Parse(base)
	if err != nil {
		return err
	}
	l.pages.Handle(u.Hostname()+"/", h)
	return nil
}

// person is somebody who may use all applications of the made-up world.
func (l *logins) person() (tenant *world.Tenant, u *world.User) {
	for i := range l.world.Tenants {
		tenant = &l.world.Tenants[i]
		for j := range tenant.Users {
			u = &tenant.Users[j]
			if !u.Disabled && !slices.ContainsFunc(tenant.Applications, func(b world.Binding) bool { return !slices.Contains(b.Users, u.UserName) }) && l.only(u.UserName) {
				return tenant, u
			}
		}
	}
	return nil, nil
}

// workbench is where a tenant's people click on tiles.
func (l *logins) workbench(tenantID string) string {
	for _, t := range l.centre.Describe().Tenants {
		if t.TenantID == tenantID {
			return t.Workbench
		}
	}
	return ""
}

// only says whether an account is one of one enterprise alone, so that nobody asks which.
func (l *logins) only(userName string) bool {
	n := 0
	for _, t := range l.world.Tenants {
		if slices.ContainsFunc(t.Users, func(u world.User) bool { return u.UserName == userName }) {
			n++
		}
	}
	return n == 1
}

// logIn does what a person does in a browser, but for the script of the login page: opens the app, logs in, and looks who it takes one for.
func (l *logins) logIn(ctx context.Context, a world.Application) error {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return err
	}
	browser := &http.Client{Jar: jar, Timeout: 20 * time.Second}
	defer browser.CloseIdleConnections()
	tenant, u := l.person()
	page := func(method, address string, form url.Values) (string, *url.URL, error) {
		q, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(form.Encode()))
		if err != nil {
			return "", nil, err
		}
		if form != nil {
			q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		res, err := browser.Do(q)
		if err != nil {
			return "", nil, err
		}
		defer res.Body.Close()
		text, err := io.ReadAll(io.LimitReader(res.Body, 1<<20))
		return string(text), res.Request.URL, err
	}
	_, at, err := page(http.MethodGet, l.address(a.Protocol)+"/", nil)
	if err != nil {
		return err
	}
	if !strings.HasPrefix(at.String(), l.centre.PortalURL()) {
		return fmt.Errorf("the browser is at %s%s and not at the login page", at.Host, at.Path)
	}
	text, at, err := page(http.MethodPost, l.centre.PortalURL()+"/unified-login/portal-login",
		url.Values{"ind": {"UNOP"}, "appId": {a.AppID}, "account": {u.UserName}, "password": {u.Password}})
	switch {
	case err != nil:
		return err
	case !strings.HasPrefix(at.String(), l.address(a.Protocol)):
		return fmt.Errorf("the browser is at %s%s and not at the app", at.Host, at.Path)
	case !strings.Contains(text, u.Name) || !strings.Contains(text, tenant.Name):
		return errors.New("the app shows somebody else")
	}
	return nil
}
