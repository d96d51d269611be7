// SPDX-License-Identifier: Apache-2.0

package orders

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/storetest"
	"github.com/koogate/koogate/store/storetest/check"
)

var sideCases = []check.Case{
	check.WithStore("AnOrderIsClaimedOnce", claimedOnce),
	check.WithStore("AnOrderOfTheOldSideIsNotAdmitted", claimedNotAdmitted),
	check.WithStore("AnOrderOfOursIsNotClaimed", admittedNotClaimed),
	check.WithStore("AnAdoptionTakesOver", adoptionTakes),
	check.WithStore("WhatIsLeftBehindIsCounted", leftBehind),
	check.WithStore("ClaimOrAdmission", func(t *testing.T, s store.Store) { claimOrAdmission(t, s, s) }),
	check.WithSecond("ClaimOrAdmissionThroughTwoHandles", claimOrAdmission),
}

func claim(orderID string) store.Claim {
	return store.Claim{Seller: storetest.Seller, Kind: store.SideOrder, ID: orderID, Endpoint: "demo", At: storetest.Epoch}
}

func wantSide(t *testing.T, s store.Store, orderID string, want store.Side) {
	t.Helper()
	got, err := s.SideOfOrder(check.Context(t), storetest.Seller, orderID)
	check.Error(t, err, nil)
	check.Equal(t, "side", got, want)
}

func claimedOnce(t *testing.T, s store.Store) {
	ctx := check.Context(t)
	wantSide(t, s, "CS1", "")
	for range 2 {
		got, err := s.ClaimOrder(ctx, claim("CS1"))
		check.Error(t, err, nil)
		check.Equal(t, "side", got, store.SideOld)
	}
	wantSide(t, s, "CS1", store.SideOld)
	got, err := s.SideOfOrder(ctx, "other", "CS1")
	check.Error(t, err, nil)
	check.Equal(t, "side for another seller", got, "")
	bad := claim("a\x00b")
	_, err = s.ClaimOrder(ctx, bad)
	check.Error(t, err, store.ErrBadText)
}

func claimedNotAdmitted(t *testing.T, s store.Store) {
	ctx := check.Context(t)
	_, err := s.ClaimOrder(ctx, claim("CS1"))
	check.Error(t, err, nil)
	check.Error(t, s.Apply(ctx, storetest.Admission("CS1", storetest.Epoch)), store.ErrOtherSide)
	_, err = s.Aggregate(ctx, storetest.Seller, "CS1")
	check.Error(t, err, store.ErrNotFound)
	check.MustApply(t, s, storetest.Admission("CS2", storetest.Epoch))
	wantSide(t, s, "CS1", store.SideOld)
	wantSide(t, s, "CS2", store.SideOwn)
}

// admittedNotClaimed: neither an order that has a row here, nor one that has only a line, as that of a renewal.
func admittedNotClaimed(t *testing.T, s store.Store) {
	ctx := check.Context(t)
	check.MustApply(t, s, storetest.Admission("CS1", storetest.Epoch))
	c := check.Next(check.MustAggregate(t, s, "CS1"))
	line := storetest.NewLine("CS1", storetest.Epoch)
	line.OrderID, line.Action = "CS1-renewal", "refreshInstance"
	c.NewLines = []store.Line{line}
	check.MustApply(t, s, c)
	for _, id := range []string{"CS1", "CS1-renewal"} {
		got, err := s.ClaimOrder(ctx, claim(id))
		check.Error(t, err, nil)
		check.Equal(t, "side of "+id, got, store.SideOwn)
		wantSide(t, s, id, store.SideOwn)
	}
	left, err := s.LeftBehind(ctx, storetest.Seller, "demo", storetest.Epoch)
	check.Error(t, err, nil)
	check.Equal(t, "left", left, store.LeftBehind{})
}

