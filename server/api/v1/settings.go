// SPDX-License-Identifier: Apache-2.0

package v1

import (
	"context"
	"errors"
	"net/url"
	"slices"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/api/v1/form"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/server/outbound"
	"github.com/koogate/koogate/server/seller"
	"github.com/koogate/koogate/server/webhook"
	"github.com/koogate/koogate/store"
)

// settings has what the services of endpoints, products and provisioners share.
type settings struct {
	sellers *seller.Keeper
	core    *fulfil.Service
	moving  Moving
	caller  Caller
}

// Moving counts what old servers still have; *moving.Service is one.
type Moving interface {
	LeftBehind(ctx context.Context, seller, endpoint string) (store.LeftBehind, error)
	Compared(ctx context.Context, seller, endpoint string) ([]store.Compared, error)
}

// behind fails while the old server of an endpoint has something. Errors: STATE_CONFLICT, STORE_UNAVAILABLE.
func (s *settings) behind(ctx context.Context, owner, endpoint, otherwise string) error {
	left, err := s.moving.LeftBehind(ctx, owner, endpoint)
	if err != nil || left == (store.LeftBehind{}) {
		return err
	}
	return errs.New(errs.Precondition, errs.StateConflict,
		"the old server of endpoint %s still has %d instances that are not released, and %d orders of the last 24 hours whose calls may be repeated: wait, take its instances over, or %s with force",
		endpoint, left.Instances, left.Orders, otherwise)
}

// open refuses an address, at a path of the request, where nothing is ever called; what is wrong with its form is the settings' check to tell.
// Errors: TARGET_FORBIDDEN.
func (s *settings) open(path, address string) error {
	u, err := url.Parse(address)
	if err != nil || address == "" {
		return nil //nolint:nilerr // the check of the settings tells it
	}
	if err := s.caller.Check(u); errors.Is(err, outbound.ErrForbidden) {
		return webhook.Forbidden(err, path)
	}
	return nil
}

// act is a change by the caller.
func act(ctx context.Context, a seller.Act) (seller.Act, error) {
	var err error
	a.Seller, err = sellerOf(ctx)
	return a, err
}

// placeOf is where a setting stands in a list.
func placeOf[T any](s seller.Setting[T]) store.Cursor {
	return store.Cursor{CreatedAt: s.CreatedAt, ID: s.ID()}
}

// live are the states of instances that need an endpoint.
var live = []store.InstanceState{store.InstanceProvisioning, store.InstanceActive, store.InstanceFrozen}

// unreleased fails while a seller has an instance that is not released and matches; what says who still needs it. Errors: STATE_CONFLICT,
// LIST_BUSY, LIST_TOO_SLOW, STORE_UNAVAILABLE.
func (s *settings) unreleased(ctx context.Context, owner, what string, match ...store.Term) error {
	for _, state := range live {
		found, err := s.core.Instances(ctx, store.ListQuery{
			Seller: owner, Filter: append(slices.Clone(match), store.Term{Field: "state", Value: string(state)}), Browsing: true, Limit: 1,
		})
		if err != nil {
			return err
		}
		if len(found) > 0 {
			return errs.New(errs.Precondition, errs.StateConflict,
				"%s still, e.g. %s, which is %s: have it released first, or delete with force", what, found[0].InstanceID, state)
		}
	}
	return nil
}

// endpoints serves EndpointService.
type endpoints struct {
	koogatev1.UnimplementedEndpointServiceServer

	settings
}

// GetEndpoint implements EndpointService.
func (s *endpoints) GetEndpoint(ctx context.Context, r *koogatev1.GetEndpointRequest) (*koogatev1.GetEndpointResponse, error) {
	owner, err := sellerOf(ctx)
	if err != nil {
		return nil, err
	}
	x, err := s.sellers.EndpointRow(ctx, owner, r.GetEndpoint())
	if err != nil {
		return nil, err
	}
	m := endpointOf(x)
	left, err := s.moving.LeftBehind(ctx, owner, x.Name)
	if err != nil {
		return nil, err
	}
	if x.Value.OldURL != "" || left != (store.LeftBehind{}) {
		m.Old = &koogatev1.OldSide{Instances: left.Instances, Orders: left.Orders}
		rows, err := s.moving.Compared(ctx, owner, x.Name)
		if err != nil {
			return nil, err
		}
		m.Old.Shadow = form.ShadowReport(rows)
	}
	return &koogatev1.GetEndpointResponse{Endpoint: m}, nil
}

