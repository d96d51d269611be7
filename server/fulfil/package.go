// SPDX-License-Identifier: Apache-2.0

package fulfil

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"slices"
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

// PackageAssigned records on the package's order to which instance a fee item of it belongs, once. Errors:
// INSTANCE_NOT_FOUND, STORE_UNAVAILABLE.
func (s *Service) PackageAssigned(ctx context.Context, seller, packageID string, item PackageItem) error {
	return s.tellOnce(ctx, seller, packageID, EventPackageAssigned, fields{
		"productId": item.ProductID, "relatedInstanceId": item.InstanceID, "quota": item.Quota,
	})
}

// PackageWaits records why a package is not filled with a fee item, once for each reason. Errors: INSTANCE_NOT_FOUND,
// STORE_UNAVAILABLE.
func (s *Service) PackageWaits(ctx context.Context, seller, packageID, productID, reason string) error {
	return s.tellOnce(ctx, seller, packageID, EventPackageWaits, fields{"productId": productID, "reason": reason})
}

// tellOnce adds an event to an instance's order unless the order has it.
func (s *Service) tellOnce(ctx context.Context, seller, instanceID, kind string, data fields) error {
	return s.tellAfter(ctx, seller, instanceID, kind, func(d *draft, told []string) {
		if !slices.ContainsFunc(told, data.tell) {
			d.event(kind, instanceID, data)
		}
	})
}
