// SPDX-License-Identifier: Apache-2.0

package dbrow

import "github.com/koogate/koogate/store"

// FromLicenceCode makes the row of a licence code.
func FromLicenceCode(c *store.LicenceCode) LicenceCode {
	return LicenceCode{
		Seller: c.Seller, Hash: c.Hash, Code: Blob(c.Code), Status: c.Status, ActivateAt: Micros(c.ActivateAt), ExpireAt: Micros(c.ExpireAt),
		ProductID: c.ProductID, OrderID: c.OrderID, Amount: c.Amount, CheckedAt: Micros(c.CheckedAt), CreatedAt: Micros(c.CreatedAt),
		UpdatedAt: Micros(c.UpdatedAt),
	}
}

// LicenceCodeUpdate makes what replaces the row of a licence code.
func LicenceCodeUpdate(c LicenceCode, was int64) LicenceCodeUpdateParams {
	return LicenceCodeUpdateParams{
		Code: c.Code, Status: c.Status, ActivateAt: c.ActivateAt, ExpireAt: c.ExpireAt, ProductID: c.ProductID, OrderID: c.OrderID,
		Amount: c.Amount, CheckedAt: c.CheckedAt, UpdatedAt: c.UpdatedAt, Seller: c.Seller, Hash: c.Hash, Was: was,
	}
}

// ToLicenceCode makes a licence code of its row.
func ToLicenceCode(r LicenceCode) store.LicenceCode {
	return store.LicenceCode{
		Seller: r.Seller, Hash: r.Hash, Code: Blob(r.Code), Status: r.Status, ActivateAt: Time(r.ActivateAt), ExpireAt: Time(r.ExpireAt),
		ProductID: r.ProductID, OrderID: r.OrderID, Amount: r.Amount, CheckedAt: Time(r.CheckedAt), CreatedAt: Time(r.CreatedAt),
		UpdatedAt: Time(r.UpdatedAt),
	}
}

// ToLicenceDay makes a day of a licence code of its row.
func ToLicenceDay(r LicenceDay) store.LicenceDay {
	return store.LicenceDay{Seller: r.Seller, Hash: r.Hash, Day: r.Day, Clients: r.Clients, State: r.State, Reason: r.Reason}
}
