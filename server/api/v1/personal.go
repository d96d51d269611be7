// SPDX-License-Identifier: Apache-2.0

package v1

import (
	"context"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/fulfil"
)

// GetTaskInput implements TaskService.
func (s *tasks) GetTaskInput(ctx context.Context, r *koogatev1.GetTaskInputRequest) (*koogatev1.GetTaskInputResponse, error) {
	seller, err := sellerOf(ctx)
	if err != nil {
		return nil, err
	}
	in, err := s.core.ReadInput(ctx, seller, r.GetTaskId(), callerOf(ctx))
	if err != nil {
		return nil, err
	}
	return &koogatev1.GetTaskInputResponse{Input: inputOf(in)}, nil
}

// purchaseOf shows a purchase; nil when the task is about none.
func purchaseOf(p fulfil.Purchase) *koogatev1.Purchase {
	if p == (fulfil.Purchase{}) {
		return nil
	}
	return &koogatev1.Purchase{
		OrderId: p.OrderID, OrderLineId: p.OrderLineID, OrderType: p.OrderType, ChargingMode: p.Product.ChargingMode,
		PeriodType: p.PeriodType, PeriodNumber: p.PeriodNumber, ProductId: p.Product.ProductID, SkuCode: p.Product.SKUCode,
		ProductName: p.Product.Name, LinearValue: p.Product.LinearValue, Trial: p.Trial, ExpireTime: timestamp(p.ExpireAt),
		Amount: p.Amount, DealAmount: p.DealAmount, OrderTime: timestamp(p.OrderedAt),
		Scene: p.Scene,
	}
}
