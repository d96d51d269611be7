// SPDX-License-Identifier: Apache-2.0

package server

import (
	"cmp"
	"crypto/rand"
	"net/url"

	"github.com/koogate/koogate/server/api/production"
	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/config"
	"github.com/koogate/koogate/server/facade"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/server/interceptor"
	"github.com/koogate/koogate/server/quota"
	"github.com/koogate/koogate/server/seller"
	"github.com/koogate/koogate/server/usage"
	"github.com/koogate/koogate/store"
)

// views are what the consumers of the sellers' snapshot make of it.
type views struct {
	core     seller.View[*fulfil.Rules]
	settings seller.View[map[string]production.Settings]
	usage    seller.View[*usage.Rules]
	contents seller.View[[]quota.Content]
	callers  seller.View[interceptor.Callers]
	table    seller.View[*facade.Table]
}

// project has the keeper make all views of each snapshot.
func project(k *seller.Keeper, c clock.Clock, jwts interceptor.JWTs) (v views, err error) {
	if v.core, err = seller.Project(k, func(s *seller.Snapshot) (*fulfil.Rules, error) { return fulfil.NewRules(coreRules(s)) }); err != nil {
		return v, err
	}
	if v.settings, err = seller.Project(k, handlerSettings); err != nil {
		return v, err
	}
	if v.usage, err = seller.Project(k, func(s *seller.Snapshot) (*usage.Rules, error) { return usageRules(s), nil }); err != nil {
		return v, err
	}
	if v.contents, err = seller.Project(k, func(s *seller.Snapshot) ([]quota.Content, error) { return contents(s), nil }); err != nil {
		return v, err
	}
	if v.callers, err = seller.Project(k, func(s *seller.Snapshot) (interceptor.Callers, error) { return known(s, c, jwts) }); err != nil {
		return v, err
	}
	v.table, err = seller.Project(k, func(s *seller.Snapshot) (*facade.Table, error) { return facade.NewTable(addresses(s)) })
	return v, err
}

// known are the tokens and the client certificates of all sellers, and who is known by JWTs; nil for nobody.
func known(s *seller.Snapshot, c clock.Clock, jwts interceptor.JWTs) (interceptor.Callers, error) {
	tokens := make([]interceptor.Token, 0, len(s.Tokens))
	for i := range s.Tokens {
		t := &s.Tokens[i]
		tokens = append(tokens, interceptor.Token{
			Seller: t.Seller, Digest: t.Digest, Name: t.Name, Scopes: t.Scopes, Queues: t.Queues, Used: func() { t.Used(c.Now()) },
		})
	}
	var certificates []interceptor.Certificate
	for i := range s.Sellers {
		for _, x := range s.Sellers[i].Certificates {
			certificates = append(certificates, interceptor.Certificate{
				Seller: s.Sellers[i].Name, Name: x.Name, Subject: x.Subject, Scopes: x.Allows(), Queues: x.Queues,
			})
		}
	}
	bearers, err := interceptor.NewTokens(tokens)
	return interceptor.Known{Tokens: bearers, Certificates: interceptor.NewCertificates(certificates), JWTs: jwts}, err
}

// oldURL is the address of an endpoint's old server; nil when it has none.
func oldURL(e *seller.Endpoint) *url.URL {
	if e.OldURL == "" {
		return nil
	}
	u, err := url.Parse(e.OldURL)
	if err != nil { // the settings are judged before they count
		return nil
	}
	return u
}

// routeOf is a route as the facade knows it.
func routeOf(e *seller.Endpoint, route string) facade.Route {
	switch {
	case e.OldURL == "":
		return facade.RouteOwn
	case route == config.RouteForward:
		return facade.RouteForward
	case route == config.RouteShadow:
		return facade.RouteShadow
	}
	return facade.RouteOwn
}

// routes are those of an endpoint's products.
func routes(e *seller.Endpoint) map[string]facade.Route {
	if e.OldURL == "" {
		return nil
	}
	list := make(map[string]facade.Route, len(e.Products))
	for id, p := range e.Products {
		list[id] = routeOf(e, cmp.Or(p.Route, e.Route))
	}
	return list
}

// addresses are the endpoints as the facade knows them. One without a key that counts now is none: nobody can sign a call to it.
func addresses(s *seller.Snapshot) []facade.Endpoint {
	var list []facade.Endpoint
	for i := range s.Endpoints {
		e := &s.Endpoints[i]
		base, _ := s.Ring(e, store.KeyBase)
		kit, own := s.Ring(e, store.KeyKit)
		if len(base) == 0 {
			continue
		}
		x := facade.Endpoint{
			Name: e.Name, Seller: e.Seller, Families: e.Families, Keys: config.Reveal(e.Keys), KitKeys: config.Reveal(e.KitKeys),
			BodySign: e.BodySign, SignRefusals: e.BodySignRefusals, Skew: e.Skew, ProductInfoObject: e.ProductInfo == config.ProductInfoObject,
			Old: oldURL(e), Route: routeOf(e, e.Route), Routes: routes(e),
			Used: seller.Noted(base, kit), Outside: config.Reveal(s.Outside(e, store.KeyBase)), KitOutside: config.Reveal(s.Outside(e, store.KeyKit)),
		}
		if own && len(kit) == 0 { // the Kit has keys of its own, none of which counts now: those of the base do not stand in
			x.KitKeys = []string{rand.Text()}
		}
		if !own {
			x.KitOutside = x.Outside
		}
		list = append(list, x)
	}
	return list
}
