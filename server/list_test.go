// SPDX-License-Identifier: Apache-2.0

package server_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server"
	"github.com/koogate/koogate/server/config"
	"github.com/koogate/koogate/store"
)

// crowded is a store whose lists are beyond their limits, as long as an API client asks.
type crowded struct {
	store.Store
	err error
}

func (c crowded) ListTasks(ctx context.Context, q store.ListQuery) ([]store.Task, error) {
	if q.Browsing {
		return nil, fmt.Errorf("sqlite: list: %w", c.err)
	}
	return c.Store.ListTasks(ctx, q)
}

// A list beyond its limits is refused by both transports with a reason and a remedy, and no log calls it a failure of the store.
func TestListsBeyondTheirLimitsAreToldWhatToDo(t *testing.T) {
	for _, c := range []struct {
		err    error
		code   codes.Code
		http   int
		reason string
		remedy string
		retry  bool
	}{
		{store.ErrBusy, codes.ResourceExhausted, http.StatusTooManyRequests, "LIST_BUSY", "repeat the call", true},
		{store.ErrTooLong, codes.DeadlineExceeded, http.StatusGatewayTimeout, "LIST_TOO_SLOW", "filter by a field", false},
	} {
		t.Run(c.reason, func(t *testing.T) {
			r := start(t, func(_ *config.Config, d *server.Deps) { d.Store = crowded{d.Store, c.err} })
			_, err := koogatev1.NewTaskServiceClient(r.dial(acmeToken)).ListTasks(t.Context(), &koogatev1.ListTasksRequest{})
			s := status.Convert(err)
			reason, retry := "", false
			for _, d := range s.Details() {
				switch d := d.(type) {
				case *errdetails.ErrorInfo:
					reason = d.GetReason()
				case *errdetails.RetryInfo:
					retry = d.GetRetryDelay().AsDuration() > 0
				}
			}
			if s.Code() != c.code || reason != c.reason || retry != c.retry || !strings.Contains(s.Message(), c.remedy) {
				t.Errorf("gRPC: %v", s.Proto())
			}
			code, body, _ := r.http(config.ListenerAPI, http.MethodGet, "/v1/tasks", acmeToken, "")
			if code != c.http || !strings.Contains(body, c.reason) || !strings.Contains(body, c.remedy) {
				t.Errorf("REST: %d %s", code, body)
			}
			if strings.Contains(r.log.String(), "store failed") {
				t.Errorf("log: %s", r.log)
			}
		})
	}
}
