// SPDX-License-Identifier: Apache-2.0

package server_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/config"
)

// open begins a call and sends no message.
func open(ctx context.Context, t *testing.T, conn *grpc.ClientConn, method string) grpc.ClientStream {
	t.Helper()
	s, err := conn.NewStream(ctx, &grpc.StreamDesc{ClientStreams: true, ServerStreams: true}, method)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// A call without a valid token is refused by its headers: nobody waits for its message, which may be long or never come.
func TestStrangersAreRefusedBeforeTheirMessage(t *testing.T) {
	r := start(t, withoutJobs)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for name, ctx := range map[string]context.Context{
		"no token":    ctx,
		"wrong token": metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer guessed"),
		"two tokens":  metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+acmeToken, "authorization", "Bearer "+acmeToken),
	} {
		for _, method := range []string{koogatev1.TaskService_LeaseTasks_FullMethodName, "/koogate.v1.TaskService/None", "/none/None"} {
			err := open(ctx, t, r.dial(""), method).RecvMsg(&koogatev1.LeaseTasksResponse{})
			if status.Code(err) != codes.Unauthenticated || len(status.Convert(err).Details()) == 0 {
				t.Errorf("%s, %s: %v", name, method, err)
			}
		}
	}
	// REST likewise.
	conn, err := net.Dial("tcp", r.Addr(config.ListenerAPI))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	_, _ = fmt.Fprintf(conn, "POST /v1/tasks:lease HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer guessed\r\nContent-Length: 1000000\r\n\r\n{")
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil || resp.StatusCode != http.StatusUnauthorized {
		t.Fatalf("REST: %v, %v", resp, err)
	}
	_ = resp.Body.Close()
}

// A call that may be made by anybody ends when its message does not come.
func TestACheckWithoutAMessageEnds(t *testing.T) {
	t.Parallel()
	r := start(t, withoutJobs)
	began := time.Now()
	err := open(t.Context(), t, r.dial(""), healthpb.Health_Check_FullMethodName).RecvMsg(&healthpb.HealthCheckResponse{})
	if took := time.Since(began); status.Code(err) != codes.DeadlineExceeded || took > 8*time.Second {
		t.Errorf("%v after %s", err, took)
	}
}

// Streams that anybody may open are few, and do not keep out the checks of a probe.
func TestWatchesAreFew(t *testing.T) {
	r := start(t, withoutJobs)
	conn := r.dial("")
	watching := 0
	for range 70 {
		s, err := healthpb.NewHealthClient(conn).Watch(t.Context(), &healthpb.HealthCheckRequest{})
		if err != nil {
			t.Fatal(err)
		}
		switch _, err := s.Recv(); status.Code(err) {
		case codes.OK:
			watching++
		case codes.ResourceExhausted:
		default:
			t.Fatal(err)
		}
	}
	if watching != 64 {
		t.Errorf("%d streams watch", watching)
	}
	if _, err := healthpb.NewHealthClient(conn).Check(t.Context(), &healthpb.HealthCheckRequest{}); err != nil {
		t.Errorf("a check: %v", err)
	}
	_ = conn.Close()
	for k := range 100 { // what they held is free again
		s, err := healthpb.NewHealthClient(r.dial("")).Watch(t.Context(), &healthpb.HealthCheckRequest{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err = s.Recv(); err == nil {
			break
		}
		if k == 99 {
			t.Error(err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// A connection on which nothing but refused calls are made ends.
func TestAConnectionOfRefusalsEnds(t *testing.T) {
	r := start(t, withoutJobs)
	conn := r.dial("")
	tasks := koogatev1.NewTaskServiceClient(conn)
	refused := 0
	for range 300 {
		_, err := tasks.LeaseTasks(t.Context(), &koogatev1.LeaseTasksRequest{})
		if status.Code(err) == codes.Unauthenticated {
			refused++
			continue
		}
		if status.Code(err) != codes.Unavailable {
			t.Fatal(err)
		}
		break
	}
	if refused < 90 || refused > 100 {
		t.Errorf("the connection ended after %d refusals", refused)
	}
}

// Connections of strangers are few; the newest come in, and whoever has a token stays.
func TestConnectionsOfStrangersAreFew(t *testing.T) {
	t.Parallel()
	r := start(t, withoutJobs)
	mine := koogatev1.NewOrderServiceClient(r.dial(acmeToken))
	if _, err := mine.ListOrders(t.Context(), &koogatev1.ListOrdersRequest{}); err != nil {
		t.Fatal(err)
	}
	conns := make([]net.Conn, 300)
	for i := range conns {
		conn, err := net.Dial("tcp", r.Addr(config.ListenerGRPC))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		conns[i] = conn
	}
	ctx := metadata.AppendToOutgoingContext(t.Context(), "authorization", "Bearer "+acmeToken)
	if err := r.dial("").Invoke(ctx, koogatev1.OrderService_ListOrders_FullMethodName, &koogatev1.ListOrdersRequest{}, &koogatev1.ListOrdersResponse{},
		grpc.WaitForReady(true)); err != nil {
		t.Errorf("a newcomer: %v", err)
	}
	left := 0
	for _, conn := range conns {
		_ = conn.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
		for {
			if _, err := conn.Read(make([]byte, 1024)); errors.Is(err, io.EOF) || err != nil && !isTimeout(err) {
				break
			} else if err != nil {
				left++
				break
			}
		}
	}
	if left > 128 || left < 100 {
		t.Errorf("%d connections of strangers are open", left)
	}
	if _, err := mine.ListOrders(t.Context(), &koogatev1.ListOrdersRequest{}); err != nil {
		t.Errorf("the first connection: %v", err)
	}
}

func isTimeout(err error) bool {
	var n net.Error
	return errors.As(err, &n) && n.Timeout()
}
