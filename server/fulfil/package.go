// SPDX-License-Identifier: Apache-2.0

package fulfil

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"slices"

	"github.com/koogate/koogate/store"
)

// BuyerKey stands for a customer of the marketplace among a seller's instances: it finds what one customer has bought without
// telling who that is. Empty for a customer that is not known.
func BuyerKey(seller, customerID string) string {
	if customerID == "" {
		return ""
	}
	sum := sha256.Sum256([]byte("koogate buyer\x1f" + seller + "\x1f" + customerID))
	return hex.EncodeToString(sum[:16])
}

// PackageItem is what a package holds of one fee item by the configuration of its product.
type PackageItem struct {
	ProductID  string // of the fee item
	InstanceID string // the buyer's pay-per-use instance of it
	Quota      string // as a decimal
}

// ErrImported says that a package was imported: what is left of it its row has told, or an operator does.
var ErrImported = errors.New("fulfil: the package was imported")

// PackageAssigned records on the package's order to which instance a fee item of it belongs, once. Errors:
// ErrImported, INSTANCE_NOT_FOUND, STORE_UNAVAILABLE.
func (s *Service) PackageAssigned(ctx context.Context, seller, packageID string, item PackageItem) error {
	data := fields{"productId": item.ProductID, "relatedInstanceId": item.InstanceID, "quota": item.Quota}
	return s.tellAfter(ctx, seller, packageID, []string{EventPackageAssigned, EventImported}, func(d *draft, told []store.Event) error {
		if slices.ContainsFunc(told, func(e store.Event) bool { return e.Kind == EventImported }) {
			return ErrImported
		}
		data.once(d, EventPackageAssigned, packageID, told)
		return nil
	})
}

// PackageWaits records why a package is not filled with a fee item, once for each reason. Errors: INSTANCE_NOT_FOUND,
// STORE_UNAVAILABLE.
func (s *Service) PackageWaits(ctx context.Context, seller, packageID, productID, reason string) error {
	return s.tellOnce(ctx, seller, packageID, EventPackageWaits, fields{"productId": productID, "reason": reason})
}

// tellOnce adds an event to an instance's order unless the order has it.
func (s *Service) tellOnce(ctx context.Context, seller, instanceID, kind string, data fields) error {
	return s.tellAfter(ctx, seller, instanceID, []string{kind}, func(d *draft, told []store.Event) error {
		data.once(d, kind, instanceID, told)
		return nil
	})
}

// once adds an event to an instance's order unless one of those that it has tells the same.
func (f fields) once(d *draft, kind, instanceID string, told []store.Event) {
	if !slices.ContainsFunc(told, func(e store.Event) bool { return e.Kind == kind && f.tell(e.Data) }) {
		d.event(kind, instanceID, f)
	}
}
