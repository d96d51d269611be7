// SPDX-License-Identifier: Apache-2.0

package family

import (
	"google.golang.org/grpc"

	productionv1 "github.com/koogate/koogate/gen/koogate/production/v1"
	"github.com/koogate/koogate/koogallery/deadline"
	"github.com/koogate/koogate/server/api/production"
	"github.com/koogate/koogate/server/facade/wirejson"
)

// orderNotify are order notifications (saas-v1 §9).
func orderNotify() Family {
	return Family{
		Name: string(deadline.OrderNotify), Door: Post,
		Services: []Service{{
			Descriptor: productionv1.File_koogate_production_v1_order_notify_proto.Services().ByName("OrderNotifyService"),
			Gateway:    gateway(productionv1.NewOrderNotifyServiceClient, productionv1.RegisterOrderNotifyServiceHandlerClient),
			serve: func(r grpc.ServiceRegistrar, d production.Deps) {
				productionv1.RegisterOrderNotifyServiceServer(r, production.NewOrderNotify(d))
			},
		}},
		Subject: func(_, _ string, o *wirejson.Object) Subject {
			return Subject{Order: o.Text("orderId"), Line: o.Text("orderLineId")}
		},
	}
}
