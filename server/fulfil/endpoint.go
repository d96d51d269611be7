// SPDX-License-Identifier: Apache-2.0

package fulfil

import (
	"fmt"
	"maps"
	"slices"
	"time"
)

// Endpoint is one production address with its rules.
type Endpoint struct {
	Name   string // the last element of /produce/{endpoint}
	Seller string
	// Products maps the marketplace's product ID to a rule; the key "*" is the rule of all others.
	Products map[string]ProductRule
	// CheckBudget is how long changeInstanceCheck waits for the provisioner, 100 ms to 4.5 s. Default 3 s.
	CheckBudget time.Duration
	// CheckAllow is the policy for a check without an answer in time: true allows the change, false refuses it.
	CheckAllow bool
	// CheckReduction lets a smaller quantity be allowed without a worker who compared it with the present use: by CheckAllow,
	// and by the template provisioner, which knows of no use (third-reading T4).
	CheckReduction bool
	// OmitPending makes queryInstance answer 000000 without the instances that are still being provisioned, instead of
	// 000004 when nothing else is asked for (saas-v2 §9.10 leaves both open).
	OmitPending bool
	// RefuseUnknown makes queryInstance answer 000003 when any ID of several is unknown, instead of leaving it out.
	RefuseUnknown bool
	// AskUnknown has the provisioner asked about an instance that a call of the marketplace names and no row knows, instead of answering
	// that it does not exist (ADR 53). Licence codes have RefuseCodes.
	AskUnknown bool
	// Isolate refuses calls about this endpoint's instances that come by another endpoint of the seller. By default they work,
	// because a product may move to another address.
	Isolate bool
	// HoldBudget is how long a call of a family without asynchronous answers is held, 1 s to 18 s, because the marketplace
	// gives up after 20 s (saas-v1 §1). Default 15 s.
	HoldBudget time.Duration
	// OnCompletion names the activities that are answered when their task is done instead of when they are accepted. A
	// failed task is 000005, one that is not done in time 000004; both make the marketplace call again.
	OnCompletion map[string]bool
	// NewFamily is the family of what newInstance in the form of V2 creates: FamilySaasV2, the default, or
	// FamilyLicenseOnline, whose instances have no access information.
	NewFamily string
	// RefuseCodes makes the callbacks about a licence code that was never seen answer 000003 instead of adopting it.
	RefuseCodes bool
	// ASCII restricts answers to ASCII, except for memo, in the families of V2 too (second-reading C4). The V1 families always
	// answer in ASCII.
	ASCII bool
	// FreezeAtExpiry shows a licence code that has expired as frozen. By default only the marketplace's call freezes: there is
	// a time of grace between expiry and call (third-reading T29).
	FreezeAtExpiry bool
	// BusinessID makes the business ID of an order line's first call the instance's ID, as the marketplace recommends, instead of
	// one that follows from the order line (ADR 29).
	BusinessID bool
	// QueryWindow is how long a failing order query is retried before the order fails; 0 means the service's default.
	QueryWindow time.Duration
}

// ProductRule says who fulfils a product and how long newInstance may wait for it.
type ProductRule struct {
	// Provisioner is the queue that gets the product's tasks.
	Provisioner string
	// SyncBudget is how long newInstance waits for the create task before it answers 000004; 0 answers at once. At most
	// 4.5 s, because the marketplace gives up after 5 s (saas-v2 §1).
	SyncBudget time.Duration
	// NeedsFingerprint makes getLicenseAsync without a device fingerprint answer 000903.
	NeedsFingerprint bool
}

// maxWait is how long the families with asynchronous answers may be kept waiting; minHold and maxHold bound HoldBudget.
const (
	maxWait     = 4500 * time.Millisecond
	minHold     = time.Second
	maxHold     = 18 * time.Second
	defaultHold = 15 * time.Second
)

func (e *Endpoint) check() error {
	if e.Name == "" || e.Seller == "" {
		return fmt.Errorf("endpoint %q: name and seller are required", e.Name)
	}
	if e.CheckBudget == 0 {
		e.CheckBudget = 3 * time.Second
	}
	if e.CheckBudget < 100*time.Millisecond || e.CheckBudget > maxWait {
		return fmt.Errorf("endpoint %q: check budget %s is outside 100ms to %s", e.Name, e.CheckBudget, maxWait)
	}
	if e.HoldBudget == 0 {
		e.HoldBudget = defaultHold
	}
	if e.HoldBudget < minHold || e.HoldBudget > maxHold {
		return fmt.Errorf("endpoint %q: hold budget %s is outside %s to %s", e.Name, e.HoldBudget, minHold, maxHold)
	}
	if e.NewFamily == "" {
		e.NewFamily = FamilySaasV2
	}
	if e.NewFamily != FamilySaasV2 && e.NewFamily != FamilyLicenseOnline {
		return fmt.Errorf("endpoint %q: family %q is not created by newInstance of V2", e.Name, e.NewFamily)
	}
	if e.QueryWindow < 0 {
		return fmt.Errorf("endpoint %q: query window %s is negative", e.Name, e.QueryWindow)
	}
	for _, activity := range slices.Sorted(maps.Keys(e.OnCompletion)) {
		if !slices.Contains(CompletionActivities(), activity) {
			return fmt.Errorf("endpoint %q: activity %q cannot be answered on completion", e.Name, activity)
		}
	}
	for id, r := range e.Products {
		if r.Provisioner == "" {
			return fmt.Errorf("endpoint %q, product %q: a provisioner is required", e.Name, id)
		}
		if r.SyncBudget < 0 || r.SyncBudget > maxWait {
			return fmt.Errorf("endpoint %q, product %q: sync budget %s is outside 0 to %s", e.Name, id, r.SyncBudget, maxWait)
		}
	}
	return nil
}

// rule returns the rule of a product.
func (e *Endpoint) rule(productID string) (ProductRule, bool) {
	if r, ok := e.Products[productID]; ok {
		return r, true
	}
	r, ok := e.Products["*"]
	return r, ok
}

// budget is how long newInstance may wait: the product's rule, or the longest of all while the product is not known.
func (e *Endpoint) budget(productID string) time.Duration {
	if productID != "" {
		r, _ := e.rule(productID)
		return r.SyncBudget
	}
	var longest time.Duration
	for _, r := range e.Products {
		longest = max(longest, r.SyncBudget)
	}
	return longest
}
