// SPDX-License-Identifier: Apache-2.0

package v1

import (
	"context"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/api/v1/form"
	"github.com/koogate/koogate/server/errs"
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

// UpdateInstanceAccess implements InstanceService.
func (s *instances) UpdateInstanceAccess(ctx context.Context, r *koogatev1.UpdateInstanceAccessRequest) (*koogatev1.UpdateInstanceAccessResponse, error) {
	seller, err := sellerOf(ctx)
	if err != nil {
		return nil, err
	}
	a := r.GetAccess()
	u := fulfil.AccessUpdate{
		Seller: seller, InstanceID: r.GetInstanceId(), Etag: r.GetEtag(), Reason: r.GetReason(), Who: callerOf(ctx),
		Access: fulfil.Access{
			FrontEndURL: a.GetFrontEndUrl(), AdminURL: a.GetAdminUrl(), UserName: a.GetUserName(), Password: a.GetPassword(), Memo: a.GetMemo(),
		},
	}
	if u.Fields, err = accessFields(r.GetUpdateMask().GetPaths(), u.Access); err != nil {
		return nil, err
	}
	i, err := s.core.UpdateAccess(ctx, u)
	if err != nil {
		return nil, err
	}
	return &koogatev1.UpdateInstanceAccessResponse{Instance: s.show(i)}, nil
}

// accessFields are the fields that change. Errors: INVALID_FIELD.
func accessFields(mask []string, a fulfil.Access) ([]string, error) {
	names, known := form.Changed(mask,
		form.Field{Path: "front_end_url", Name: "frontEndUrl", Given: a.FrontEndURL != ""}, form.Field{Path: "admin_url", Name: "adminUrl", Given: a.AdminURL != ""},
		form.Field{Path: "user_name", Name: "userName", Given: a.UserName != ""}, form.Field{Path: "password", Name: "password", Given: a.Password != ""},
		form.Field{Path: "memo", Name: "memo", Given: a.Memo != ""},
	)
	switch {
	case !known:
		return nil, errs.BadField("update_mask", "names a field that access does not have; it has front_end_url, admin_url, user_name, password and memo")
	case len(names) == 0:
		return nil, errs.BadField("access", "names nothing to change")
	}
	return names, nil
}

// FreezeInstance implements InstanceService.
func (s *instances) FreezeInstance(ctx context.Context, r *koogatev1.FreezeInstanceRequest) (*koogatev1.FreezeInstanceResponse, error) {
	i, err := s.byHand(ctx, s.core.FreezeByHand, fulfil.ByHand{InstanceID: r.GetInstanceId(), Reason: r.GetReason()})
	if err != nil {
		return nil, err
	}
	return &koogatev1.FreezeInstanceResponse{Instance: i}, nil
}

// UnfreezeInstance implements InstanceService.
func (s *instances) UnfreezeInstance(ctx context.Context, r *koogatev1.UnfreezeInstanceRequest) (*koogatev1.UnfreezeInstanceResponse, error) {
	i, err := s.byHand(ctx, s.core.UnfreezeByHand, fulfil.ByHand{InstanceID: r.GetInstanceId(), Reason: r.GetReason()})
	if err != nil {
		return nil, err
	}
	return &koogatev1.UnfreezeInstanceResponse{Instance: i}, nil
}

// ReleaseInstance implements InstanceService.
func (s *instances) ReleaseInstance(ctx context.Context, r *koogatev1.ReleaseInstanceRequest) (*koogatev1.ReleaseInstanceResponse, error) {
	if r.GetConfirm() != r.GetInstanceId() {
		return nil, errs.BadField("confirm", "is not the instance ID; a release cannot be taken back")
	}
	i, err := s.byHand(ctx, s.core.ReleaseByHand, fulfil.ByHand{InstanceID: r.GetInstanceId(), Reason: r.GetReason(), Force: r.GetForce()})
	if err != nil {
		return nil, err
	}
	return &koogatev1.ReleaseInstanceResponse{Instance: i}, nil
}

// byHand has the caller do something to an instance.
func (s *instances) byHand(
	ctx context.Context, act func(context.Context, fulfil.ByHand) (store.Instance, error), h fulfil.ByHand,
) (*koogatev1.Instance, error) {
	var err error
	if h.Seller, err = sellerOf(ctx); err != nil {
		return nil, err
	}
	h.Who = callerOf(ctx)
	i, err := act(ctx, h)
	if err != nil {
		return nil, err
	}
	return s.show(i), nil
}
