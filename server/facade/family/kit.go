// SPDX-License-Identifier: Apache-2.0

package family

import (
	"google.golang.org/grpc"

	productionv1 "github.com/koogate/koogate/gen/koogate/production/v1"
	"github.com/koogate/koogate/koogallery/deadline"
	"github.com/koogate/koogate/server/api/production"
	"github.com/koogate/koogate/server/facade/wirejson"
)

// kitV1 and kitV2 are the two generations of the joint-operation Kit (kit §A): the same calls at two paths, signed in two
// ways.
func kitV1() Family {
	return Family{Name: string(deadline.KitV1), Door: KitV1, Services: []Service{kitService()}, Subject: kitCall}
}

func kitV2() Family {
	return Family{Name: string(deadline.KitV2), Door: KitV2, Services: []Service{kitService()}, Subject: kitCall}
}

func kitService() Service {
	return Service{
		Descriptor: productionv1.File_koogate_production_v1_kit_proto.Services().ByName("KitService"),
		Gateway:    gateway(productionv1.NewKitServiceClient, productionv1.RegisterKitServiceHandlerClient),
		serve: func(r grpc.ServiceRegistrar, d production.Deps) {
			productionv1.RegisterKitServiceServer(r, production.NewKit(d))
		},
	}
}

func kitCall(_, _ string, o *wirejson.Object) Subject {
	return Subject{Instances: o.Text("instanceId")}
}
