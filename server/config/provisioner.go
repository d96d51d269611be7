// SPDX-License-Identifier: Apache-2.0

package config

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/server/outbound"
	"github.com/koogate/koogate/server/seller"
	"github.com/koogate/koogate/server/work"
)

// The types of provisioner.
const (
	ProvisionerTemplate = seller.ProvisionerTemplate
	ProvisionerWorker   = seller.ProvisionerWorker
	ProvisionerWebhook  = seller.ProvisionerWebhook
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
		case ProvisionerWebhook:
			c.checkHook(f, p.Webhook, at+".webhook")
		case ProvisionerWorker:
		case "":
			f.add(at+".type", msgRequired, strings.Join(seller.ProvisionerTypes(), " / "))
			continue
		default:
			f.add(at+".type", msgChoice, p.Type, strings.Join(seller.ProvisionerTypes(), ", "))
			continue
		}
		if p.Type != ProvisionerTemplate && p.Template != (Template{}) {
			f.add(at+".template", msgTplOther)
		}
		if p.Type != ProvisionerWebhook && p.Webhook.Given() {
			f.add(at+".webhook", msgHookOther)
		}
	}
}

// The bounds of a webhook provisioner.
const (
	maxHookURL                       = 2048 // characters
	minHookTimeout, maxHookTimeout   = time.Second, 30 * time.Second
	minHookAskAgain, maxHookAskAgain = 10 * time.Second, time.Hour
)

// checkHook holds a webhook to what can be seen of it without a call.
func (c *Config) checkHook(f *findings, h Hook, at string) {
	if h.URL == "" {
		f.add(at+".url", msgRequired, "https://crm.example.com/koogate")
	} else {
		c.checkCalled(f, h.URL, at+".url", msgHookURL)
	}
	if h.Timeout != 0 {
		f.between(at+".timeout", h.Timeout, minHookTimeout, maxHookTimeout)
	}
	if h.AskAgain != 0 {
		f.between(at+".ask_again", h.AskAgain, minHookAskAgain, maxHookAskAgain)
	}
	if n := len(h.Secrets); n == 0 {
		f.add(at+".secrets", msgRequired, "`koogate keys new --webhook FILE`, secret_files")
	} else if n > seller.MostHookSecrets {
		f.add(at+".secrets", msgBounds, n, 1, seller.MostHookSecrets)
	}
	for i, s := range h.Secrets {
		path := fmt.Sprintf("%s.secrets[%d]", at, i)
		if _, err := outbound.Key(s.Reveal()); err != nil {
			f.add(path, msgHookSecret)
		} else if slices.Contains(h.Secrets[:i], s) {
			f.add(path, msgKeyTwice)
		}
	}
}

// checkCalled holds an address that is called to what can be seen of it without a call; wrong is what is said of one that is none. Which networks are allowed
// is known of the file alone: where it is not, the call is refused. It returns the address when nothing is wrong with it.
func (c *Config) checkCalled(f *findings, address, at string, wrong text) *url.URL {
	u, err := url.Parse(address)
	if err == nil {
		err = outbound.New(c.Webhooks.Networks(), nil, nil).Check(u)
	}
	switch {
	case errors.Is(err, outbound.ErrForbidden):
		if c.origin != nil { // rows are judged without the networks that the file allows
			f.add(at, msgHookForbidden)
		}
	case err != nil, address != strings.TrimSpace(address), utf8.RuneCountInString(address) > maxHookURL:
		f.add(at, wrong)
	default:
		return u
	}
	return nil
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
