// SPDX-License-Identifier: Apache-2.0

package family

import (
	"google.golang.org/grpc"

	productionv1 "github.com/koogate/koogate/gen/koogate/production/v1"
	"github.com/koogate/koogate/server/api/production"
	"github.com/koogate/koogate/server/facade/wirejson"
	"github.com/koogate/koogate/server/fulfil"
)

// saasV1 is the SaaS V1.0 base interface (saas-v1 §1).
func saasV1() Family {
	return Family{
		Name: fulfil.FamilySaasV1, Door: Get, Subject: orderCall,
		Services: []Service{{
			Descriptor: productionv1.File_koogate_production_v1_saas_v1_proto.Services().ByName("SaasV1Service"),
			Gateway:    gateway(productionv1.NewSaasV1ServiceClient, productionv1.RegisterSaasV1ServiceHandlerClient),
			serve: func(r grpc.ServiceRegistrar, d production.Deps) {
				productionv1.RegisterSaasV1ServiceServer(r, production.NewSaasV1(d))
			},
		}},
	}
}

// orderCall is the subject of calls of the V1.0 generation, which knows no order lines. Pay-per-use is keyed by order and
// product (saas-v1 §1.2).
func orderCall(_, activity string, o *wirejson.Object) Subject {
	if activity != fulfil.ActionNew {
		return Subject{Instances: o.Text("instanceId")}
	}
	s := Subject{Order: o.Text("orderId"), Business: o.Text("businessId"), Creates: true}
	if o.Text("chargingMode") == "0" {
		s.Product = o.Text("productId")
	}
	return s
}