// ListEndpoints implements EndpointService.
func (s *endpoints) ListEndpoints(ctx context.Context, r *koogatev1.ListEndpointsRequest) (*koogatev1.ListEndpointsResponse, error) {
	l := list[seller.Setting[seller.Endpoint]]{
		name: "endpoints", fields: fields{"endpoint": nil, "managed_by": stored(koogatev1.ManagedBy(0), prefixManagedBy)},
		read: s.sellers.EndpointRows, place: placeOf[seller.Endpoint],
	}
	rows, next, err := l.page(ctx, r)
	if err != nil {
		return nil, err
	}
	return &koogatev1.ListEndpointsResponse{Endpoints: each(rows, endpointOf), NextPageToken: next}, nil
}

// CreateEndpoint implements EndpointService.
func (s *endpoints) CreateEndpoint(ctx context.Context, r *koogatev1.CreateEndpointRequest) (*koogatev1.CreateEndpointResponse, error) {
	a, err := act(ctx, seller.Act{Name: r.GetEndpoint(), Dry: r.GetValidateOnly()})
	if err != nil {
		return nil, err
	}
	n, err := form.NewEndpoint(r, keyUse)
	if err == nil {
		err = s.open("settings.old_url", n.Endpoint.OldURL)
	}
	if err != nil {
		return nil, err
	}
	x, made, err := s.sellers.CreateEndpoint(ctx, a, n)
	if err != nil {
		return nil, err
	}
	return &koogatev1.CreateEndpointResponse{Endpoint: endpointOf(x), Secret: made.Reveal()}, nil
}

// UpdateEndpoint implements EndpointService.
func (s *endpoints) UpdateEndpoint(ctx context.Context, r *koogatev1.UpdateEndpointRequest) (*koogatev1.UpdateEndpointResponse, error) {
	a, err := act(ctx, seller.Act{Name: r.GetEndpoint(), Etag: r.GetEtag(), Dry: r.GetValidateOnly()})
	if err != nil {
		return nil, err
	}
	x, err := s.sellers.UpdateEndpoint(ctx, a, func(e *seller.Endpoint) error {
		m := form.EndpointSettings(*e)
		if err := form.Merge(m, r.GetSettings(), r.GetUpdateMask().GetPaths()); err != nil {
			return err
		}
		was := e.OldURL
		var err error
		if *e, err = form.Endpoint(m); err != nil || e.OldURL == was {
			return err
		}
		if was != "" && !r.GetForce() {
			if err := s.behind(ctx, a.Seller, a.Name, "change it"); err != nil {
				return err
			}
		}
		return s.open("settings.old_url", e.OldURL)
	})
	if err != nil {
		return nil, err
	}
	return &koogatev1.UpdateEndpointResponse{Endpoint: endpointOf(x)}, nil
}

// DeleteEndpoint implements EndpointService.
func (s *endpoints) DeleteEndpoint(ctx context.Context, r *koogatev1.DeleteEndpointRequest) (*koogatev1.DeleteEndpointResponse, error) {
	a, err := act(ctx, seller.Act{Name: r.GetEndpoint(), Etag: r.GetEtag(), Dry: r.GetValidateOnly()})
	if err != nil {
		return nil, err
	}
	err = s.sellers.EndEndpointRow(ctx, a, func(ctx context.Context) error {
		if r.GetForce() {
			return nil
		}
		if err := s.behind(ctx, a.Seller, a.Name, "delete"); err != nil {
			return err
		}
		return s.unreleased(ctx, a.Seller, "endpoint "+a.Name+" has instances", store.Term{Field: "endpoint", Value: a.Name})
	})
	if err != nil {
		return nil, err
	}
	return &koogatev1.DeleteEndpointResponse{}, nil
}

