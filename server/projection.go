// SPDX-License-Identifier: Apache-2.0

package server

import (
	"time"

	"github.com/koogate/koogate/koogallery/deadline"
	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/koogallery/seal"
	"github.com/koogate/koogate/koogallery/wiretime"
	"github.com/koogate/koogate/server/api/production"
	"github.com/koogate/koogate/server/config"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/server/sanction"
	"github.com/koogate/koogate/server/seller"
	"github.com/koogate/koogate/store"
)

// NewCore makes the core with the endpoints of a snapshot and provides the queues of its provisioners, for commands that run no server.
func NewCore(c *seller.Snapshot, d fulfil.Deps) (*fulfil.Service, error) {
	core, err := fulfil.New(fulfil.Config{}, coreRules(c), d)
	if err == nil {
		core.Work.Provide(queues(c, core)...)
	}
	return core, err
}

// coreRules are what the core knows of each endpoint.
func coreRules(c *seller.Snapshot) []fulfil.Endpoint {
	list := make([]fulfil.Endpoint, 0, len(c.Endpoints))
	for _, e := range c.Endpoints {
		rules := make(map[string]fulfil.ProductRule, len(e.Products))
		for id, p := range e.Products {
			rules[id] = fulfil.ProductRule{
				Provisioner: p.Provisioner, SyncBudget: p.SyncBudget, NeedsFingerprint: p.Fingerprint == config.FingerprintRequired,
			}
		}
		list = append(list, fulfil.Endpoint{
			Name: e.Name, Seller: e.Seller, Products: rules, CheckBudget: e.CheckBudget,
			CheckAllow: e.CheckPolicy == config.Allow, CheckReduction: e.CheckReduction == config.Allow, FreezeAtExpiry: e.CodeFreeze == config.FreezeExpiry, OmitPending: e.Pending == config.PendingOmit, RefuseUnknown: e.Unknown == config.UnknownRefuse, Isolate: e.Isolate,
			NewFamily: newFamily(e), HoldBudget: e.HoldBudget, OnCompletion: onCompletion(e), RefuseCodes: e.Codes == config.CodesRefuse, ASCII: e.AnswerText == config.TextASCII, QueryWindow: queryWindow(e),
			BusinessID: e.InstanceID == config.InstanceBusiness, AskUnknown: e.UnknownInstances == config.InstancesAdopt,
		})
	}
	return list
}

// onCompletion are the activities that are answered when their task is done.
func onCompletion(e config.Endpoint) map[string]bool {
	set := make(map[string]bool)
	for activity, answer := range e.Answers {
		if answer == config.AnswerCompletion {
			set[activity] = true
		}
	}
	return set
}

// newFamily is what newInstance in the form of V2 creates: at an address that sells nothing but online licences, those.
func newFamily(e config.Endpoint) string {
	if config.Serves(&e, fulfil.FamilyLicenseOnline) && !config.Serves(&e, fulfil.FamilySaasV2) {
		return fulfil.FamilyLicenseOnline
	}
	return fulfil.FamilySaasV2
}

// queryWindow is how long a failing order query is worth repeating: as long as the marketplace waits for the order.
func queryWindow(e config.Endpoint) time.Duration {
	family := deadline.SaasV2
	if e.Retry == config.RetryLicenseOnline {
		family = deadline.LicenseOnline
	}
	r, _ := deadline.Of(family, deadline.Open)
	return r.Window
}

// handlerSettings are what the handlers need to know of the endpoints. What is not valid was refused before.
func handlerSettings(c *seller.Snapshot) (map[string]production.Settings, error) {
	all := make(map[string]production.Settings, len(c.Endpoints))
	for _, e := range c.Endpoints {
		s := production.Settings{
			Keys: config.Reveal(e.Keys), EncryptType: seal.AES256, Location: wiretime.Beijing(), SecretCode: resultcode.MobileInvalid,
			DeleteMissingDepartments: e.KitMissingDepartments == config.MissingDelete,
		}
		if e.EncryptType == config.EncryptAES128 {
			s.EncryptType = seal.AES128
		}
		if e.ExpireZone == config.ZoneUTC {
			s.Location = time.UTC
		}
		if e.CodeExpireZone == config.ZoneBeijing {
			s.CodeLocation = wiretime.Beijing()
		}
		switch e.CreateAppInfo {
		case config.CreateOff:
			s.CreateAppInfo = production.AppInfoOff
		case config.CreateAlways:
			s.CreateAppInfo = production.AppInfoAlways
		}
		if e.KitSecretCode != "" {
			s.SecretCode = resultcode.Code(e.KitSecretCode)
		}
		for _, secret := range e.KitPrivateKeys {
			key, err := config.RSAKey(secret)
			if err != nil {
				return nil, err
			}
			s.Secrets = append(s.Secrets, key)
		}
		all[e.Name] = s
	}
	return all, nil
}

// sanctionable are a seller's endpoints as they are now.
func (s *Server) sanctionable(name string) (list []sanction.Endpoint) {
	c := s.deps.Sellers.Snapshot()
	for i := range c.Endpoints {
		e := &c.Endpoints[i]
		if e.Seller != name {
			continue
		}
		processing := config.Serves(e, fulfil.FamilySaasV1) || config.Serves(e, fulfil.FamilyLicenseV1) || len(onCompletion(*e)) > 0
		list = append(list, sanction.Endpoint{Name: e.Name, Processing: processing})
	}
	return list
}

// waitingFor says until when the marketplace waits for a line of an order.
func waitingFor(core *fulfil.Service) func(a *store.Aggregate, l *store.Line) (time.Time, deadline.End, bool) {
	return func(a *store.Aggregate, l *store.Line) (time.Time, deadline.End, bool) {
		until, ok := core.WaitingLines(a)[l.LineKey]
		return until.At, until.End, ok
	}
}
