package v1

import (
	"context"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/store"
)

// instances serves InstanceService.
type instances struct {
	koogatev1.UnimplementedInstanceServiceServer

	core *fulfil.Service
}

// GetInstance implements InstanceService.
func (s *instances) GetInstance(ctx context.Context, r *koogatev1.GetInstanceRequest) (*koogatev1.GetInstanceResponse, error) {
	seller, err := sellerOf(ctx)
	if err != nil {
		return nil, err
	}
	i, err := s.core.Instance(ctx, seller, r.GetInstanceId())
	if err != nil {
		return nil, err
	}
	return &koogatev1.GetInstanceResponse{Instance: s.show(i)}, nil
}

// ListInstances implements InstanceService.
func (s *instances) ListInstances(ctx context.Context, r *koogatev1.ListInstancesRequest) (*koogatev1.ListInstancesResponse, error) {
	l := list[store.Instance]{
		name: "instances",
		fields: fields{
			"state": stored(koogatev1.InstanceState(0), prefixInstanceState), "order_id": nil, "product_id": nil,
			"endpoint": nil, "charging_mode": nil,
		},
		read:  s.core.Instances,
		place: func(i store.Instance) store.Cursor { return store.Cursor{CreatedAt: i.CreatedAt, ID: i.InstanceID} },
	}
	rows, next, err := l.page(ctx, r)
	if err != nil {
		return nil, err
	}
	return &koogatev1.ListInstancesResponse{Instances: each(rows, s.show), NextPageToken: next}, nil
}

func (s *instances) show(i store.Instance) *koogatev1.Instance {
	return instanceOf(s.core.Shown(i), s.core.FrontEnd(i))
}