func endpointOf(x seller.Setting[seller.Endpoint]) *koogatev1.Endpoint {
	return &koogatev1.Endpoint{
		Endpoint: x.Name, Seller: x.Seller, Settings: form.EndpointSettings(x.Value), ManagedBy: managedBy(x.ManagedBy),
		CreateTime: timestamp(x.CreatedAt), UpdateTime: timestamp(x.UpdatedAt), Etag: seller.Etag(x.Version),
	}
}

// provisioners serves ProvisionerService.
type provisioners struct {
	koogatev1.UnimplementedProvisionerServiceServer

	settings
}

// Caller says what can be seen to be wrong with an address that Koogate shall call.
type Caller interface {
	// Check has the errors [outbound.ErrForbidden] among others.
	Check(u *url.URL) error
}

// GetProvisioner implements ProvisionerService.
func (s *provisioners) GetProvisioner(ctx context.Context, r *koogatev1.GetProvisionerRequest) (*koogatev1.GetProvisionerResponse, error) {
	owner, err := sellerOf(ctx)
	if err != nil {
		return nil, err
	}
	x, err := s.sellers.Provisioner(ctx, owner, r.GetProvisioner())
	if err != nil {
		return nil, err
	}
	return &koogatev1.GetProvisionerResponse{Provisioner: provisionerOf(x)}, nil
}

// ListProvisioners implements ProvisionerService.
func (s *provisioners) ListProvisioners(ctx context.Context, r *koogatev1.ListProvisionersRequest) (*koogatev1.ListProvisionersResponse, error) {
	l := list[seller.Setting[seller.Provisioner]]{
		name: "provisioners",
		fields: fields{
			"provisioner": nil, "type": seller.ProvisionerTypes(), "managed_by": stored(koogatev1.ManagedBy(0), prefixManagedBy),
		},
		read: s.sellers.Provisioners, place: placeOf[seller.Provisioner],
	}
	rows, next, err := l.page(ctx, r)
	if err != nil {
		return nil, err
	}
	return &koogatev1.ListProvisionersResponse{Provisioners: each(rows, provisionerOf), NextPageToken: next}, nil
}

// CreateProvisioner implements ProvisionerService.
func (s *provisioners) CreateProvisioner(ctx context.Context, r *koogatev1.CreateProvisionerRequest) (*koogatev1.CreateProvisionerResponse, error) {
	a, err := act(ctx, seller.Act{Name: r.GetProvisioner(), Dry: r.GetValidateOnly()})
	if err != nil {
		return nil, err
	}
	p, err := form.Provisioner(r.GetSettings())
	if err == nil {
		err = s.reachable(p)
	}
	if err != nil {
		return nil, err
	}
	x, secret, err := s.sellers.CreateProvisioner(ctx, a, p)
	if err != nil {
		return nil, err
	}
	return &koogatev1.CreateProvisionerResponse{Provisioner: withSecret(x, secret)}, nil
}

// UpdateProvisioner implements ProvisionerService.
func (s *provisioners) UpdateProvisioner(ctx context.Context, r *koogatev1.UpdateProvisionerRequest) (*koogatev1.UpdateProvisionerResponse, error) {
	a, err := act(ctx, seller.Act{Name: r.GetProvisioner(), Etag: r.GetEtag(), Dry: r.GetValidateOnly()})
	if err != nil {
		return nil, err
	}
	x, secret, err := s.sellers.UpdateProvisioner(ctx, a, func(p *seller.Provisioner) error {
		m := form.ProvisionerSettings(*p)
		if err := form.Merge(m, r.GetSettings(), r.GetUpdateMask().GetPaths()); err != nil {
			return err
		}
		var err error
		if *p, err = form.Provisioner(m); err != nil {
			return err
		}
		return s.reachable(*p)
	})
	if err != nil {
		return nil, err
	}
	return &koogatev1.UpdateProvisionerResponse{Provisioner: withSecret(x, secret)}, nil
}

