// SPDX-License-Identifier: Apache-2.0

package rest

import (
	"errors"
	"net/http"
	"time"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
)

// streams are the answers that come in pieces.
type streams struct {
	mux      *runtime.ServeMux
	answer   answers
	events   koogatev1.EventServiceClient
	evidence koogatev1.EvidenceServiceClient
	now      func() time.Time
}

// ServeStreams takes the place of the gateway's streams of answers, which would be streams of JSON: events are server-sent events, and the evidence of an order is a file. It
// calls through conn; now tells the machine's time, by which a reader's pauses are measured.
func ServeStreams(mux *runtime.ServeMux, conn grpc.ClientConnInterface, now func() time.Time) error {
	s := streams{
		mux: mux, answer: answers{names: newNames(), marshaler: newMarshaler()}, events: koogatev1.NewEventServiceClient(conn),
		evidence: koogatev1.NewEvidenceServiceClient(conn), now: now,
	}
	return errors.Join(mux.HandlePath(http.MethodGet, watchPath, s.watch), mux.HandlePath(http.MethodGet, packPath, s.pack))
}
