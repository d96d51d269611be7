// SPDX-License-Identifier: Apache-2.0

package v1

import (
	"context"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/decimal"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/quota"
	"github.com/koogate/koogate/store"
)

// Quotas is what QuotaService calls; *quota.Service is one.
type Quotas interface {
	Put(ctx context.Context, p quota.Package) (store.Quota, error)
	Import(ctx context.Context, p quota.Package, try bool) (put bool, differs []string, err error)
	List(ctx context.Context, seller, instanceID string) ([]store.Quota, error)
	ListPackage(ctx context.Context, seller, packageID string) ([]store.Quota, error)
	Check(ctx context.Context, seller, instanceID string, amount store.Units) (enough bool, left store.Units, err error)
	Reserve(ctx context.Context, seller, instanceID, id string, amount store.Units, hold time.Duration) (store.Reservation, error)
	Commit(ctx context.Context, seller, id string, used *store.Units, end time.Time) (store.Reservation, error)
	Cancel(ctx context.Context, seller, id string) (store.Reservation, error)
}

// quotas serves QuotaService.
type quotas struct {
	koogatev1.UnimplementedQuotaServiceServer

	quotas Quotas
}

// PutQuota implements QuotaService.
func (s *quotas) PutQuota(ctx context.Context, r *koogatev1.PutQuotaRequest) (*koogatev1.PutQuotaResponse, error) {
	seller, err := sellerOf(ctx)
	if err != nil {
		return nil, err
	}
	amount, err := amountOf("quota", r.GetQuota())
	if err != nil {
		return nil, err
	}
	used, err := usedOf("used_elsewhere", r.GetUsedElsewhere())
	if err != nil {
		return nil, err
	}
	q, err := s.quotas.Put(ctx, quota.Package{
		Seller: seller, InstanceID: r.GetInstanceId(), PackageID: r.GetPackageId(), Quota: amount, Priority: r.GetPriority(),
		ExpireAt: timeOf(r.GetExpireTime()), KeepGoing: r.GetKeepGoing(),
		Reset: resetOf(r.GetReset_()), BeginAt: timeOf(r.GetBeginTime()), UsedElsewhere: used,
	})
	if err != nil {
		return nil, err
	}
	return &koogatev1.PutQuotaResponse{Quota: quotaOf(q)}, nil
}

// ListQuotas implements QuotaService.
func (s *quotas) ListQuotas(ctx context.Context, r *koogatev1.ListQuotasRequest) (*koogatev1.ListQuotasResponse, error) {
	seller, err := sellerOf(ctx)
	if err != nil {
		return nil, err
	}
	list, err := s.quotas.List(ctx, seller, r.GetInstanceId())
	if err != nil {
		return nil, err
	}
	return &koogatev1.ListQuotasResponse{Quotas: each(list, quotaOf)}, nil
}

// ListPackageQuotas implements QuotaService.
func (s *quotas) ListPackageQuotas(ctx context.Context, r *koogatev1.ListPackageQuotasRequest) (*koogatev1.ListPackageQuotasResponse, error) {
	seller, err := sellerOf(ctx)
	if err != nil {
		return nil, err
	}
	list, err := s.quotas.ListPackage(ctx, seller, r.GetPackageId())
	if err != nil {
		return nil, err
	}
	return &koogatev1.ListPackageQuotasResponse{Quotas: each(list, quotaOf)}, nil
}

// CheckQuota implements QuotaService.
func (s *quotas) CheckQuota(ctx context.Context, r *koogatev1.CheckQuotaRequest) (*koogatev1.CheckQuotaResponse, error) {
	seller, err := sellerOf(ctx)
	if err != nil {
		return nil, err
	}
	amount, err := amountOf("amount", r.GetAmount())
	if err != nil {
		return nil, err
	}
	enough, left, err := s.quotas.Check(ctx, seller, r.GetInstanceId(), amount)
	if err != nil {
		return nil, err
	}
	return &koogatev1.CheckQuotaResponse{Enough: enough, Left: decimal.Format(left)}, nil
}

// ReserveQuota implements QuotaService.
func (s *quotas) ReserveQuota(ctx context.Context, r *koogatev1.ReserveQuotaRequest) (*koogatev1.ReserveQuotaResponse, error) {
	seller, err := sellerOf(ctx)
	if err != nil {
		return nil, err
	}
	amount, err := amountOf("amount", r.GetAmount())
	if err != nil {
		return nil, err
	}
	made, err := s.quotas.Reserve(ctx, seller, r.GetInstanceId(), r.GetReservationId(), amount, r.GetHold().AsDuration())
	if err != nil {
		return nil, err
	}
	return &koogatev1.ReserveQuotaResponse{Reservation: reservationOf(made)}, nil
}