func adoptionTakes(t *testing.T, s store.Store) {
	ctx := check.Context(t)
	_, err := s.ClaimOrder(ctx, claim("CS1"))
	check.Error(t, err, nil)
	_, err = s.ClaimOrder(ctx, claim("CS2"))
	check.Error(t, err, nil)
	check.Error(t, s.NoteClaims(ctx, []store.Claim{
		{Seller: storetest.Seller, Kind: store.SideInstance, ID: "inst-CS1", Endpoint: "demo", At: storetest.Epoch},
		{Seller: storetest.Seller, Kind: store.SideInstance, ID: "inst-CS2", Endpoint: "demo", At: storetest.Epoch},
	}), nil)
	c := storetest.Admission("CS1", storetest.Epoch)
	c.Takes = []store.Taken{{Seller: storetest.Seller, OrderID: "CS1", InstanceID: "inst-CS1"}}
	check.MustApply(t, s, c)
	wantSide(t, s, "CS1", store.SideOwn)
	wantSide(t, s, "CS2", store.SideOld)
	left, err := s.LeftBehind(ctx, storetest.Seller, "demo", storetest.Epoch)
	check.Error(t, err, nil)
	check.Equal(t, "left", left, store.LeftBehind{Instances: 1, Orders: 1})
}

func leftBehind(t *testing.T, s store.Store) {
	ctx := check.Context(t)
	note := func(endpoint string, ids ...string) {
		var claims []store.Claim
		for _, id := range ids {
			claims = append(claims, store.Claim{Seller: storetest.Seller, Kind: store.SideInstance, ID: id, Endpoint: endpoint, At: storetest.Epoch})
		}
		check.Error(t, s.NoteClaims(ctx, claims), nil)
	}
	note("demo", "i1", "i2", "i2")
	note("demo", "i1", "i3")
	note("second", "i4", "i1")
	for i, at := range []time.Duration{-time.Hour, 0, time.Hour} {
		c := claim(fmt.Sprintf("CS%d", i))
		c.At = storetest.Epoch.Add(at)
		_, err := s.ClaimOrder(ctx, c)
		check.Error(t, err, nil)
	}
	check.Error(t, s.EndClaim(ctx, storetest.Seller, "i2", storetest.Epoch.Add(time.Minute)), nil)
	check.Error(t, s.EndClaim(ctx, storetest.Seller, "nobody", storetest.Epoch), nil)
	check.Error(t, s.EndClaim(ctx, "other", "i1", storetest.Epoch), nil)
	note("demo", "i2") // released stays released
	for id, want := range map[string]bool{"i1": false, "i2": true, "nobody": false} {
		got, err := s.Ended(ctx, storetest.Seller, id)
		check.Error(t, err, nil)
		check.Equal(t, id+" ended", got, want)
	}
	for endpoint, want := range map[string]store.LeftBehind{"demo": {Instances: 2, Orders: 2}, "second": {Instances: 1}, "third": {}} {
		got, err := s.LeftBehind(ctx, storetest.Seller, endpoint, storetest.Epoch)
		check.Error(t, err, nil)
		check.Equal(t, endpoint, got, want)
	}
}

// claimOrAdmission lets processes that see the settings differently fight for the same orders: each is on one side afterwards, and everybody
// was told the same.
func claimOrAdmission(t *testing.T, first, second store.Store) {
	ctx := check.Context(t)
	own := 0
	for n := range 30 {
		id := fmt.Sprintf("CS%d", n)
		told := make([]store.Side, 8)
		errs := check.Together(len(told), func(i int) error {
			s := []store.Store{first, second}[i/2%2]
			if i%2 == 0 {
				var err error
				told[i], err = s.ClaimOrder(ctx, claim(id))
				return err
			}
			switch err := s.Apply(ctx, storetest.Admission(id, storetest.Epoch)); {
			case err == nil || errors.Is(err, store.ErrOrderExists):
				told[i] = store.SideOwn
			case errors.Is(err, store.ErrOtherSide):
				told[i] = store.SideOld
			default:
				return err
			}
			return nil
		})
		check.Error(t, errors.Join(errs...), nil)
		for _, side := range told {
			check.Equal(t, "side of "+id, side, told[0])
		}
		wantSide(t, second, id, told[0])
		if _, err := first.Aggregate(ctx, storetest.Seller, id); (err == nil) != (told[0] == store.SideOwn) {
			t.Fatalf("%s is on side %s: %v", id, told[0], err)
		}
		if told[0] == store.SideOwn {
			own++
		}
	}
	t.Logf("%d of 30 orders were admitted", own)
}
