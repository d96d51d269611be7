// SPDX-License-Identifier: Apache-2.0

package world_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/koogate/koogate/koogallery/authcentre/world"
)

func TestTheExampleIsSound(t *testing.T) {
	t.Parallel()
	w := world.Example("http://127.0.0.1:9000")
	text, err := json.Marshal(w)
	if err != nil {
		t.Fatal(err)
	}
	again, err := world.Read(text)
	if err != nil {
		t.Fatal(err)
	}
	if back, _ := json.Marshal(again); string(back) != string(text) {
		t.Errorf("%s\nbecame\n%s", text, back)
	}
	names := map[string]int{}
	var disabled, admin, test bool
	for _, tenant := range w.Tenants {
		for _, u := range tenant.Users {
			names[u.UserName]++
			disabled, admin, test = disabled || u.Disabled, admin || u.Role == world.RoleAdmin, test || u.Test
		}
	}
	if len(w.Tenants) != 3 || names["zhangsan01"] != 2 || !disabled || !admin || !test {
		t.Errorf("%v", names)
	}
}

// sound is a small world with a place for what is wrong.
const sound = `{"applications":[{"appId":"a","name":"A","callback":"http://127.0.0.1:9/cb"}],"tenants":[
 {"tenantId":"t","tenantCode":"t","name":"T","departments":[{"code":"1","name":"One"}],
  "applications":[{"appId":"a","clientId":"c","clientSecret":"s","users":["u"]}],"users":[{"userName":"u","name":"U","password":"p","department":"1"}]}]}`

func TestAFaultHasItsPathAndRemedy(t *testing.T) {
	t.Parallel()
	if _, err := world.Read([]byte(sound)); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ from, to, path, remedy string }{
		"unknown member":       {`"name":"A"`, `"name":"A","title":"B"`, "applications[0].title", "one of appId, name, callback"},
		"a number for a text":  {`"name":"A"`, `"name":7`, "applications[0].name", "quotation marks"},
		"no list":              {`"users":["u"]`, `"users":"u"`, "tenants[0].applications[0].users", "a list"},
		"no truth":             {`"password":"p"`, `"password":"p","disabled":"yes"`, "tenants[0].users[0].disabled", "true or false"},
		"no object":            {`"departments":[{"code":"1","name":"One"}]`, `"departments":["1"]`, "tenants[0].departments[0]", "by their names"},
		"no callback":          {`"callback":"http://127.0.0.1:9/cb"`, `"callback":"/cb"`, "applications[0].callback", "http://127.0.0.1:9000/callback"},
		"a fragment":           {`http://127.0.0.1:9/cb`, `http://127.0.0.1:9/cb#x`, "applications[0].callback", "http://127.0.0.1:9000/callback"},
		"no such user":         {`"users":["u"]`, `"users":["v"]`, "tenants[0].applications[0].users[0]", "a userName"},
		"no such application":  {`"appId":"a","clientId"`, `"appId":"b","clientId"`, "tenants[0].applications[0].appId", "under applications"},
		"no such department":   {`"department":"1"`, `"department":"2"`, "tenants[0].users[0].department", "code"},
		"another role":         {`"password":"p"`, `"password":"p","role":"boss"`, "tenants[0].users[0].role", "user, admin"},
		"a setting":            {`"name":"T"`, `"name":"T","settings":{"dialect":"x"}`, "tenants[0].settings.dialect", "oneaccess, orgid"},
		"a callback of one":    {`"clientId":"c"`, `"clientId":"c","callback":"http://127.0.0.1:9/other"`, "tenants[0].applications[0].callback", "independent"},
		"no password":          {`"password":"p"`, `"password":""`, "tenants[0].users[0].password", "write it"},
		"a code in addresses":  {`"tenantCode":"t"`, `"tenantCode":"a/b"`, "tenants[0].tenantCode", "letters, digits and dashes"},
		"no domain":            {`"name":"T"`, `"name":"T","domain":"t1.example.com"`, "tenants[0].domain", "scheme and host"},
		"released":             {`"users":["u"]`, `"users":["u"],"released":["shoe size"]`, "tenants[0].applications[0].released[0]", "mobile, email"},
		"control characters":   {`"name":"T"`, `"name":"T\u0007"`, "tenants[0].name", "take them away"},
		"a long id":            {`"tenantId":"t"`, `"tenantId":"` + strings.Repeat("t", 65) + `"`, "tenants[0].tenantId", "at most 64"},
		"the same person":      {`"users":[{`, `"users":[{"userName":"u","name":"U","password":"p"},{`, "tenants[0].users[1].userName", "another one"},
		"not JSON":             {`{"applications"`, `{applications`, "", "an object"},
		"something behind":     {sound, sound + "{}", "", "take it away"},
		"no tenants, no world": {sound, `{}`, "applications", "1 to 50"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			text := strings.Replace(sound, c.from, c.to, 1)
			if text == sound {
				t.Fatal("nothing is wrong with it")
			}
			_, err := world.Read([]byte(text))
			var fault world.Fault
			if !errors.As(err, &fault) || fault.Path != c.path || !strings.Contains(fault.Remedy, c.remedy) {
				t.Errorf("%v", err)
			}
		})
	}
	if _, err := world.Read(make([]byte, world.MaxText+1)); err == nil || !strings.Contains(err.Error(), "too long") {
		t.Errorf("%v", err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(sound))
	f.Add([]byte(`{"tenants":[{"users":[null,{"userName":null}]}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		w, err := world.Read(text)
		if err != nil {
			return
		}
		again, err := json.Marshal(w)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := world.Read(again); err != nil {
			t.Errorf("%s: %v", again, err)
		}
	})
}
