package v1

import (
	"context"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/server/interceptor"
)

// demand refuses a call whose token lacks a scope. Errors: SCOPE_MISSING.
func demand(ctx context.Context, scope string) error {
	if interceptor.HasScope(ctx, scope) {
		return nil
	}
	e := errs.New(errs.Forbidden, errs.ScopeMissing, "the token lacks the scope %s", scope)
	e.Meta = map[string]string{"scope": scope}
	return e
}

// GetTaskInput implements TaskService.
func (s *tasks) GetTaskInput(ctx context.Context, r *koogatev1.GetTaskInputRequest) (*koogatev1.GetTaskInputResponse, error) {
	seller, err := sellerOf(ctx)
	if err != nil {
		return nil, err
	}
	if err := demand(ctx, interceptor.ScopePersonalData); err != nil {
		return nil, err
	}
	in, err := s.core.ReadInput(ctx, seller, r.GetTaskId(), interceptor.NameFrom(ctx))
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
