// SPDX-License-Identifier: Apache-2.0

package checker

import (
	"context"
	"errors"
	"net/url"
	"path"
	"slices"

	"github.com/koogate/koogate/koogallery/checker/probe"
	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/koogallery/simulator/catalogue"
	"github.com/koogate/koogate/koogallery/simulator/wire"
)

// ErrNoFamily says that an address answers no call of any family.
var ErrNoFamily = errors.New("the address answers the calls of no family: it is another one, nothing listens there, or the key is wrong; name the family to have its answers judged all the same")

// ErrAnything says that an address answers calls that no family has as it answers all others.
var ErrAnything = errors.New("the address answers a call that no interface has just like all others, so it cannot be found out which families it serves; name the family to have its answers judged")

// Served finds out which families a seller serves: it asks each for an instance that nobody has bought, as a debugging call, and sees
// whether the answer is one of the interface's, and another one than to a call that no interface has. Errors: ErrNoFamily, ErrAnything,
// wire.ErrConfig, ctx.Err().
func Served(ctx context.Context, cfg probe.Config) ([]judge.Family, error) {
	cfg.Deep = false
	var served []judge.Family
	anything := false
	for _, f := range judge.Families() {
		cfg.Family = f
		p, err := probe.New(cfg, "families")
		if err != nil {
			return nil, err
		}
		seen, unheard := p.Do(ctx, feeler(p)), p.Make(ctx, unheard(p))
		p.Close()
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		refused := []resultcode.Code{"", resultcode.AuthFailed, resultcode.InvalidParam}
		switch {
		case slices.Contains(refused, resultcode.Code(seen.ResultCode)):
		case unheard.Succeeded() && seen.Succeeded() && (f != judge.FamilySaasV2 || !seen.OK()): // a query that is OK shows what was asked for
			anything = true
		default:
			served = append(served, f)
		}
	}
	switch {
	case len(served) > 0:
		return served, nil
	case anything:
		return nil, ErrAnything
	default:
		return nil, ErrNoFamily
	}
}

// nothing is what no interface has: an activity, or a path of the Kit.
const nothing = "koogateCheckNothing"

// unheard is a call that no interface has, written as those of the family.
func unheard(p *probe.Probe) wire.Call {
	a := feeler(p)
	if !p.Family().Joint() {
		a.Activity = nothing
	}
	call, err := p.Write(a)
	if err != nil { // it is not made then: the address is no URL
		return wire.Call{}
	}
	if u, err := url.Parse(call.URL); p.Family().Joint() && err == nil {
		u.Path = path.Join(path.Dir(u.Path), nothing)
		call.URL = u.String()
	}
	return call
}

// Touch makes one debugging call of a family that nothing follows from, such as a question for an instance that nobody has bought, and the same call without a
// signature. Errors: wire.ErrConfig, ctx.Err().
func Touch(ctx context.Context, cfg probe.Config) (signed, unsigned probe.Seen, err error) {
	cfg.Deep = false
	p, err := probe.New(cfg, "touch")
	if err != nil {
		return signed, unsigned, err
	}
	defer p.Close()
	call, err := p.Write(feeler(p))
	if err != nil {
		return signed, unsigned, err
	}
	bare := call
	bare.Header = call.Header.Clone()
	for _, name := range []string{"x-sign", "authToken"} { // the Kit's
		bare.Header.Del(name)
	}
	if u, err := url.Parse(call.URL); err == nil {
		q := u.Query()
		q.Del("signature")
		q.Del("authToken")
		u.RawQuery = q.Encode()
		bare.URL = u.String()
	}
	unsigned = p.Make(ctx, bare)
	return p.Make(ctx, call), unsigned, ctx.Err()
}

// nobody is an instance that nobody has bought, and a tenant that nobody is.
const nobody = "koogate-check-unknown"

// feeler is a call that only its own family understands, and that nothing follows from. It is complete, so that a seller refuses it for
// nothing but that it does not know the family.
func feeler(p *probe.Probe) probe.Act {
	of := p.Purchase()
	a := probe.Act{Activity: judge.ActivityRelease, About: of, Instance: nobody, Params: map[string]any{"orderId": of.ID, "orderLineId": of.LineID}}
	switch p.Family() {
	case judge.FamilySaasV2:
		a.Activity, a.Params = judge.ActivityQuery, nil
	case judge.FamilyLicenseOnline:
		const form = "2006-01-02 15:04:05 z"
		a.Activity, a.Params = judge.ActivityLicenseAsync, map[string]any{
			"eventId": catalogue.UUID(p.NewID()), "deviceFingerprint": nobody, "effectiveTime": p.Now().UTC().Format(form), "expireTime": of.ExpireTime.UTC().Format(form),
		}
	case judge.FamilyOrderNotify:
		a.Activity = judge.ActivityNotify
	case judge.FamilyKitV1, judge.FamilyKitV2: // a tenant is deleted that is not there, which has to succeed
		a.Activity, a.Params = judge.ActivityTenant, map[string]any{
			"orderId": of.ID, "tenantId": nobody, "tenantCode": nobody, "name": nobody, "domainName": "https://tenant.example.com", "flag": 0,
			"timeStamp": wire.Local17(p.Now()),
		}
	case judge.FamilySaasV1, judge.FamilyLicenseV1, judge.FamilyLicenseCode:
	}
	return a
}
