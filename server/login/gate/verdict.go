// SPDX-License-Identifier: Apache-2.0

package gate

import (
	"slices"

	"github.com/koogate/koogate/server/login/registry"
	"github.com/koogate/koogate/store"
)

// ends are the reasons for which an instance lets nobody in, the furthest from it first.
var ends = []store.LoginEnd{
	store.EndTenantDeleted, store.EndApplicationDeleted, store.EndUserUnauthorised, store.EndUserDisabled, store.EndInstanceReleased, store.EndInstanceFrozen,
}

// bound says whether a tenant is bound to an instance with its application.
func bound(f store.LoginFact) bool {
	return !f.Tenant.IsZero() && !f.Tenant.Deleted && !f.Application.IsZero() && !f.Application.Deleted
}

// inUse is 1 for an instance in use, and 0 for one that nobody can use.
func inUse(f store.LoginFact) int {
	if f.State == store.InstanceReleased || f.State == store.InstanceFailed {
		return 0
	}
	return 1
}

// ending is why an instance does not let a user in, apart from its being frozen. userName is empty where only the tenant matters.
func ending(f store.LoginFact, userName string) store.LoginEnd {
	switch {
	case f.Tenant.IsZero() || f.Tenant.Deleted:
		return store.EndTenantDeleted
	case f.Application.IsZero() || f.Application.Deleted:
		return store.EndApplicationDeleted
	case userName == "":
		return ""
	case f.User.IsZero() || f.User.Deleted || f.User.UserName != userName || f.User.State == store.UserWithdrawn:
		return store.EndUserUnauthorised
	case f.User.State != store.UserActive:
		return store.EndUserDisabled
	case inUse(f) == 0:
		return store.EndInstanceReleased
	}
	return ""
}

func mayUseFrozen(setting, role string) bool {
	return setting == registry.FrozenAllow || setting == registry.FrozenAdministrators && role == Administrator
}

// nearest is the refusal of the instance that was nearest to letting somebody in.
func nearest(facts []store.LoginFact, judge func(store.LoginFact) store.LoginEnd) *Refusal {
	best := -1
	of := slices.DeleteFunc(slices.Clone(facts), func(f store.LoginFact) bool { return f.Application.IsZero() })
	if len(of) > 0 {
		facts = of // instances that never had this application are another product's
	}
	for _, f := range facts {
		best = max(best, slices.Index(ends, judge(f)))
	}
	if best < 0 {
		return &Refusal{Reason: store.EndTenantDeleted, Unknown: true}
	}
	return &Refusal{Reason: ends[best], Unbound: ends[best] == store.EndApplicationDeleted && len(of) == 0}
}
