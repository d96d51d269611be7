// SPDX-License-Identifier: Apache-2.0

package life

import (
	"context"

	"github.com/koogate/koogate/koogallery/checker/probe"
	"github.com/koogate/koogate/koogallery/checker/rule"
	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/koogallery/simulator/catalogue"
)

// Rules returns the rules of this room. The one that runs the debugger's saved cases releases what it opened, so it comes last.
func Rules() []rule.Rule {
	return []rule.Rule{
		renewal, renewalLong, renewalScenes, renewalChange, renewalAgain, unknownScene,
		expirySet, expiryKept, openingKeepsExpiry, renewalThaws,
		freeze, freezeAgain, freezeHeld, freezePayPerUse, unknownStatus, expireAgain,
		upgradeAgain, changeCheck, changeCheckForms, accessPresent,
		oddValues, unknownMembers, readyStays, unfinishedHidden,
		failureTold, repeatedAfterFailure,
		releaseAgainV1, releaseAgainV2, releasedIsFinal, boughtAgain, savedCases,
	}
}

// subject is an instance, or a licence code, that a rule is about.
type subject struct {
	probe.Purchase
	id string
}

// begin opens a purchase. A licence code is opened by nobody: it is the one that the seller knows, or one that is made up. If there is a
// reason to stop, nothing can be found out.
func begin(ctx context.Context, p *probe.Probe) (s subject, stop *rule.Outcome) {
	return beginWith(ctx, p, p.Purchase())
}

func beginWith(ctx context.Context, p *probe.Probe, of probe.Purchase) (s subject, stop *rule.Outcome) {
	s.Purchase = of
	if p.Family() == judge.FamilyLicenseCode {
		if s.id = p.Config().Code; s.id == "" {
			s.id = catalogue.LicenseCode(p.NewID())
		}
		if seen := p.Status(ctx, judge.StatusUnfreeze, of, s.id); !answered(seen) {
			return s, unknown("没有可用的应答：%s", "there is no answer to go by: %s", seen.Why())
		}
		return s, nil
	}
	id, seen := p.Opened(ctx, of)
	if !seen.OK() {
		return s, unknown("开通没有成功：%s", "the purchase could not be opened: %s", seen.Why())
	}
	s.id = id
	return s, nil
}

// renew tells of a plain renewal.
func (s subject) renew(ctx context.Context, p *probe.Probe, order probe.Purchase) probe.Seen {
	return p.Refresh(ctx, judge.SceneRenewal, s.Purchase, order, s.id, nil)
}

// strange tells whether an answer only says that a made-up licence code is none of the seller's.
func strange(p *probe.Probe, seen probe.Seen) bool {
	return p.Family() == judge.FamilyLicenseCode && p.Config().Code == "" && resultcode.Code(seen.ResultCode) == resultcode.InstanceNotFound
}

// refused is the outcome of a call that should have succeeded.
func refused(p *probe.Probe, seen probe.Seen, zh, en string, values ...any) rule.Outcome {
	if strange(p, seen) {
		return rule.Unknown("商家不认识虚构的授权码，请用 --code 提供一个已知的", "the seller does not know the made-up licence code; name one that it knows with --code")
	}
	return rule.Broken(zh, en, append(values, seen.Why())...)
}

func unknown(zh, en string, values ...any) *rule.Outcome {
	o := rule.Unknown(zh, en, values...)
	return &o
}

// answered tells whether there was an answer of the interface at all, whatever it says.
func answered(seen probe.Seen) bool { return seen.ResultCode != "" }
