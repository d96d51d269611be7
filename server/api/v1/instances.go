// SPDX-License-Identifier: Apache-2.0

package v1

import (
	"context"
	"errors"
	"strings"

	"google.golang.org/protobuf/proto"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/api/v1/form"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/server/quota"
	"github.com/koogate/koogate/store"
)

// instances serves InstanceService.
type instances struct {
	koogatev1.UnimplementedInstanceServiceServer

	core   *fulfil.Service
	quotas Quotas
	judge  func(proto.Message) error // holds a row to its own bounds
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

// ImportInstances implements InstanceService.
func (s *instances) ImportInstances(ctx context.Context, r *koogatev1.ImportInstancesRequest) (*koogatev1.ImportInstancesResponse, error) {
	seller, err := sellerOf(ctx)
	if err != nil {
		return nil, err
	}
	im := fulfil.Imports{Seller: seller, Try: r.GetValidateOnly(), Who: callerOf(ctx), Why: r.GetReason()}
	for _, row := range r.GetRows() {
		im.Rows = append(im.Rows, importOf(row))
		im.Refuse = append(im.Refuse, s.refuse(row))
	}
	verdicts, err := s.core.Import(ctx, im)
	if err != nil {
		return nil, err
	}
	resp := &koogatev1.ImportInstancesResponse{Results: make([]*koogatev1.ImportResult, len(verdicts))}
	for k, v := range verdicts {
		if p := r.GetRows()[k]; p.GetPackage() != nil {
			if v, err = s.hold(ctx, seller, p, v, r.GetValidateOnly()); err != nil {
				return nil, err
			}
		}
		resp.Results[k] = &koogatev1.ImportResult{
			Index: int64(k), Verdict: importVerdict(v.Verdict), Fields: v.Fields, Message: v.Message,
		}
		if id := r.GetRows()[k].GetInstanceId(); len(id) <= 64 {
			resp.Results[k].InstanceId = id
		}
	}
	return resp, nil
}

// refuse holds a row to its own bounds.
func (s *instances) refuse(row *koogatev1.ImportRow) error {
	if err := s.judge(row); err != nil {
		return err
	}
	if row.GetPackage() != nil && row.GetState() == koogatev1.ImportState_IMPORT_STATE_RELEASED {
		return errs.BadField("package", "is of no use to an instance that is released")
	}
	return nil
}

// hold puts what an imported package holds, once its instance is there, and returns the verdict on both. Errors: STORE_UNAVAILABLE.
func (s *instances) hold(ctx context.Context, seller string, row *koogatev1.ImportRow, v fulfil.Imported, try bool) (fulfil.Imported, error) {
	if v.Verdict != fulfil.ImportCreated && v.Verdict != fulfil.ImportUnchanged {
		return v, nil
	}
	r := row.GetPackage()
	p := quota.Package{
		Seller: seller, InstanceID: r.GetInstanceId(), PackageID: row.GetInstanceId(), Priority: r.GetPriority(), KeepGoing: r.GetKeepGoing(),
		Reset: resetOf(r.GetReset_()), BeginAt: timeOf(r.GetBeginTime()),
	}
	bad := func(err error) fulfil.Imported {
		e := errs.As(err)
		name, why := "package", e.Msg
		if len(e.Fields) > 0 {
			name, why = "package."+strings.TrimSuffix(e.Fields[0].Path, "_elsewhere"), e.Fields[0].Msg
		}
		return fulfil.Imported{Verdict: fulfil.ImportInvalid, Fields: []string{name}, Message: "the instance is right, what it holds is not: " + why}
	}
	var err, err2 error
	p.Quota, err = amountOf("quota", r.GetQuota())
	p.UsedElsewhere, err2 = usedOf("used", r.GetUsed())
	if err = errors.Join(err, err2); err != nil {
		return bad(err), nil
	}
	put, differs, err := s.quotas.Import(ctx, p, try)
	switch {
	case err != nil && errs.As(err).Reason == errs.StoreUnavailable:
		return v, err
	case err != nil:
		return bad(err), nil
	case put:
		return fulfil.Imported{Verdict: fulfil.ImportCreated}, nil
	case len(differs) > 0:
		v := fulfil.Imported{Verdict: fulfil.ImportDiffers, Message: "the package holds something already, and differs; nothing of it was changed"}
		for _, name := range differs {
			v.Fields = append(v.Fields, "package."+name)
		}
		return v, nil
	}
	return v, nil
}

// importOf is a row as the core takes it.
func importOf(r *koogatev1.ImportRow) fulfil.Import {
	a := r.GetAccess()
	return fulfil.Import{
		Endpoint: r.GetEndpoint(), Family: r.GetFamily(), OrderID: r.GetOrderId(), OrderLineID: r.GetOrderLineId(), InstanceID: r.GetInstanceId(),
		Product:    store.Product{ProductID: r.GetProductId(), SKUCode: r.GetSkuCode(), ChargingMode: r.GetChargingMode(), LinearValue: r.GetQuantity()},
		KeyProduct: r.GetProductInKey(), State: fulfil.ImportState(strings.TrimPrefix(r.GetState().String(), prefixImportState)), Trial: r.GetTrial(),
		ExpireAt: timeOf(r.GetExpireTime()), CreatedAt: timeOf(r.GetCreateTime()), CustomerID: r.GetCustomerId(),
		Access: fulfil.Access{
			FrontEndURL: a.GetFrontEndUrl(), AdminURL: a.GetAdminUrl(), UserName: a.GetUserName(), Password: a.GetPassword(), Memo: a.GetMemo(), Licence: r.GetLicence(),
		},
	}
}
