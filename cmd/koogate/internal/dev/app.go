// SPDX-License-Identifier: Apache-2.0

package dev

import (
	"context"
	"html/template"
	"net/http"

	"github.com/koogate/koogate/client/login"
)

// demoApp is a vendor's app whose users log in through Koogate: all there is to it.
func demoApp(ctx context.Context, issuer, appID, secret, base string) (http.Handler, error) {
	l, err := login.New(ctx, login.Config{Issuer: issuer, AppID: appID, Secret: secret, CallbackURL: base + "/login/callback"})
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/login/", l)
	mux.Handle("/", l.Require(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; form-action *")
		person, _ := login.From(r.Context())
		_ = demoPage.Execute(w, person) // the browser may be gone
	})))
	return mux, nil
}

var demoPage = template.Must(template.New("").Parse(`<!doctype html>
<html lang="zh"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>示例应用 {{.AppID}}</title>
<style>:root{color-scheme:light dark}body{font:16px/1.6 system-ui,sans-serif;max-width:640px;margin:8vh auto;padding:0 16px}dt{opacity:.7}dd{margin:0 0 8px}code{overflow-wrap:anywhere}</style>
<h1>{{or .Name .UserName}}</h1>
<p>已登录示例应用 {{.AppID}} · logged in to the demo app</p>
<dl><dt>企业 enterprise</dt><dd>{{.Enterprise}} <code>{{.TenantID}}</code></dd>
<dt>账号 account</dt><dd>{{.UserName}} ({{.Role}})</dd>
{{with .Department}}<dt>部门 department</dt><dd>{{range $i, $d := .}}{{if $i}} › {{end}}{{$d}}{{end}}</dd>{{end}}
<dt>实例 instances</dt>{{range .Instances}}<dd><code>{{.ID}}</code> {{.OrderID}}{{if .Frozen}} (冻结 frozen){{end}}</dd>{{end}}
<dt>sub</dt><dd><code>{{.Subject}}</code></dd></dl>
<form method="post" action="/login/logout"><button>退出 log out</button></form>
`))
