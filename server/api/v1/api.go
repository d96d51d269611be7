// SPDX-License-Identifier: Apache-2.0

package v1

import (
	"context"
	"log/slog"

	"buf.build/go/protovalidate"
	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/access"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/evidence"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/server/work"
)

// API holds the handlers of every service of koogate.v1.
type API struct {
	tasks     *tasks
	orders    *orders
	instances *instances
	directory *entries
	usage     koogatev1.UsageServiceServer
	quotas    *quotas
	licences  *licences
	proofs    *proofs
}

// Options are what the handlers work with.
type Options struct {
	Core      *fulfil.Service
	Work      *work.Service
	Directory Directory
	Usage     Usage // nil serves none
	Quotas    Quotas
	Licences  Licences
	Keys      *evidence.Keys // whose public halves are published; may be nil
	Validator protovalidate.Validator
	Log       *slog.Logger
	// Draining ends waiting leases when it is closed, so that a stop need not wait for them. Nil never does.
	Draining <-chan struct{}
}

// New returns the handlers.
func New(o Options) *API {
	t := &tasks{core: o.Core, work: o.Work, validator: o.Validator, log: o.Log, draining: o.Draining}
	if o.Core != nil {
		t.told = o.Core.Told
	}
	return &API{
		tasks:     t,
		orders:    &orders{core: o.Core},
		instances: &instances{core: o.Core},
		directory: &entries{directory: o.Directory},
		usage:     newLedger(o.Usage),
		quotas:    &quotas{quotas: o.Quotas},
		licences:  &licences{licences: o.Licences},
		proofs:    &proofs{keys: o.Keys},
	}
}

// Register adds the services to a gRPC server or an in-process channel.
func (a *API) Register(r grpc.ServiceRegistrar) {
	koogatev1.RegisterTaskServiceServer(r, a.tasks)
	koogatev1.RegisterOrderServiceServer(r, a.orders)
	koogatev1.RegisterInstanceServiceServer(r, a.instances)
	koogatev1.RegisterDirectoryServiceServer(r, a.directory)
	koogatev1.RegisterUsageServiceServer(r, a.usage)
	koogatev1.RegisterQuotaServiceServer(r, a.quotas)
	koogatev1.RegisterLicenceServiceServer(r, a.licences)
	koogatev1.RegisterEvidenceServiceServer(r, a.proofs)
}

// RegisterGateway adds the services' REST paths, which call through conn.
func RegisterGateway(ctx context.Context, mux *runtime.ServeMux, conn grpc.ClientConnInterface) error {
	if err := koogatev1.RegisterTaskServiceHandlerClient(ctx, mux, koogatev1.NewTaskServiceClient(conn)); err != nil {
		return err
	}
	if err := koogatev1.RegisterOrderServiceHandlerClient(ctx, mux, koogatev1.NewOrderServiceClient(conn)); err != nil {
		return err
	}
	if err := koogatev1.RegisterInstanceServiceHandlerClient(ctx, mux, koogatev1.NewInstanceServiceClient(conn)); err != nil {
		return err
	}
	if err := koogatev1.RegisterDirectoryServiceHandlerClient(ctx, mux, koogatev1.NewDirectoryServiceClient(conn)); err != nil {
		return err
	}
	if err := koogatev1.RegisterUsageServiceHandlerClient(ctx, mux, koogatev1.NewUsageServiceClient(conn)); err != nil {
		return err
	}
	if err := koogatev1.RegisterQuotaServiceHandlerClient(ctx, mux, koogatev1.NewQuotaServiceClient(conn)); err != nil {
		return err
	}
	if err := koogatev1.RegisterLicenceServiceHandlerClient(ctx, mux, koogatev1.NewLicenceServiceClient(conn)); err != nil {
		return err
	}
	return koogatev1.RegisterEvidenceServiceHandlerClient(ctx, mux, koogatev1.NewEvidenceServiceClient(conn))
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
