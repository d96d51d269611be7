// SPDX-License-Identifier: Apache-2.0

package rest

import (
	"context"
	"net/http"
	"time"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"github.com/grpc-ecosystem/grpc-gateway/v2/utilities"
	"google.golang.org/grpc"
	"google.golang.org/grpc/status"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/download"
	"github.com/koogate/koogate/server/errs"
)

const watchPath = "/v1/events:watch"

// watch serves WatchEvents as server-sent events.
func (s streams) watch(w http.ResponseWriter, r *http.Request, _ map[string]string) {
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	stream, first, err := s.openWatch(ctx, r)
	if err != nil {
		s.answer.fault(ctx, s.mux, s.answer.marshaler, w, r, err)
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no") // a proxy is not to collect them
	out := http.NewResponseController(w)
	_ = out.SetReadDeadline(time.Time{}) // the request is read; its deadline would end the connection
	for m := first; ; {
		if out.SetWriteDeadline(s.now().Add(download.Stalled)) != nil {
			return
		}
		if _, err := w.Write(s.block(m)); err != nil || out.Flush() != nil {
			return
		}
		m = &koogatev1.WatchEventsResponse{}
		if err := stream.RecvMsg(m); err != nil {
			_, _ = w.Write(s.end(err))
			return
		}
	}
}

// openWatch makes the call and waits for its first message, before which it may be refused.
func (s streams) openWatch(ctx context.Context, r *http.Request) (grpc.ServerStreamingClient[koogatev1.WatchEventsResponse], *koogatev1.WatchEventsResponse, error) {
	request := &koogatev1.WatchEventsRequest{}
	if err := runtime.PopulateQueryParameters(request, r.URL.Query(), utilities.NewDoubleArray(nil)); err != nil {
		return nil, nil, guided(errs.New(errs.Invalid, errs.InvalidField, "the query cannot be read"))
	}
	if id := r.Header.Get("Last-Event-ID"); id != "" {
		request.ResumeToken = id
	}
	ctx, err := runtime.AnnotateContext(ctx, s.mux, r, koogatev1.EventService_WatchEvents_FullMethodName, runtime.WithHTTPPathPattern(watchPath))
	if err != nil {
		return nil, nil, err
	}
	stream, err := s.events.WatchEvents(ctx, request)
	if err != nil {
		return nil, nil, err
	}
	first, err := stream.Recv()
	return stream, first, err
}

// block is a message on the wire. A heartbeat has an id, which a reader notes without being told of an event.
func (s streams) block(m *koogatev1.WatchEventsResponse) []byte {
	text := ": heartbeat\n"
	if e := m.GetEvent(); e != nil {
		data, err := s.answer.marshaler.Marshal(e)
		if err != nil {
			return s.end(errs.Wrap(err, errs.Internal, errs.InternalFault, "internal error"))
		}
		text = "event: " + e.GetEvent().GetKind() + "\ndata: " + string(data) + "\n"
	}
	return []byte("id: " + m.GetResumeToken() + "\n" + text + "\n")
}

// end is the last block of a stream, which says why it ends.
func (s streams) end(err error) []byte {
	data, fault := s.answer.marshaler.Marshal(errs.Guided(status.Convert(err)).Proto())
	if fault != nil {
		data = []byte("{}")
	}
	return []byte("event: end\ndata: " + string(data) + "\n\n")
}
