// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/server/seller"
	"github.com/koogate/koogate/server/work"
)

// The types of provisioner.
const (
	ProvisionerTemplate = seller.ProvisionerTemplate
	ProvisionerWorker   = seller.ProvisionerWorker
)

func (c *Config) checkProvisioners(f *findings) {
	if len(c.Provisioners) == 0 {
		f.add("provisioners", msgNone)
	}
	names := make(map[string]bool)
	for i, p := range c.Provisioners {
		at := fmt.Sprintf("provisioners[%d]", i)
		f.name(at+".name", p.Name, names)
		if work.Reserved(p.Name) {
			f.add(at+".name", msgReserved, p.Name)
		}
		switch p.Type {
		case ProvisionerTemplate:
			checkTemplate(f, p.Template, at+".template")
		case ProvisionerWorker:
			if p.Template != (Template{}) {
				f.add(at+".template", msgTplOther)
			}
		case "":
			f.add(at+".type", msgRequired, "template / worker")
		default:
			f.add(at+".type", msgChoice, p.Type, "template, worker")
		}
	}
}

// longest is what a {…} may become: every ID is at most 64 characters.
var longest = strings.NewReplacer("{instance}", long, "{order}", long, "{product}", long, "{sku}", long)

const long = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

// check holds a template to the marketplace's bounds (saas-v2 §5.2) with every placeholder at its longest.
func checkTemplate(f *findings, t Template, at string) {
	address := func(path, pattern string) {
		full := longest.Replace(pattern)
		if !fulfil.WebAddress(full) || utf8.RuneCountInString(full) > 512 || strings.ContainsAny(full, "{}") {
			f.add(path, msgTplURL)
		}
	}
	address(at+".front_end_url", t.FrontEndURL)
	if t.AdminURL != "" {
		address(at+".admin_url", t.AdminURL)
	}
	if utf8.RuneCountInString(longest.Replace(t.UserName)) > 128 {
		f.add(at+".user_name", msgTplLength, 128)
	}
	if utf8.RuneCountInString(longest.Replace(t.Memo)) > 1024 {
		f.add(at+".memo", msgTplLength, 1024)
	}
	if utf8.RuneCountInString(longest.Replace(t.Licence)) > 900 { // the generated text follows it
		f.add(at+".licence", msgTplLength, 900)
	}
}
