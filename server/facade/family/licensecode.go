// SPDX-License-Identifier: Apache-2.0

package family

import (
	"google.golang.org/grpc"

	productionv1 "github.com/koogate/koogate/gen/koogate/production/v1"
	"github.com/koogate/koogate/server/api/production"
	"github.com/koogate/koogate/server/facade/wirejson"
	"github.com/koogate/koogate/server/fulfil"
)

// licenseCode are the callbacks of License 2.0 (saas-v1 §5.3).
func licenseCode() Family {
	return Family{
		Name: fulfil.FamilyLicenseCode, Door: Post,
		Services: []Service{{
			Descriptor: productionv1.File_koogate_production_v1_license_code_proto.Services().ByName("LicenseCodeService"),
			Gateway:    gateway(productionv1.NewLicenseCodeServiceClient, productionv1.RegisterLicenseCodeServiceHandlerClient),
			serve: func(r grpc.ServiceRegistrar, d production.Deps) {
				productionv1.RegisterLicenseCodeServiceServer(r, production.NewLicenseCode(d))
			},
		}},
		Subject: func(seller, _ string, o *wirejson.Object) Subject {
			code := o.Text("license")
			if !IDSized(code) {
				return Subject{}
			}
			return Subject{Instances: fulfil.LicenceInstanceID(seller, code)}
		},
	}
}