// CommitReservation implements QuotaService.
func (s *quotas) CommitReservation(ctx context.Context, r *koogatev1.CommitReservationRequest) (*koogatev1.CommitReservationResponse, error) {
	seller, err := sellerOf(ctx)
	if err != nil {
		return nil, err
	}
	var used *store.Units
	if text := r.GetUsed(); text != "" {
		amount, err := amountOf("used", text)
		if err != nil {
			return nil, err
		}
		used = &amount
	}
	done, err := s.quotas.Commit(ctx, seller, r.GetReservationId(), used, timeOf(r.GetEndTime()))
	if err != nil {
		return nil, err
	}
	return &koogatev1.CommitReservationResponse{Reservation: reservationOf(done)}, nil
}

// CancelReservation implements QuotaService.
func (s *quotas) CancelReservation(ctx context.Context, r *koogatev1.CancelReservationRequest) (*koogatev1.CancelReservationResponse, error) {
	seller, err := sellerOf(ctx)
	if err != nil {
		return nil, err
	}
	done, err := s.quotas.Cancel(ctx, seller, r.GetReservationId())
	if err != nil {
		return nil, err
	}
	return &koogatev1.CancelReservationResponse{Reservation: reservationOf(done)}, nil
}

// amountOf reads an amount. Errors: INVALID_FIELD.
func amountOf(field, text string) (store.Units, error) {
	u, err := decimal.Parse(text)
	if err != nil {
		return 0, errs.BadField(field, "want a decimal with at most 8 digits before and 4 behind the point")
	}
	return u, nil
}

// usedOf is amountOf for an amount that may be left out.
func usedOf(field, text string) (store.Units, error) {
	if text == "" {
		return 0, nil
	}
	return amountOf(field, text)
}

// timeOf reads a time; none is the zero time.
func timeOf(t *timestamppb.Timestamp) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.AsTime().Truncate(time.Microsecond)
}

func quotaOf(q store.Quota) *koogatev1.Quota {
	return &koogatev1.Quota{
		InstanceId: q.InstanceID, PackageId: q.PackageID, Meter: q.Meter, Quota: decimal.Format(q.Quota), Used: decimal.Format(q.Used),
		Reserved: decimal.Format(q.Reserved), Left: decimal.Format(q.Left()), Priority: q.Priority, ExpireTime: timestamp(q.ExpireAt),
		Stop: q.Stop, Reset_: resetName(q.Reset), BeginTime: timestamp(q.BeginAt), Cycle: q.Cycle, ResetTime: timestamp(q.TurnAt),
		UsedBefore: decimal.Format(q.UsedBefore), UsedElsewhere: decimal.Format(q.UsedElsewhere),
	}
}

// resetOf is nil for what is to stay as it is.
func resetOf(r koogatev1.QuotaReset) *store.Reset {
	reset := store.ResetNone
	switch r {
	case koogatev1.QuotaReset_QUOTA_RESET_UNSPECIFIED:
		return nil
	case koogatev1.QuotaReset_QUOTA_RESET_MONTH:
		reset = store.ResetMonth
	case koogatev1.QuotaReset_QUOTA_RESET_YEAR:
		reset = store.ResetYear
	}
	return &reset
}

func resetName(r store.Reset) koogatev1.QuotaReset {
	switch r {
	case store.ResetMonth:
		return koogatev1.QuotaReset_QUOTA_RESET_MONTH
	case store.ResetYear:
		return koogatev1.QuotaReset_QUOTA_RESET_YEAR
	}
	return koogatev1.QuotaReset_QUOTA_RESET_NONE
}

func reservationOf(r store.Reservation) *koogatev1.Reservation {
	return &koogatev1.Reservation{
		ReservationId: r.ID, InstanceId: r.InstanceID, Amount: decimal.Format(r.Amount), Used: decimal.Format(r.Used),
		Parts: each(r.Parts, func(p store.ReservationPart) *koogatev1.ReservedPart {
			return &koogatev1.ReservedPart{PackageId: p.PackageID, Amount: decimal.Format(p.Amount), Cycle: p.Cycle}
		}),
		State: reservationState(r.State), ExpireTime: timestamp(r.ExpireAt),
	}
}
