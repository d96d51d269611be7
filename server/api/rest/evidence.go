// SPDX-License-Identifier: Apache-2.0

package rest

import (
	"context"
	"net/http"
	"time"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/download"
)

const packPath = "/v1/orders/{order_id}:evidence"

// packs is ExportOrderEvidence as a file.
type packs struct {
	mux    *runtime.ServeMux
	answer answers
	client koogatev1.EvidenceServiceClient
	now    func() time.Time
}

// ServeEvidence takes the place of the gateway's stream of pieces, which would be a stream of JSON. It calls through conn; now tells the machine's
// time, by which a reader's pauses are measured.
func ServeEvidence(mux *runtime.ServeMux, conn grpc.ClientConnInterface, now func() time.Time) error {
	p := packs{mux: mux, answer: answers{names: newNames(), marshaler: newMarshaler()}, client: koogatev1.NewEvidenceServiceClient(conn), now: now}
	return mux.HandlePath(http.MethodGet, packPath, p.serve)
}

func (p packs) serve(w http.ResponseWriter, r *http.Request, path map[string]string) {
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	id := path["order_id"]
	stream, first, err := p.open(ctx, r, id)
	if err != nil {
		p.answer.fault(ctx, p.mux, p.answer.marshaler, w, r, err)
		return
	}
	download.Pieces(w, "application/zip", "order-"+id+".zip", p.now, first.GetData(), func() ([]byte, error) {
		m, err := stream.Recv()
		return m.GetData(), err
	})
}

// open makes the call and waits for its first message, before which it may be refused.
func (p packs) open(ctx context.Context, r *http.Request, id string) (grpc.ServerStreamingClient[koogatev1.ExportOrderEvidenceResponse], *koogatev1.ExportOrderEvidenceResponse, error) {
	ctx, err := runtime.AnnotateContext(ctx, p.mux, r, koogatev1.EvidenceService_ExportOrderEvidence_FullMethodName, runtime.WithHTTPPathPattern(packPath))
	if err != nil {
		return nil, nil, err
	}
	stream, err := p.client.ExportOrderEvidence(ctx, &koogatev1.ExportOrderEvidenceRequest{OrderId: id})
	if err != nil {
		return nil, nil, err
	}
	first, err := stream.Recv()
	return stream, first, err
}
