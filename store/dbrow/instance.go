// SPDX-License-Identifier: Apache-2.0

package dbrow

import "github.com/koogate/koogate/store"

// FromInstance makes the row of an instance.
func FromInstance(i *store.Instance) Instance {
	return Instance{
		Seller: i.Seller, InstanceID: i.InstanceID, Endpoint: i.Endpoint, OrderID: i.OrderID, OrderLineID: i.OrderLineID,
		State: string(i.State), Frozen: Truth(i.Frozen), Reason: i.Reason, FailureCode: i.FailureCode,
		ProductID: i.Product.ProductID, SkuCode: i.Product.SKUCode, ProductName: i.Product.Name,
		ChargingMode: i.Product.ChargingMode, LinearValue: i.Product.LinearValue,
		Trial: Truth(i.Trial), ExpireAt: Micros(i.ExpireAt), Access: Blob(i.Access), TaskSeq: i.TaskSeq,
		CreatedAt: Micros(i.CreatedAt), UpdatedAt: Micros(i.UpdatedAt), Family: i.Family,
		Facts: i.Facts, AccessVersion: i.AccessVersion, FailureText: i.FailureText, BuyerKey: i.BuyerKey,
	}
}

// InstanceUpdate makes what replaces the row of an instance.
func InstanceUpdate(i Instance) InstanceUpdateParams {
	return InstanceUpdateParams{
		Endpoint: i.Endpoint, OrderID: i.OrderID, OrderLineID: i.OrderLineID, State: i.State, Frozen: i.Frozen,
		Reason: i.Reason, FailureCode: i.FailureCode, ProductID: i.ProductID, SkuCode: i.SkuCode, ProductName: i.ProductName,
		ChargingMode: i.ChargingMode, LinearValue: i.LinearValue, Trial: i.Trial, ExpireAt: i.ExpireAt, Access: i.Access,
		TaskSeq: i.TaskSeq, UpdatedAt: i.UpdatedAt, Family: i.Family, Facts: i.Facts, AccessVersion: i.AccessVersion,
		FailureText: i.FailureText, BuyerKey: i.BuyerKey, Seller: i.Seller, InstanceID: i.InstanceID,
	}
}

// ToInstance makes an instance of its row.
func ToInstance(r Instance) store.Instance {
	return store.Instance{
		Seller: r.Seller, InstanceID: r.InstanceID, Endpoint: r.Endpoint, Family: r.Family, OrderID: r.OrderID, OrderLineID: r.OrderLineID,
		Facts: r.Facts, AccessVersion: r.AccessVersion, FailureText: r.FailureText, BuyerKey: r.BuyerKey,
		State: store.InstanceState(r.State), Frozen: r.Frozen != 0, Reason: r.Reason, FailureCode: r.FailureCode,
		Product: store.Product{
			ProductID: r.ProductID, SKUCode: r.SkuCode, Name: r.ProductName, ChargingMode: r.ChargingMode, LinearValue: r.LinearValue,
		},
		Trial: r.Trial != 0, ExpireAt: Time(r.ExpireAt), Access: Blob(r.Access), TaskSeq: r.TaskSeq,
		CreatedAt: Time(r.CreatedAt), UpdatedAt: Time(r.UpdatedAt),
	}
}
