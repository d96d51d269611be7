// SPDX-License-Identifier: Apache-2.0

package facade

import (
	"google.golang.org/grpc"

	productionv1 "github.com/koogate/koogate/gen/koogate/production/v1"
	"github.com/koogate/koogate/server/api/production"
	"github.com/koogate/koogate/server/facade/wirejson"
	"github.com/koogate/koogate/server/fulfil"
)

// saasV2 is the SaaS V2.0 production interface (saas-v2).
func saasV2() Family {
	return Family{Name: fulfil.FamilySaasV2, door: postDoor, services: []service{saasV2Service()}, subject: instanceCall}
}

func saasV2Service(only ...string) service {
	return service{
		descriptor: productionv1.File_koogate_production_v1_saas_v2_proto.Services().ByName("SaasV2Service"),
		gateway:    gateway(productionv1.NewSaasV2ServiceClient, productionv1.RegisterSaasV2ServiceHandlerClient),
		serve: func(r grpc.ServiceRegistrar, d production.Deps) {
			productionv1.RegisterSaasV2ServiceServer(r, production.NewSaasV2(d))
		},
		only: only,
	}
}

// instanceCall is the subject of calls that name an order line to create or an instance to act on.
func instanceCall(_, activity string, o *wirejson.Object) subject {
	if activity != fulfil.ActionNew {
		return subject{instances: o.Text("instanceId")}
	}
	return subject{
		order: o.Text("orderId"), line: o.Text("orderLineId"), product: o.Text("productId"), business: o.Text("businessId"), creates: true,
	}
}
