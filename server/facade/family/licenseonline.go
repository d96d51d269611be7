// SPDX-License-Identifier: Apache-2.0

package family

import (
	"google.golang.org/grpc"

	productionv1 "github.com/koogate/koogate/gen/koogate/production/v1"
	"github.com/koogate/koogate/server/api/production"
	"github.com/koogate/koogate/server/fulfil"
)

// licenseOnline are online licences (saas-v1 §6): four activities are those of SaaS V2.0, one is their own.
func licenseOnline() Family {
	return Family{
		Name: fulfil.FamilyLicenseOnline, Door: Post, Subject: instanceCall,
		Services: []Service{
			saasV2Service(fulfil.ActionNew, "refreshInstance", "updateInstanceStatus", "releaseInstance"),
			{
				Descriptor: productionv1.File_koogate_production_v1_license_online_proto.Services().ByName("LicenseOnlineService"),
				Gateway:    gateway(productionv1.NewLicenseOnlineServiceClient, productionv1.RegisterLicenseOnlineServiceHandlerClient),
				serve: func(r grpc.ServiceRegistrar, d production.Deps) {
					productionv1.RegisterLicenseOnlineServiceServer(r, production.NewLicenseOnline(d))
				},
			},
		},
	}
}
