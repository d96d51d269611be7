// SPDX-License-Identifier: Apache-2.0

package family

import (
	"google.golang.org/grpc"

	productionv1 "github.com/koogate/koogate/gen/koogate/production/v1"
	"github.com/koogate/koogate/server/api/production"
	"github.com/koogate/koogate/server/facade/wirejson"
	"github.com/koogate/koogate/server/fulfil"
)

// saasV2 is the SaaS V2.0 production interface (saas-v2).
func saasV2() Family {
	return Family{Name: fulfil.FamilySaasV2, Door: Post, Services: []Service{saasV2Service()}, Subject: instanceCall}
}

func saasV2Service(only ...string) Service {
	return Service{
		Descriptor: productionv1.File_koogate_production_v1_saas_v2_proto.Services().ByName("SaasV2Service"),
		Gateway:    gateway(productionv1.NewSaasV2ServiceClient, productionv1.RegisterSaasV2ServiceHandlerClient),
		serve: func(r grpc.ServiceRegistrar, d production.Deps) {
			productionv1.RegisterSaasV2ServiceServer(r, production.NewSaasV2(d))
		},
		only: only,
	}
}

// instanceCall is the subject of calls that name an order line to create or an instance to act on.
func instanceCall(_, activity string, o *wirejson.Object) Subject {
	if activity != fulfil.ActionNew {
		return Subject{Instances: o.Text("instanceId")}
	}
	return Subject{
		Order: o.Text("orderId"), Line: o.Text("orderLineId"), Product: o.Text("productId"), Business: o.Text("businessId"), Creates: true,
	}
}
