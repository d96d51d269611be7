// SPDX-License-Identifier: Apache-2.0

package simtest

import (
	"crypto/rsa"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/koogate/koogate/koogallery/seal"
	"github.com/koogate/koogate/koogallery/simulator/rehearsal"
)

// Directory holds rows by kind and name, each with the time of the newest call
// about it: a second opinion on what a joint purchase leads to.
type Directory map[string]row

type row struct {
	at    string
	value string
}

// merge takes a Kit call. The partner's lock guards the directory.
func (d Directory) merge(p *Partner, h map[string]string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.Debug {
		return
	}
	if h["instanceId"] == "" {
		if h["testFlag"] != "1" || h["orderId"] != "" {
			p.t.Errorf("no instance id: %v", h)
		}
		return
	}
	if h["testFlag"] != "0" || len(h["timeStamp"]) != 17 {
		p.t.Errorf("testFlag %s, timeStamp %s", h["testFlag"], h["timeStamp"])
	}
	set := func(name, value string) {
		if r := d[name]; h["timeStamp"] > r.at && h["timeStamp"] > d["tombstone"].at {
			d[name] = row{h["timeStamp"], value}
		}
	}
	switch h["activity"] + " " + h["flag"] {
	case "tenantSync 1":
		set("tenant", strings.Join([]string{h["tenantId"], h["orderId"], h["tenantCode"], h["name"], h["domainName"]}, "|"))
	case "tenantSync 0":
		for name, r := range d {
			if r.at <= h["timeStamp"] {
				delete(d, name)
			}
		}
		d["tombstone"] = row{at: h["timeStamp"]}
	case "applicationSync 1":
		secret, err := seal.DecryptSecret([]*rsa.PrivateKey{CredentialKey()}, h["clientSecret"])
		if err != nil {
			p.t.Errorf("clientSecret: %v", err)
		}
		set("application", h["appId"]+"|"+h["clientId"]+"|"+secret)
	case "authSync 1", "authSync 2":
		for _, u := range p.list(h["userList"]) {
			set("user "+u["userName"].(string), fmt.Sprint(u["name"], "|", u["orgCode"], "|", u["role"], "|", u["enable"], "|", u["mobile"], "|", u["email"]))
		}
	case "singleOrgSync 1":
		set("department "+h["orgCode"], h["orgName"]+"|"+h["parentCode"])
	case "allOrgSync ":
		for _, o := range p.list(h["orgInfo"] + h["orgInfoList"]) {
			name, _ := o["name"].(string)
			if name == "" {
				name, _ = o["orgName"].(string)
			}
			set("department "+o["orgCode"].(string), fmt.Sprint(name, "|", o["parentCode"]))
		}
	default:
		p.t.Errorf("unexpected call %v", h)
	}
}

func (p *Partner) list(text string) []map[string]any {
	var list []map[string]any
	if err := json.Unmarshal([]byte(text), &list); err != nil || len(list) == 0 {
		p.t.Errorf("list %q: %v", text, err)
	}
	return list
}

// Compare holds the directory against what a step says.
func (p *Partner) Compare(step rehearsal.JointStep) error {
	want := map[string]string{}
	if t := step.Tenant; t != nil {
		want["tenant"] = strings.Join([]string{t.ID, t.OrderID, t.Code, t.Name, t.DomainName}, "|")
	}
	if step.ClientID != "" {
		want["application"] = step.AppID + "|" + step.ClientID + "|" + step.ClientSecret
	}
	for _, d := range step.Departments {
		want["department "+d.Code] = d.Name + "|" + d.ParentCode
	}
	for _, u := range step.Users {
		enable := strconv.FormatBool(u.State == rehearsal.JointActive)
		want["user "+u.UserName] = strings.Join([]string{u.Name, u.OrgCode, u.Role, enable, u.Mobile, u.Email}, "|")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for name, r := range p.Directory {
		if name != "tombstone" && want[name] != r.value {
			return fmt.Errorf("%s is %q, want %q", name, r.value, want[name])
		}
		delete(want, name)
	}
	if len(want) > 0 {
		return fmt.Errorf("missing: %v", want)
	}
	return nil
}

// ForgetAges forgets how old the rows of the directory are.
func (p *Partner) ForgetAges() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for name, r := range p.Directory {
		r.at = ""
		p.Directory[name] = r
	}
}
