// SPDX-License-Identifier: Apache-2.0

package v1

import (
	"context"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/access"
	"github.com/koogate/koogate/server/api/v1/form"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/seller"
	"github.com/koogate/koogate/store"
)

// sellers serves SellerService.
type sellers struct {
	koogatev1.UnimplementedSellerServiceServer

	settings
}

// looksAfterAll says whether the caller sees every seller.
func looksAfterAll(ctx context.Context) bool {
	p, _ := access.From(ctx)
	return p.Has(access.Installation)
}

// sees refuses a seller that is not the caller's as one that does not exist. Errors: SETTING_NOT_FOUND.
func sees(ctx context.Context, name string) (own string, err error) {
	own, err = sellerOf(ctx)
	if err == nil && own != name && !looksAfterAll(ctx) {
		err = errs.New(errs.NotFound, errs.SettingNotFound, "seller %s does not exist", name)
	}
	return own, err
}

// GetSeller implements SellerService.
func (s *sellers) GetSeller(ctx context.Context, r *koogatev1.GetSellerRequest) (*koogatev1.GetSellerResponse, error) {
	if _, err := sees(ctx, r.GetSeller()); err != nil {
		return nil, err
	}
	x, err := s.sellers.SellerRow(ctx, r.GetSeller())
	if err != nil {
		return nil, err
	}
	return &koogatev1.GetSellerResponse{Seller: sellerRow(x)}, nil
}

// ListSellers implements SellerService.
func (s *sellers) ListSellers(ctx context.Context, r *koogatev1.ListSellersRequest) (*koogatev1.ListSellersResponse, error) {
	l := list[seller.Setting[seller.Seller]]{
		name: "sellers", fields: fields{"seller": nil, "managed_by": stored(koogatev1.ManagedBy(0), prefixManagedBy)}, place: placeOf[seller.Seller],
		read: func(ctx context.Context, q store.ListQuery) ([]seller.Setting[seller.Seller], error) {
			return s.sellers.SellerRows(ctx, q, looksAfterAll(ctx))
		},
	}
	rows, next, err := l.page(ctx, r)
	if err != nil {
		return nil, err
	}
	return &koogatev1.ListSellersResponse{Sellers: each(rows, sellerRow), NextPageToken: next}, nil
}

// CreateSeller implements SellerService.
func (s *sellers) CreateSeller(ctx context.Context, r *koogatev1.CreateSellerRequest) (*koogatev1.CreateSellerResponse, error) {
	a, err := act(ctx, seller.Act{Name: r.GetSeller(), Dry: r.GetValidateOnly()})
	if err != nil {
		return nil, err
	}
	x, first, err := s.sellers.CreateSeller(ctx, a, form.Seller(r.GetSettings()))
	if err != nil {
		return nil, err
	}
	return &koogatev1.CreateSellerResponse{Seller: sellerRow(x), TokenId: first.ID, TokenSecret: first.Secret.Reveal()}, nil
}

// UpdateSeller implements SellerService.
func (s *sellers) UpdateSeller(ctx context.Context, r *koogatev1.UpdateSellerRequest) (*koogatev1.UpdateSellerResponse, error) {
	own, err := sees(ctx, r.GetSeller())
	if err != nil {
		return nil, err
	}
	a := seller.Act{Seller: own, Name: r.GetSeller(), Etag: r.GetEtag(), Dry: r.GetValidateOnly()}
	x, err := s.sellers.UpdateSeller(ctx, a, func(m *seller.Marketplace) error {
		all := form.SellerSettings(*m)
		if err := form.Merge(all, r.GetSettings(), r.GetUpdateMask().GetPaths()); err != nil {
			return err
		}
		*m = form.Seller(all)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &koogatev1.UpdateSellerResponse{Seller: sellerRow(x)}, nil
}

// DeleteSeller implements SellerService.
func (s *sellers) DeleteSeller(ctx context.Context, r *koogatev1.DeleteSellerRequest) (*koogatev1.DeleteSellerResponse, error) {
	a, err := act(ctx, seller.Act{Name: r.GetSeller(), Etag: r.GetEtag(), Dry: r.GetValidateOnly()})
	if err != nil {
		return nil, err
	}
	err = s.sellers.EndSellerRow(ctx, a, func(ctx context.Context) error {
		if r.GetForce() {
			return nil
		}
		endpoints, err := s.sellers.EndpointRows(ctx, store.ListQuery{Seller: a.Name, Limit: 1})
		if err != nil {
			return err
		}
		if len(endpoints) > 0 {
			return errs.New(errs.Precondition, errs.StateConflict, "seller %s has endpoints still, e.g. %s: delete them first, or delete with force", a.Name, endpoints[0].Name)
		}
		return s.unreleased(ctx, a.Name, "seller "+a.Name+" has instances")
	})
	if err != nil {
		return nil, err
	}
	return &koogatev1.DeleteSellerResponse{}, nil
}

func sellerRow(x seller.Setting[seller.Seller]) *koogatev1.Seller {
	m := x.Value.Marketplace
	m.SecretKey, m.UsageKey = "", "" // input only
	return &koogatev1.Seller{
		Seller: x.Name, Settings: form.SellerSettings(m), ManagedBy: managedBy(x.ManagedBy), SecretKeyTime: timestamp(x.Value.SecretKeyAt),
		UsageKeyTime: timestamp(x.Value.UsageKeyAt), CreateTime: timestamp(x.CreatedAt), UpdateTime: timestamp(x.UpdatedAt), Etag: seller.Etag(x.Version),
	}
}
