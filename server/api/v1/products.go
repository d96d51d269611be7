// SPDX-License-Identifier: Apache-2.0

package v1

import (
	"context"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/api/v1/form"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/server/seller"
	"github.com/koogate/koogate/store"
)

// products serves ProductService.
type products struct {
	koogatev1.UnimplementedProductServiceServer

	settings
}

// GetProduct implements ProductService.
func (s *products) GetProduct(ctx context.Context, r *koogatev1.GetProductRequest) (*koogatev1.GetProductResponse, error) {
	owner, err := sellerOf(ctx)
	if err != nil {
		return nil, err
	}
	x, err := s.sellers.Product(ctx, owner, r.GetEndpoint(), r.GetProductId())
	if err != nil {
		return nil, err
	}
	return &koogatev1.GetProductResponse{Product: productOf(x)}, nil
}

// ListProducts implements ProductService.
func (s *products) ListProducts(ctx context.Context, r *koogatev1.ListProductsRequest) (*koogatev1.ListProductsResponse, error) {
	l := list[seller.Setting[seller.Product]]{
		name:   "products",
		fields: fields{"endpoint": nil, "product_id": nil, "provisioner": nil, "managed_by": stored(koogatev1.ManagedBy(0), prefixManagedBy)},
		read:   s.sellers.Products, place: placeOf[seller.Product],
	}
	rows, next, err := l.page(ctx, r)
	if err != nil {
		return nil, err
	}
	return &koogatev1.ListProductsResponse{Products: each(rows, productOf), NextPageToken: next}, nil
}

// CreateProduct implements ProductService.
func (s *products) CreateProduct(ctx context.Context, r *koogatev1.CreateProductRequest) (*koogatev1.CreateProductResponse, error) {
	a, err := act(ctx, seller.Act{Parent: r.GetEndpoint(), Name: r.GetProductId(), Dry: r.GetValidateOnly()})
	if err != nil {
		return nil, err
	}
	p, err := form.Product("settings", r.GetSettings())
	if err != nil {
		return nil, err
	}
	x, err := s.sellers.CreateProduct(ctx, a, p)
	if err != nil {
		return nil, err
	}
	return &koogatev1.CreateProductResponse{Product: productOf(x)}, nil
}

// UpdateProduct implements ProductService.
func (s *products) UpdateProduct(ctx context.Context, r *koogatev1.UpdateProductRequest) (*koogatev1.UpdateProductResponse, error) {
	a, err := act(ctx, seller.Act{Parent: r.GetEndpoint(), Name: r.GetProductId(), Etag: r.GetEtag(), Dry: r.GetValidateOnly()})
	if err != nil {
		return nil, err
	}
	x, err := s.sellers.UpdateProduct(ctx, a, func(p *seller.Product) error {
		m := form.ProductSettings(*p)
		if err := form.Merge(m, r.GetSettings(), r.GetUpdateMask().GetPaths()); err != nil {
			return err
		}
		var err error
		*p, err = form.Product("settings", m)
		return err
	})
	if err != nil {
		return nil, err
	}
	answer := &koogatev1.UpdateProductResponse{Product: productOf(x)}
	if r.GetOpenTasks() != koogatev1.OpenTasks_OPEN_TASKS_FOLLOW || r.GetValidateOnly() {
		return answer, nil
	}
	move := fulfil.Move{Seller: a.Seller, Endpoint: a.Parent, ProductID: a.Name, Reason: r.GetReason(), Who: callerOf(ctx)}
	for _, p := range s.sellers.Snapshot().Provisioners {
		if p.Of(a.Seller) && p.Name != x.Value.Provisioner {
			move.From = append(move.From, p.Name)
		}
	}
	moved, more, err := s.core.MoveTasks(ctx, move)
	if err != nil {
		return nil, err
	}
	answer.MovedTasks, answer.MoreTasks = int32(moved), more
	return answer, nil
}

// DeleteProduct implements ProductService.
func (s *products) DeleteProduct(ctx context.Context, r *koogatev1.DeleteProductRequest) (*koogatev1.DeleteProductResponse, error) {
	a, err := act(ctx, seller.Act{Parent: r.GetEndpoint(), Name: r.GetProductId(), Etag: r.GetEtag(), Dry: r.GetValidateOnly()})
	if err != nil {
		return nil, err
	}
	err = s.sellers.EndProduct(ctx, a, func(ctx context.Context, replaced bool) error {
		at := store.Term{Field: "endpoint", Value: a.Parent}
		switch {
		case r.GetForce() || replaced:
			return nil
		case a.Name == "*":
			return s.unreleased(ctx, a.Seller, "endpoint "+a.Parent+" has instances, which may be of products that nothing else names,", at)
		}
		return s.unreleased(ctx, a.Seller, "product "+a.Name+" of endpoint "+a.Parent+" has instances", at, store.Term{Field: "product_id", Value: a.Name})
	})
	if err != nil {
		return nil, err
	}
	return &koogatev1.DeleteProductResponse{}, nil
}

func productOf(x seller.Setting[seller.Product]) *koogatev1.Product {
	return &koogatev1.Product{
		Endpoint: x.Parent, ProductId: x.Name, Seller: x.Seller, Settings: form.ProductSettings(x.Value), ManagedBy: managedBy(x.ManagedBy),
		CreateTime: timestamp(x.CreatedAt), UpdateTime: timestamp(x.UpdatedAt), Etag: seller.Etag(x.Version),
	}
}
