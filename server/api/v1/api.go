// SPDX-License-Identifier: Apache-2.0

package v1

import (
	"context"
	"log/slog"

	"buf.build/go/protovalidate"
	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/access"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/evidence"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/server/seller"
	"github.com/koogate/koogate/server/work"
)

// API holds the handlers of every service of koogate.v1.
type API struct {
	services []service
	tasks    *tasks
}

// service is a service with its two registrations: at what serves gRPC, and at the gateway, whose calls it takes from there.
type service struct {
	serve   func(grpc.ServiceRegistrar)
	gateway func(context.Context, *runtime.ServeMux, grpc.ClientConnInterface) error
}

func serviceOf[S, C any](
	handlers S, serve func(grpc.ServiceRegistrar, S),
	client func(grpc.ClientConnInterface) C, gateway func(context.Context, *runtime.ServeMux, C) error,
) service {
	return service{
		func(r grpc.ServiceRegistrar) { serve(r, handlers) },
		func(ctx context.Context, mux *runtime.ServeMux, conn grpc.ClientConnInterface) error {
			return gateway(ctx, mux, client(conn))
		},
	}
}

// Options are what the handlers work with.
type Options struct {
	Core      *fulfil.Service
	Work      *work.Service
	Directory Directory
	Usage     Usage // nil serves none
	Quotas    Quotas
	Licences  Licences
	Calls     Calls
	Sanctions Sanctions
	Replays   Replays
	Audit     Audit
	Sellers   *seller.Keeper
	Feed      Feed
	Webhooks  Webhooks
	Logins    Logins
	// LoginApplications are those that log in through Koogate, under Issuer; Issuer is empty where this process serves no logins.
	LoginApplications LoginApplications
	Issuer            string
	Caller            Caller // of webhook provisioners and old servers
	Moving            Moving
	Keys              *evidence.Keys // whose public halves are published; may be nil
	Jaeger            string         // base URL of the Jaeger that shows traces; empty for none
	Validator         protovalidate.Validator
	Judge             func(proto.Message) error // holds a message to the rules of the contract, as the interceptor does; INVALID_FIELD, UNKNOWN_ENUM_VALUE
	Log               *slog.Logger
	// Draining ends waiting leases and watches when it is closed, so that a stop need not wait for them. Nil never does.
	Draining <-chan struct{}
}

