// SPDX-License-Identifier: Apache-2.0

package family

import (
	"google.golang.org/grpc"

	productionv1 "github.com/koogate/koogate/gen/koogate/production/v1"
	"github.com/koogate/koogate/server/api/production"
	"github.com/koogate/koogate/server/facade/wirejson"
	"github.com/koogate/koogate/server/fulfil"
)

// licenseV1 is the License V1 interface (saas-v1 §4).
func licenseV1() Family {
	return Family{
		Name: fulfil.FamilyLicenseV1, Door: Get,
		Services: []Service{{
			Descriptor: productionv1.File_koogate_production_v1_license_v1_proto.Services().ByName("LicenseV1Service"),
			Gateway:    gateway(productionv1.NewLicenseV1ServiceClient, productionv1.RegisterLicenseV1ServiceHandlerClient),
			serve: func(r grpc.ServiceRegistrar, d production.Deps) {
				productionv1.RegisterLicenseV1ServiceServer(r, production.NewLicenseV1(d))
			},
		}},
		Subject: func(_, activity string, o *wirejson.Object) Subject {
			if activity != "getLicense" {
				return Subject{Instances: o.Text("instanceId")}
			}
			return Subject{Order: o.Text("orderId"), Business: o.Text("businessId"), Creates: true}
		},
	}
}
