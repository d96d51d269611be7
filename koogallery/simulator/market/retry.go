// SPDX-License-Identifier: Apache-2.0

package market

import (
	"time"

	"github.com/koogate/koogate/koogallery/deadline"
	"github.com/koogate/koogate/koogallery/judge"
)

// Schedule says how often and for how long a failed call is repeated: at the
// start and then every Interval, as long as Window has not passed since the
// first attempt. The zero value means one attempt.
type Schedule struct {
	Interval time.Duration
	Window   time.Duration
}

// Attempts returns the largest number of attempts, at least 1.
func (s Schedule) Attempts() int {
	if s.Interval <= 0 || s.Window < s.Interval {
		return 1
	}
	return int(s.Window/s.Interval) + 1
}

// Compressed returns the schedule sped up by factor, with the same number of
// attempts, for rehearsals. Intervals do not shrink below one millisecond. A
// factor of zero or less changes nothing.
func (s Schedule) Compressed(factor float64) Schedule {
	if factor <= 0 || s.Interval <= 0 {
		return s
	}
	interval := max(time.Duration(float64(s.Interval)/factor), time.Millisecond)
	window := int64(interval) * int64(s.Attempts()-1)
	return Schedule{Interval: interval, Window: time.Duration(window)}
}

// RetryProfile holds the schedule of every activity that is repeated when it
// fails: first those of SaaS V2.0 (saas-v2 §8.1, open-apis §9.2), then those of
// the other families. The Kit has none: a buyer or an administrator decides
// whether to repeat a call (kit §A.11).
type RetryProfile struct {
	Create  Schedule // newInstance
	Upgrade Schedule // upgradeInstance
	Refresh Schedule // refreshInstance, every scene
	Status  Schedule // updateInstanceStatus
	Release Schedule // releaseInstance
	Check   Schedule // changeInstanceCheck

	SaasV1        FamilyRetry // saas-v1 §1
	LicenseV1     FamilyRetry // saas-v1 §4
	LicenseCode   FamilyRetry // saas-v1 §5.3
	LicenseOnline FamilyRetry // saas-v1 §6
	Notify        Schedule    // orderNotify (saas-v1 §9)
}

// FamilyRetry holds the schedules of one family.
type FamilyRetry struct {
	Open    Schedule // newInstance, getLicense, getLicenseAsync
	Upgrade Schedule // upgrade
	Refresh Schedule // renewal, conversion, new expiry
	Status  Schedule // freeze, unfreeze, expiry
	Release Schedule // release
}

// Compressed returns the schedules sped up by factor; see [Schedule.Compressed].
func (r FamilyRetry) Compressed(factor float64) FamilyRetry {
	return FamilyRetry{
		Open:    r.Open.Compressed(factor),
		Upgrade: r.Upgrade.Compressed(factor),
		Refresh: r.Refresh.Compressed(factor),
		Status:  r.Status.Compressed(factor),
		Release: r.Release.Compressed(factor),
	}
}

// Of returns the schedules of a family's base interface.
func (p RetryProfile) Of(f judge.Family) FamilyRetry {
	switch f {
	case judge.FamilySaasV1, judge.FamilyKitV1:
		return p.SaasV1
	case judge.FamilyLicenseV1:
		return p.LicenseV1
	case judge.FamilyLicenseCode:
		return p.LicenseCode
	case judge.FamilyLicenseOnline:
		return p.LicenseOnline
	case judge.FamilySaasV2, judge.FamilyKitV2, judge.FamilyOrderNotify:
	default:
	}
	return FamilyRetry{Open: p.Create, Upgrade: p.Upgrade, Refresh: p.Refresh, Status: p.Status, Release: p.Release}
}

// DocumentedRetry returns the windows of package deadline, which names their
// pages. What a family does not have is tried once.
func DocumentedRetry() RetryProfile {
	of := func(f deadline.Family, s deadline.Step) Schedule {
		r, _ := deadline.Of(f, s)
		return Schedule{Interval: r.Every, Window: r.Window}
	}
	family := func(f deadline.Family) FamilyRetry {
		return FamilyRetry{
			Open: of(f, deadline.Open), Upgrade: of(f, deadline.Upgrade), Refresh: of(f, deadline.Refresh),
			Status: of(f, deadline.Status), Release: of(f, deadline.Release),
		}
	}
	return RetryProfile{
		Create:  of(deadline.SaasV2, deadline.Open),
		Upgrade: of(deadline.SaasV2, deadline.Upgrade),
		Refresh: of(deadline.SaasV2, deadline.Refresh),
		Status:  of(deadline.SaasV2, deadline.Status),
		Release: of(deadline.SaasV2, deadline.Release),
		Check:   of(deadline.SaasV2, deadline.Check),

		SaasV1:        family(deadline.SaasV1),
		LicenseV1:     family(deadline.LicenseV1),
		LicenseCode:   family(deadline.LicenseCode),
		LicenseOnline: family(deadline.LicenseOnline),
		Notify:        of(deadline.OrderNotify, deadline.Open),
	}
}

// Compressed returns the profile sped up by factor; see [Schedule.Compressed].
func (p RetryProfile) Compressed(factor float64) RetryProfile {
	return RetryProfile{
		Create:  p.Create.Compressed(factor),
		Upgrade: p.Upgrade.Compressed(factor),
		Refresh: p.Refresh.Compressed(factor),
		Status:  p.Status.Compressed(factor),
		Release: p.Release.Compressed(factor),
		Check:   p.Check.Compressed(factor),

		SaasV1:        p.SaasV1.Compressed(factor),
		LicenseV1:     p.LicenseV1.Compressed(factor),
		LicenseCode:   p.LicenseCode.Compressed(factor),
		LicenseOnline: p.LicenseOnline.Compressed(factor),
		Notify:        p.Notify.Compressed(factor),
	}
}

// DocumentedPoll returns the schedule of queryInstance polling. The documents
// say only that the marketplace polls; half a minute, for as long as newInstance
// would be repeated, is a choice.
func DocumentedPoll() Schedule {
	return Schedule{Interval: 30 * time.Second, Window: 3 * time.Hour}
}