// New returns the handlers.
func New(o Options) *API {
	t := &tasks{core: o.Core, work: o.Work, validator: o.Validator, log: o.Log, draining: o.Draining}
	if o.Core != nil {
		t.told = o.Core.Told
	}
	managed := settings{sellers: o.Sellers, core: o.Core, moving: o.Moving, caller: o.Caller}
	bought, made := &orders{core: o.Core, jaeger: o.Jaeger}, &instances{core: o.Core, quotas: o.Quotas, judge: o.Judge}
	used := newLedger(o.Usage)
	heard, acts := &calls{calls: o.Calls, replays: o.Replays}, &audits{audit: o.Audit}
	return &API{tasks: t, services: []service{
		serviceOf[koogatev1.TaskServiceServer](t, koogatev1.RegisterTaskServiceServer,
			koogatev1.NewTaskServiceClient, koogatev1.RegisterTaskServiceHandlerClient),
		serviceOf[koogatev1.OrderServiceServer](bought, koogatev1.RegisterOrderServiceServer,
			koogatev1.NewOrderServiceClient, koogatev1.RegisterOrderServiceHandlerClient),
		serviceOf[koogatev1.InstanceServiceServer](made, koogatev1.RegisterInstanceServiceServer,
			koogatev1.NewInstanceServiceClient, koogatev1.RegisterInstanceServiceHandlerClient),
		serviceOf[koogatev1.DirectoryServiceServer](&entries{directory: o.Directory}, koogatev1.RegisterDirectoryServiceServer,
			koogatev1.NewDirectoryServiceClient, koogatev1.RegisterDirectoryServiceHandlerClient),
		serviceOf[koogatev1.UsageServiceServer](used.service(), koogatev1.RegisterUsageServiceServer,
			koogatev1.NewUsageServiceClient, koogatev1.RegisterUsageServiceHandlerClient),
		serviceOf[koogatev1.QuotaServiceServer](&quotas{quotas: o.Quotas}, koogatev1.RegisterQuotaServiceServer,
			koogatev1.NewQuotaServiceClient, koogatev1.RegisterQuotaServiceHandlerClient),
		serviceOf[koogatev1.LicenceServiceServer](&licences{licences: o.Licences}, koogatev1.RegisterLicenceServiceServer,
			koogatev1.NewLicenceServiceClient, koogatev1.RegisterLicenceServiceHandlerClient),
		serviceOf[koogatev1.CallServiceServer](heard, koogatev1.RegisterCallServiceServer,
			koogatev1.NewCallServiceClient, koogatev1.RegisterCallServiceHandlerClient),
		serviceOf[koogatev1.SanctionServiceServer](&sanctions{sanctions: o.Sanctions}, koogatev1.RegisterSanctionServiceServer,
			koogatev1.NewSanctionServiceClient, koogatev1.RegisterSanctionServiceHandlerClient),
		serviceOf[koogatev1.SellerServiceServer](&sellers{settings: managed}, koogatev1.RegisterSellerServiceServer,
			koogatev1.NewSellerServiceClient, koogatev1.RegisterSellerServiceHandlerClient),
		serviceOf[koogatev1.KeyServiceServer](&keys{sellers: o.Sellers}, koogatev1.RegisterKeyServiceServer,
			koogatev1.NewKeyServiceClient, koogatev1.RegisterKeyServiceHandlerClient),
		serviceOf[koogatev1.EndpointServiceServer](&endpoints{settings: managed}, koogatev1.RegisterEndpointServiceServer,
			koogatev1.NewEndpointServiceClient, koogatev1.RegisterEndpointServiceHandlerClient),
		serviceOf[koogatev1.ProductServiceServer](&products{settings: managed}, koogatev1.RegisterProductServiceServer,
			koogatev1.NewProductServiceClient, koogatev1.RegisterProductServiceHandlerClient),
		serviceOf[koogatev1.ProvisionerServiceServer](&provisioners{settings: managed}, koogatev1.RegisterProvisionerServiceServer,
			koogatev1.NewProvisionerServiceClient, koogatev1.RegisterProvisionerServiceHandlerClient),
		serviceOf[koogatev1.TokenServiceServer](&tokens{sellers: o.Sellers}, koogatev1.RegisterTokenServiceServer,
			koogatev1.NewTokenServiceClient, koogatev1.RegisterTokenServiceHandlerClient),
		serviceOf[koogatev1.EventServiceServer](&events{feed: o.Feed, draining: o.Draining}, koogatev1.RegisterEventServiceServer,
			koogatev1.NewEventServiceClient, koogatev1.RegisterEventServiceHandlerClient),
		serviceOf[koogatev1.AuditServiceServer](acts, koogatev1.RegisterAuditServiceServer,
			koogatev1.NewAuditServiceClient, koogatev1.RegisterAuditServiceHandlerClient),
		serviceOf[koogatev1.WebhookServiceServer](&webhooks{hooks: o.Webhooks}, koogatev1.RegisterWebhookServiceServer,
			koogatev1.NewWebhookServiceClient, koogatev1.RegisterWebhookServiceHandlerClient),
		serviceOf[koogatev1.LoginServiceServer](&logins{loginApps: loginApps{apps: o.LoginApplications, issuer: o.Issuer}, desk: o.Logins}, koogatev1.RegisterLoginServiceServer,
			koogatev1.NewLoginServiceClient, koogatev1.RegisterLoginServiceHandlerClient),
		serviceOf[koogatev1.EvidenceServiceServer](&proofs{core: o.Core, keys: o.Keys, orders: bought, instances: made, tasks: t, calls: heard, audits: acts, usage: used}, koogatev1.RegisterEvidenceServiceServer,
			koogatev1.NewEvidenceServiceClient, koogatev1.RegisterEvidenceServiceHandlerClient),
	}}
}

// Register adds the services to a gRPC server or an in-process channel.
func (a *API) Register(r grpc.ServiceRegistrar) {
	for _, s := range a.services {
		s.serve(r)
	}
}

// RegisterGateway adds the services' REST paths, which call through conn.
func (a *API) RegisterGateway(ctx context.Context, mux *runtime.ServeMux, conn grpc.ClientConnInterface) error {
	for _, s := range a.services {
		if err := s.gateway(ctx, mux, conn); err != nil {
			return err
		}
	}
	return nil
}

// sellerOf is the seller that the call's token names. Errors: TOKEN_INVALID.
func sellerOf(ctx context.Context) (string, error) {
	p, ok := access.From(ctx)
	if !ok || p.Seller == "" {
		return "", errs.New(errs.Unauthorized, errs.TokenInvalid, "a bearer token is required")
	}
	return p.Seller, nil
}

// callerOf names the caller in a record.
func callerOf(ctx context.Context) string {
	p, _ := access.From(ctx)
	return p.Name()
}
