// SPDX-License-Identifier: Apache-2.0

package rest

import (
	"context"
	"net/http"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/download"
)

const packPath = "/v1/orders/{order_id}:evidence"

// pack serves ExportOrderEvidence as a file.
func (s streams) pack(w http.ResponseWriter, r *http.Request, path map[string]string) {
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	id := path["order_id"]
	stream, first, err := s.openPack(ctx, r, id)
	if err != nil {
		s.answer.fault(ctx, s.mux, s.answer.marshaler, w, r, err)
		return
	}
	download.Pieces(w, "application/zip", "order-"+id+".zip", s.now, first.GetData(), func() ([]byte, error) {
		m, err := stream.Recv()
		return m.GetData(), err
	})
}

// openPack makes the call and waits for its first message, before which it may be refused.
func (s streams) openPack(ctx context.Context, r *http.Request, id string) (grpc.ServerStreamingClient[koogatev1.ExportOrderEvidenceResponse], *koogatev1.ExportOrderEvidenceResponse, error) {
	ctx, err := runtime.AnnotateContext(ctx, s.mux, r, koogatev1.EvidenceService_ExportOrderEvidence_FullMethodName, runtime.WithHTTPPathPattern(packPath))
	if err != nil {
		return nil, nil, err
	}
	stream, err := s.evidence.ExportOrderEvidence(ctx, &koogatev1.ExportOrderEvidenceRequest{OrderId: id})
	if err != nil {
		return nil, nil, err
	}
	first, err := stream.Recv()
	return stream, first, err
}
