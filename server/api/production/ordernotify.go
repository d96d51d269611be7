// SPDX-License-Identifier: Apache-2.0

package production

import (
	"context"

	productionv1 "github.com/koogate/koogate/gen/koogate/production/v1"
	"github.com/koogate/koogate/server/fulfil"
)

// orderNotify implements OrderNotifyService. Its page shows no body of an answer, so a success reads as in V2.
type orderNotify struct {
	productionv1.UnimplementedOrderNotifyServiceServer
	shared
}

// NewOrderNotify returns the service of order notifications.
func NewOrderNotify(d Deps) productionv1.OrderNotifyServiceServer {
	return &orderNotify{shared: shared{Deps: d}}
}

// OrderNotify implements OrderNotifyService.
func (s *orderNotify) OrderNotify(ctx context.Context, r *productionv1.OrderNotifyRequest) (*productionv1.OrderNotifyResponse, error) {
	code, msg := s.do(ctx, r, activityOrderNotify, func(ep *fulfil.Endpoint, twin *fulfil.Twin) (fulfil.Answer, error) {
		if twin != nil {
			return twin.Done(), nil
		}
		return s.Core.OrderNotify(ctx, fulfil.OrderNotify{
			Endpoint: ep, OrderID: r.GetOrderId(), OrderLineID: r.GetOrderLineId(), Extra: r.GetExtraJson(), Arrived: s.arrived(ctx),
		})
	})
	return &productionv1.OrderNotifyResponse{ResultCode: code, ResultMsg: msg}, nil
}
