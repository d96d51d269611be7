// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"
	"slices"
	"time"
)

// The retry profiles: how long the marketplace repeats a failing creation.
const (
	RetrySaas          = "saas"           // 3 h (saas-v2 §8.1, saas-v1 §1)
	RetryLicenseOnline = "license_online" // 2 h (saas-v1 §6)
)

// The choices of an endpoint's keys; the first is the default.
const (
	EncryptAES256 = "aes256"
	EncryptAES128 = "aes128"

	ZoneBeijing = "beijing"
	ZoneUTC     = "utc"

	FreezeCall   = "call"
	FreezeExpiry = "expiry"

	MissingKeep   = "keep"
	MissingDelete = "delete"

	FingerprintOptional = "optional"
	FingerprintRequired = "required"
)

// The further choices of an endpoint's keys.
const (
	Refuse = "refuse" // check_policy and check_reduction
	Allow  = "allow"

	PendingProcessing = "processing"
	PendingOmit       = "omit"

	UnknownOmit   = "omit"
	UnknownRefuse = "refuse"

	TextUnicode = "unicode"
	TextASCII   = "ascii"

	CodesAdopt  = "adopt"
	CodesRefuse = "refuse"

	AnswerAccept     = "accept"
	AnswerCompletion = "completion"

	CreateDebug  = "debug"
	CreateOff    = "off"
	CreateAlways = "always"

	ProductInfoAny    = "any"
	ProductInfoObject = "object"

	InstancesRefuse = "refuse"
	InstancesAdopt  = "adopt"

	RouteOwn     = "own"
	RouteForward = "forward"
	RouteShadow  = "shadow"

	InstanceDerived  = "derived"
	InstanceBusiness = "business"
)

// Bounds of durations.
const (
	minSkew, maxSkew = time.Second, 10 * time.Minute
	maxSyncBudget    = 4500 * time.Millisecond // the marketplace gives up after 5 s (saas-v2 §1)
	minCheckBudget   = 100 * time.Millisecond
	minHold, maxHold = time.Second, 18 * time.Second
)

func (c *Config) checkEndpoints(f *findings) {
	if len(c.Endpoints) == 0 {
		f.add("endpoints", msgNone)
	}
	names := make(map[string]bool)
	for i, e := range c.Endpoints {
		at := fmt.Sprintf("endpoints[%d]", i)
		f.name(at+".name", e.Name, names)
		if !slices.ContainsFunc(c.Sellers, func(s Seller) bool { return s.Name == e.Seller }) && f.names("sellers") {
			f.add(at+".seller", msgNoSeller, e.Seller)
		}
		if len(e.Keys) == 0 {
			f.add(at+".keys", msgNone)
		}
		f.ring(at+".keys", e.Keys)
		checkFamilies(f, &e, at)
		if e.Skew != 0 {
			f.between(at+".skew", e.Skew, minSkew, maxSkew)
		}
		if e.CheckBudget != 0 {
			f.between(at+".check_budget", e.CheckBudget, minCheckBudget, maxSyncBudget)
		}
		f.choice(at+".check_policy", e.CheckPolicy, Refuse, Allow)
		f.choice(at+".check_reduction", e.CheckReduction, Refuse, Allow)
		f.choice(at+".create_app_info", e.CreateAppInfo, CreateDebug, CreateOff, CreateAlways)
		f.choice(at+".product_info", e.ProductInfo, ProductInfoAny, ProductInfoObject)
		f.choice(at+".instance_id", e.InstanceID, InstanceDerived, InstanceBusiness)
		f.choice(at+".pending", e.Pending, PendingProcessing, PendingOmit)
		f.choice(at+".answer_text", e.AnswerText, TextUnicode, TextASCII)
		f.choice(at+".unknown", e.Unknown, UnknownOmit, UnknownRefuse)
		f.choice(at+".unknown_instances", e.UnknownInstances, InstancesRefuse, InstancesAdopt)
		if e.UnknownInstances == InstancesAdopt && !oneToAsk(e) {
			f.add(at+".unknown_instances", msgNobodyToAsk)
		}
		f.choice(at+".route", e.Route, RouteOwn, RouteForward, RouteShadow)
		if e.OldURL == "" && Away(e.Route) {
			f.add(at+".route", msgNoOldURL)
		}
		if e.OldURL != "" {
			if u := c.checkCalled(f, e.OldURL, at+".old_url", msgOldURL); u != nil && (u.RawQuery != "" || u.ForceQuery) {
				f.add(at+".old_url", msgOldURL)
			}
		}
		c.checkProducts(f, at+".products", e)
	}
}

// oneToAsk says whether an endpoint has a provisioner for calls that name no product, as most calls about an instance.
func oneToAsk(e Endpoint) bool {
	if _, rest := e.Products["*"]; rest {
		return true
	}
	names := make(map[string]bool)
	for _, p := range e.Products {
		names[p.Provisioner] = true
	}
	return len(names) == 1
}

// Away tells whether a route leads to the old server.
func Away(route string) bool { return route == RouteForward || route == RouteShadow }

// ring covers a list of keys of which several are valid at once.
func (f *findings) ring(at string, keys []Secret) {
	for k, key := range keys {
		switch {
		case key == "":
			f.add(fmt.Sprintf("%s[%d]", at, k), msgRequired, "access key")
		case slices.Contains(keys[:k], key):
			f.add(fmt.Sprintf("%s[%d]", at, k), msgKeyTwice)
		}
	}
}

// checkKeyUse holds access keys to what the marketplace allows: a key is bound to one type of interface (second-reading
// C14), so no call of the base interfaces can pass for one of the Kit.
func (c *Config) checkKeyUse(f *findings) {
	base := make(map[Secret]string)
	for i, e := range c.Endpoints {
		for k, key := range e.Keys {
			base[key] = fmt.Sprintf("endpoints[%d].keys[%d]", i, k)
		}
	}
	for i, e := range c.Endpoints {
		for k, key := range e.KitKeys {
			if other, used := base[key]; used && key != "" {
				f.add(fmt.Sprintf("endpoints[%d].kit_keys[%d]", i, k), msgKeyKind, other)
			}
		}
	}
}
