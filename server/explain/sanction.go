// SPDX-License-Identifier: Apache-2.0

package explain

import (
	"time"

	"github.com/koogate/koogate/koogallery/deadline"
	"github.com/koogate/koogate/koogallery/resultcode"
)

// Counted is an order that the marketplace counts as failed, or is going to.
type Counted struct {
	OrderID, InstanceID string // OrderID is empty when the call named an instance that nobody knows
	Activity, Code      string
	Attempts            int64
	Until               time.Time
	End                 deadline.End
	Next                time.Time // when the marketplace calls again; zero when it does not

	// The creation was to follow, and has failed, goes on, or has ended with the release of the instance.
	Failing, Waiting, Released bool
}

// name is the order, or the instance when nobody knows its order.
func (c *Counted) name() Text {
	if c.OrderID == "" {
		return countInstance.of(c.InstanceID)
	}
	return countOrder.of(c.OrderID)
}

func (c *Counted) what() Text {
	switch code := resultcode.Code(c.Code); {
	case c.Failing:
		return countFailing.of(c.name(), c.InstanceID, c.Code, meaning(code))
	case c.Waiting:
		return countWaiting.of(c.name(), c.InstanceID)
	case c.Released:
		return countReleased.of(c.name(), c.InstanceID)
	default:
		return countCalled.of(c.name(), c.Activity, c.Code, meaning(code), c.Attempts)
	}
}

// OrderCounted says why an order counts as failed, or that it is going to and what saves it.
func OrderCounted(c Counted, now time.Time, past bool) Text {
	if past {
		return c.what().and(countOver.of(c.Until, does(c.End)))
	}
	t := c.what().and(countUntil.of(c.Until, max(0, c.Until.Sub(now)), does(c.End)))
	switch {
	case c.Failing:
		return t.and(countRetry)
	case c.Waiting:
		return t.and(countDeliver)
	case !c.Next.IsZero() && c.Next.After(now):
		return t.and(countRepair.of(c.Next))
	}
	return t.and(countRestart)
}

// ProductSanction says how near a product is to leaving the catalogue; productID is empty for orders of which nothing was admitted, and first
// is the earliest deadline of those at risk.
func ProductSanction(productID string, month time.Time, failed, allowed, waiting int, first, now time.Time) Text {
	name := sanctionProduct.of(productID)
	if productID == "" {
		name = sanctionUnknown
	}
	t := sanctionCount.of(name, monthText(month), failed, allowed)
	switch {
	case failed > allowed:
		t = t.and(sanctionDue)
	case failed == allowed:
		t = t.and(sanctionLast)
	default:
		t = t.and(sanctionLeft.of(allowed - failed))
	}
	if waiting > 0 {
		t = t.and(sanctionWaiting.of(waiting, first, max(0, first.Sub(now))))
	}
	return t
}

// EndpointSanction says how near the trade through an endpoint is to being frozen, and what it does not know.
func EndpointSanction(endpoint string, days, freezes int, last string, refused int64) Text {
	var t Text
	switch {
	case days == 0:
		t = probesFine.of(endpoint)
	case days >= freezes:
		t = probesDue.of(endpoint, days, last, freezes)
	default:
		t = probesFail.of(endpoint, days, last, freezes)
	}
	if refused > 0 {
		t = t.and(probesRefused.of(refused))
	}
	return t
}

// Tally is what a seller's standing comes down to.
type Tally struct {
	Month             time.Time // its beginning
	Failed, Waiting   int       // orders
	Products, Probing int       // products with too many failed orders, and endpoints whose test calls have failed on too many days
	Days              int       // in a row on which test calls have failed, at the worst endpoint
	Truncated         bool      // there may be more
}

// Sanctions says in one line how a seller stands. The marketplace counts by listing, which may have several of the products.
func Sanctions(c Tally, allowed int) Text {
	t := sumSanctions.of(monthText(c.Month), c.Failed, c.Waiting)
	switch {
	case c.Products+c.Probing > 0:
		t = t.and(sumDue.of(c.Products + c.Probing))
	case c.Failed+c.Waiting+c.Days == 0:
		t = t.and(sumClear)
	}
	if c.Failed > allowed && c.Products == 0 {
		t = t.and(sumListing.of(allowed))
	}
	if c.Days > 0 {
		t = t.and(sumDays.of(c.Days))
	}
	if c.Truncated {
		t = t.and(sumTruncated)
	}
	return t
}

func monthText(month time.Time) Text {
	return Text{month.Format("January 2006"), month.Format("2006 年 1 月")}
}