// reachable refuses a webhook where nothing is ever called. Errors: TARGET_FORBIDDEN.
func (s *provisioners) reachable(p seller.Provisioner) error {
	if p.Type != seller.ProvisionerWebhook {
		return nil
	}
	return s.open("settings.webhook.url", p.Webhook.URL)
}

// AddProvisionerSecret implements ProvisionerService.
func (s *provisioners) AddProvisionerSecret(ctx context.Context, r *koogatev1.AddProvisionerSecretRequest) (*koogatev1.AddProvisionerSecretResponse, error) {
	a, err := act(ctx, seller.Act{Name: r.GetProvisioner(), Etag: r.GetEtag()})
	if err != nil {
		return nil, err
	}
	x, secret, err := s.sellers.AddHookSecret(ctx, a)
	if err != nil {
		return nil, err
	}
	return &koogatev1.AddProvisionerSecretResponse{Provisioner: withSecret(x, secret)}, nil
}

// RetireProvisionerSecret implements ProvisionerService.
func (s *provisioners) RetireProvisionerSecret(ctx context.Context, r *koogatev1.RetireProvisionerSecretRequest) (*koogatev1.RetireProvisionerSecretResponse, error) {
	a, err := act(ctx, seller.Act{Name: r.GetProvisioner(), Etag: r.GetEtag()})
	if err != nil {
		return nil, err
	}
	x, err := s.sellers.RetireHookSecret(ctx, a, r.GetSecretId())
	if err != nil {
		return nil, err
	}
	return &koogatev1.RetireProvisionerSecretResponse{Provisioner: provisionerOf(x)}, nil
}

// DeleteProvisioner implements ProvisionerService.
func (s *provisioners) DeleteProvisioner(ctx context.Context, r *koogatev1.DeleteProvisionerRequest) (*koogatev1.DeleteProvisionerResponse, error) {
	a, err := act(ctx, seller.Act{Name: r.GetProvisioner(), Etag: r.GetEtag(), Dry: r.GetValidateOnly()})
	if err != nil {
		return nil, err
	}
	err = s.sellers.EndProvisioner(ctx, a, func(ctx context.Context) error {
		if r.GetForce() {
			return nil
		}
		for _, state := range []store.TaskState{store.TaskReady, store.TaskLeased} {
			found, err := s.core.Tasks(ctx, store.ListQuery{Seller: a.Seller, Browsing: true, Limit: 1, Filter: []store.Term{
				{Field: "queue", Value: a.Name}, {Field: "state", Value: string(state)},
			}})
			if err != nil {
				return err
			}
			if len(found) > 0 {
				return errs.New(errs.Precondition, errs.StateConflict,
					"tasks are open in the queue of provisioner %s, e.g. %s: have them done, or move them by updating their product with open_tasks FOLLOW, or delete with force",
					a.Name, found[0].ID)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return &koogatev1.DeleteProvisionerResponse{}, nil
}

// withSecret shows a provisioner with the secret that the call has made.
func withSecret(x seller.Setting[seller.Provisioner], secret seller.Secret) *koogatev1.Provisioner {
	m := provisionerOf(x)
	m.Secret = secret.Reveal()
	return m
}

func provisionerOf(x seller.Setting[seller.Provisioner]) *koogatev1.Provisioner {
	return &koogatev1.Provisioner{
		Provisioner: x.Name, Seller: x.Seller, Settings: form.ProvisionerSettings(x.Value), ManagedBy: managedBy(x.ManagedBy),
		CreateTime: timestamp(x.CreatedAt), UpdateTime: timestamp(x.UpdatedAt), Etag: seller.Etag(x.Version),
		Secrets: each(x.Value.Webhook.Held, func(h seller.HeldSecret) *koogatev1.ProvisionerSecret {
			return &koogatev1.ProvisionerSecret{SecretId: h.ID, CreateTime: timestamp(h.CreatedAt)}
		}),
	}
}

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
