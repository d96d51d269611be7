// SPDX-License-Identifier: Apache-2.0

package answer

import (
	"cmp"
	"context"
	"time"

	"github.com/koogate/koogate/koogallery/checker/probe"
	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/openapi"
	"github.com/koogate/koogate/koogallery/simulator/catalogue"
)

// tour makes each call of the family's life of an instance once, as far as the debugger wants it saved, and returns what was answered.
func tour(ctx context.Context, p *probe.Probe) []probe.Seen {
	of, f := p.Purchase(), p.Family()
	if f == judge.FamilyOrderNotify {
		notify(ctx, p, of)
	}
	id := cmp.Or(p.Config().Code, catalogue.LicenseCode(p.NewID()))
	if f.Knows(judge.ActivityNew) {
		var last probe.Seen
		if id, last = p.Opened(ctx, of); id == "" || !last.OK() {
			return p.Log()
		}
	}
	p.Refresh(ctx, judge.SceneRenewal, of, p.Later(of, openapi.MockRenew), id, nil)
	if f == judge.FamilyLicenseOnline {
		p.Do(ctx, probe.Act{Activity: judge.ActivityLicenseAsync, About: of, Instance: id, Params: map[string]any{
			"eventId": catalogue.UUID(p.NewID()), "effectiveTime": asyncTime(p.Now()), "expireTime": asyncTime(of.ExpireTime),
			"deviceFingerprint": catalogue.Token(p.NewID()),
		}})
	}
	if f.Knows(judge.ActivityStatus) {
		p.Status(ctx, judge.StatusFreeze, of, id)
		p.Status(ctx, unfreeze(f), of, id)
	}
	if f.Knows(judge.ActivityQuery) {
		p.Query(ctx, of, id)
	}
	if own := p.Config().Code != "" && f == judge.FamilyLicenseCode; !own && (p.Config().Deep || p.Config().MadeUp) { // others are needed on
		p.Release(ctx, of, p.Later(of, openapi.MockUnsubscribe), id)
	}
	return p.Log()
}

func notify(ctx context.Context, p *probe.Probe, of probe.Purchase) {
	p.Do(ctx, probe.Act{Activity: judge.ActivityNotify, About: of, Params: map[string]any{"orderId": of.ID, "orderLineId": of.LineID}})
}

// unfreeze is the status that undoes a freeze.
func unfreeze(f judge.Family) string {
	if f == judge.FamilySaasV1 || f == judge.FamilyKitV1 {
		return judge.StatusNormal
	}
	return judge.StatusUnfreeze
}

// asyncTime prints a time as getLicenseAsync has it.
func asyncTime(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") + " z" }
