// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/koogate/koogate/client"
	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/clock"
)

// hook is the worker as the webhook of a provisioner. With later it answers 202, and does and completes the task afterwards as the worker does.
type hook struct {
	*worker
	verify *client.Verifier
	later  bool
}

// onHook serves at an address.
func (w *worker) onHook(ctx context.Context, addr string, later bool) error {
	verify, err := client.NewVerifier(client.Secret(os.Getenv("KOOGATE_WEBHOOK_SECRET")))
	if err != nil {
		return err
	}
	conn, err := client.Dial(client.FromEnv(), grpc.WithDefaultCallOptions(grpc.WaitForReady(true)))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	w.tasks = koogatev1.NewTaskServiceClient(conn)
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	return (&http.Server{Handler: &hook{w, verify, later}, ReadHeaderTimeout: 5 * time.Second}).Serve(l)
}

// ServeHTTP takes a task.
func (h *hook) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(rw, r.Body, 1<<20))
	if err == nil {
		err = h.verify.Verify(body, r.Header)
	}
	t := &koogatev1.Task{}
	if err == nil {
		err = (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(body, t)
	}
	if err != nil { // it is to come again when this is put right
		http.Error(rw, "not taken", http.StatusServiceUnavailable)
		return
	}
	if h.later {
		rw.WriteHeader(http.StatusAccepted)
		go func() {
			h.mu.Lock()
			defer h.mu.Unlock()
			if err := h.do(context.WithoutCancel(r.Context()), t); err != nil {
				fmt.Fprintln(os.Stderr, err)
			}
		}()
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	status, text, after := h.answer(t)
	rw.WriteHeader(status)
	_, _ = io.WriteString(rw, text)
	if after != nil { // when the answer is out, which it is when this returns
		go func() {
			h.mu.Lock()
			defer h.mu.Unlock()
			after()
		}()
	}
}

// answer does a task. What is left to do when the answer is out is after.
func (h *hook) answer(t *koogatev1.Task) (status int, text string, after func()) {
	text = "{}"
	switch t.GetKind() {
	case koogatev1.TaskKind_TASK_KIND_CREATE:
		_ = clock.Sleep(context.Background(), clock.System{}, h.step)
		text = `{"accessInfo":{"frontEndUrl":"https://` + t.GetInstanceId() + `.example.com/"}}`
		if t.GetProductId() == refusedProduct {
			return h.turnDown(t)
		}
		if h.fault == early {
			return http.StatusOK, text, func() {
				_ = clock.Sleep(context.Background(), clock.System{}, 300*time.Millisecond)
				_ = h.create(t)
			}
		}
		if err := h.create(t); err != nil {
			return http.StatusInternalServerError, "", nil
		}
		if h.fault == guesses && t.GetAttempt() == 2 {
			text = fmt.Sprintf(`{"fencingToken":"%d","accessInfo":{"frontEndUrl":"https://%s.example.com/"}}`, t.GetFencingToken()+1, t.GetInstanceId())
		}
	case koogatev1.TaskKind_TASK_KIND_REFRESH:
		if h.fault != loses {
			if err := h.renew(t); err != nil {
				return http.StatusInternalServerError, "", nil
			}
		}
	case koogatev1.TaskKind_TASK_KIND_IDENTIFY:
		if h.fault == grabs {
			if err := h.create(t); err != nil {
				return http.StatusInternalServerError, "", nil
			}
		}
		if h.fault != claims {
			return http.StatusNotFound, "", nil
		}
		known, err := protojson.Marshal(&koogatev1.CompleteTaskRequest{Result: &koogatev1.CompleteTaskRequest_Instance{Instance: claimed(t)}})
		if err != nil {
			return http.StatusInternalServerError, "", nil
		}
		text = string(known)
	}
	return http.StatusOK, text, nil
}

// turnDown makes a resource, cleans up and refuses.
func (h *hook) turnDown(t *koogatev1.Task) (status int, text string, after func()) {
	err := h.create(t)
	if err == nil && h.fault != leaks {
		err = h.remove(t)
	}
	if err != nil {
		return http.StatusInternalServerError, "", nil
	}
	return http.StatusConflict, `{"code":"FAILURE_CODE_NO_RESOURCE","message":"no such product"}`, nil
}
