// SPDX-License-Identifier: Apache-2.0

package server_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/koogate/koogate/client"
	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server"
	"github.com/koogate/koogate/server/config"
)

// These tests hold package client against the real server.

// asWorker makes the test binary a worker at this address that hangs in its first task.
const asWorker = "RUN_AS_A_WORKER_AT"

// hang is the worker that is killed.
func hang(addr string) {
	conn, err := client.Dial(client.Options{Addr: addr, Token: acmeToken})
	if err != nil {
		panic(err)
	}
	w := client.Worker{Conn: conn, Queue: "crm", Lease: time.Second, Handler: func(_ context.Context, t *koogatev1.Task) (client.Result, error) {
		fmt.Println("leased", t.GetInstanceId(), t.GetAttempt())
		select {}
	}}
	_ = w.Run(context.Background())
}

var provided = client.Ready(&koogatev1.AccessInfo{FrontEndUrl: "https://a.example.com/"})

// dialled is a connection of the client's.
func (r *rig) dialled(opts ...grpc.DialOption) *grpc.ClientConn {
	r.t.Helper()
	conn, err := client.Dial(client.Options{Addr: r.Addr(config.ListenerGRPC), Token: acmeToken}, opts...)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// works runs a worker until the returned function is called or the test ends.
func works(t *testing.T, conn grpc.ClientConnInterface, w client.Worker) (stop func() error) {
	t.Helper()
	w.Conn, w.Queue, w.Log = conn, "crm", slog.New(slog.DiscardHandler)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	stop = sync.OnceValue(func() error { cancel(); return <-ended })
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
	return stop
}

// task is the only task of an order that a worker does; nil while Koogate does not tell.
func (r *rig) task(conn grpc.ClientConnInterface, order string) *koogatev1.Task {
	r.t.Helper()
	list, err := koogatev1.NewTaskServiceClient(conn).ListTasks(r.t.Context(), &koogatev1.ListTasksRequest{Filter: fmt.Sprintf(`order_id = %q AND queue = "crm"`, order)})
	if e, ok := client.AsError(err); ok && e.Retryable {
		return nil
	}
	if err != nil || len(list.GetTasks()) != 1 {
		r.t.Fatalf("%v, %v", list, err)
	}
	return list.GetTasks()[0]
}

// done waits until an order's task is done.
func (r *rig) done(conn grpc.ClientConnInterface, order string) {
	r.t.Helper()
	eventually(r.t, "the task is done", func() bool { return r.task(conn, order).GetState() == koogatev1.TaskState_TASK_STATE_DONE })
}

// TestTheClientDoesAThousandTasks with 16 handlers, each once and none at the same time as itself.
func TestTheClientDoesAThousandTasks(t *testing.T) {
	r := start(t)
	const tasks = 1000
	var (
		mu          sync.Mutex
		times       = map[string]int{}
		inHand      = map[string]bool{}
		running     atomic.Int32
		most, twice int32
	)
	conn := r.dialled()
	stop := works(t, conn, client.Worker{Concurrency: 16, Handler: func(_ context.Context, task *koogatev1.Task) (client.Result, error) {
		mu.Lock()
		id := task.GetInstanceId()
		if inHand[id] {
			twice++
		}
		inHand[id], times[id], most = true, times[id]+1, max(most, running.Add(1))
		mu.Unlock()
		time.Sleep(2 * time.Millisecond)
		mu.Lock()
		defer mu.Unlock()
		inHand[id] = false
		running.Add(-1)
		return provided, nil
	}})
	var g errgroup.Group
	g.SetLimit(8)
	for n := range tasks {
		g.Go(func() error {
			a, err := r.call("worked", newInstance(fmt.Sprintf("M-%d", n)))
			if err == nil && a.ResultCode != "000004" && a.ResultCode != "000000" {
				err = fmt.Errorf("%+v", a)
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	tasksOf := koogatev1.NewTaskServiceClient(conn)
	done := func() bool {
		queues, err := tasksOf.ListQueues(t.Context(), &koogatev1.ListQueuesRequest{})
		if err != nil {
			t.Fatal(err)
		}
		mu.Lock()
		defer mu.Unlock()
		at := slices.IndexFunc(queues.GetQueues(), func(q *koogatev1.Queue) bool { return q.GetQueue() == "crm" })
		return len(times) == tasks && len(queues.GetQueues()[at].GetKinds()) == 0
	}
	for end := time.Now().Add(2 * time.Minute); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("not everything is done within 2 min")
		}
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
	for id, n := range times {
		if n != 1 {
			t.Errorf("%s was done %d times", id, n)
		}
	}
	if twice > 0 || most > 16 || most < 2 {
		t.Errorf("%d tasks twice at once, %d handlers at once", twice, most)
	}
}

// TestAWorkerIsKilled with a task in hand: the next worker gets it when the lease ends.
func TestAWorkerIsKilled(t *testing.T) {
	t.Parallel()
	r := start(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), asWorker+"="+r.Addr(config.ListenerGRPC))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	r.mustCall("worked", newInstance("K"))
	line, err := bufio.NewReader(out).ReadString('\n')
	if line != "leased biz-K 1\n" {
		t.Errorf("%q, %v", line, err)
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	var attempts []int32
	conn := r.dialled()
	stop := works(t, conn, client.Worker{Handler: func(_ context.Context, task *koogatev1.Task) (client.Result, error) {
		attempts = append(attempts, task.GetAttempt())
		return provided, nil
	}})
	r.done(conn, "K")
	if err := stop(); err != nil || !slices.Equal(attempts, []int32{2}) {
		t.Errorf("%v: attempts %d", err, attempts)
	}
}

// TestAWorkerIsCutOff: its lease runs out, another worker does the task, and what the first one has done comes too late.
func TestAWorkerIsCutOff(t *testing.T) {
	t.Parallel()
	r := start(t)
	var cut atomic.Bool
	first := r.dialled(grpc.WithChainUnaryInterceptor(func(ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, call grpc.UnaryInvoker, opts ...grpc.CallOption) error {
		if cut.Load() {
			return status.Error(codes.Unavailable, "no route to host")
		}
		return call(ctx, method, req, reply, cc, opts...)
	}))
	leased, lost, finish := make(chan struct{}), make(chan error, 1), make(chan struct{})
	stopFirst := works(t, first, client.Worker{Lease: time.Second, Handler: func(ctx context.Context, _ *koogatev1.Task) (client.Result, error) {
		close(leased)
		<-ctx.Done()
		lost <- context.Cause(ctx)
		<-finish
		return client.Ready(&koogatev1.AccessInfo{FrontEndUrl: "https://late.example.com/"}), nil
	}})
	r.mustCall("worked", newInstance("C"))
	<-leased
	cut.Store(true)
	if err := <-lost; !errors.Is(err, client.ErrLeaseLost) {
		t.Error(err)
	}
	second := r.dialled()
	works(t, second, client.Worker{Handler: func(context.Context, *koogatev1.Task) (client.Result, error) { return provided, nil }})
	r.done(second, "C")
	close(finish)
	cut.Store(false)
	if err := stopFirst(); err != nil {
		t.Error(err)
	}
	a := r.mustCall("worked", map[string]string{"activity": "queryInstance", "instanceId": "biz-C"})
	if len(a.Info) != 1 || a.Info[0].AppInfo["frontEndUrl"] != "https://a.example.com/" {
		t.Errorf("%+v", a)
	}
}

// TestTheClientOutlivesARestart of Koogate: the handler goes on, its result is taken, and new tasks come.
func TestTheClientOutlivesARestart(t *testing.T) {
	t.Parallel()
	first := start(t)
	addr := first.Addr(config.ListenerGRPC)
	conn := first.dialled()
	leased, finish := make(chan struct{}), make(chan struct{})
	var times atomic.Int32
	works(t, conn, client.Worker{Concurrency: 1, Handler: func(ctx context.Context, task *koogatev1.Task) (client.Result, error) {
		if times.Add(1) == 1 {
			close(leased)
			<-finish
		}
		if ctx.Err() != nil || task.GetAttempt() != 1 {
			t.Errorf("attempt %d: %v", task.GetAttempt(), context.Cause(ctx))
		}
		return provided, nil
	}})
	first.mustCall("worked", newInstance("R"))
	<-leased
	if err := first.stop(); err != nil {
		t.Fatal(err)
	}
	close(finish) // while nobody is there
	second := startAt(t, first.path, first.deps.Sealer, func(cfg *config.Config, _ *server.Deps) { cfg.Listen.GRPC = addr })
	second.mustCall("worked", newInstance("S"))
	second.done(conn, "R")
	second.done(conn, "S")
	if n := times.Load(); n != 2 {
		t.Errorf("%d handlers", n)
	}
}

// TestAWorkerThatStopsGivesBack what it does not finish, and another gets it without waiting for the lease's end.
func TestAWorkerThatStopsGivesBack(t *testing.T) {
	t.Parallel()
	r := start(t)
	conn := r.dialled()
	leased := make(chan struct{})
	stop := works(t, conn, client.Worker{Lease: time.Hour, Grace: -1, Handler: func(ctx context.Context, _ *koogatev1.Task) (client.Result, error) {
		close(leased)
		<-ctx.Done()
		return client.Result{}, ctx.Err()
	}})
	r.mustCall("worked", newInstance("D"))
	<-leased
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if task := r.task(conn, "D"); task.GetState() != koogatev1.TaskState_TASK_STATE_READY || task.GetReason() != "the worker stopped" {
		t.Errorf("%v", task)
	}
	works(t, conn, client.Worker{Handler: func(context.Context, *koogatev1.Task) (client.Result, error) { return provided, nil }})
	r.done(conn, "D")
}

// TestAWrongQueueEndsTheWorker with Koogate's own remedy.
func TestAWrongQueueEndsTheWorker(t *testing.T) {
	t.Parallel()
	r := start(t)
	err := client.Worker{Conn: r.dialled(), Queue: "links", Log: slog.New(slog.DiscardHandler), Handler: func(context.Context, *koogatev1.Task) (client.Result, error) {
		return client.Done(), nil
	}}.Run(t.Context())
	if e, ok := client.AsError(err); !ok || e.Reason != koogatev1.ErrorReason_ERROR_REASON_QUEUE_NOT_FOR_WORKERS || e.Remedy == "" {
		t.Error(err)
	}
}

// TestTheClientVerifiesWebhooks that Koogate signs: by one secret, by two, and by the second alone.
func TestTheClientVerifiesWebhooks(t *testing.T) {
	t.Parallel()
	r := start(t)
	var handler atomic.Pointer[http.Handler]
	target := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) { (*handler.Load()).ServeHTTP(w, req) }))
	defer target.Close()
	conn := r.dialled()
	nobody := http.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) }))
	handler.Store(&nobody)
	hooks := koogatev1.NewWebhookServiceClient(r.dial(keysToken))
	made, err := hooks.CreateWebhook(t.Context(), &koogatev1.CreateWebhookRequest{Webhook: &koogatev1.Webhook{Name: "crm", Url: target.URL}})
	if err != nil {
		t.Fatal(err)
	}
	id := made.GetWebhook().GetWebhookId()
	second, err := hooks.AddWebhookSecret(t.Context(), &koogatev1.AddWebhookSecretRequest{WebhookId: id})
	if err != nil {
		t.Fatal(err)
	}
	for n, c := range []struct {
		secrets []client.Secret
		taken   bool
	}{
		{[]client.Secret{client.Secret(made.GetSecret())}, true},
		{[]client.Secret{client.Secret(second.GetSecret())}, true},
		{[]client.Secret{"whsec_" + client.Secret(strings.Repeat("QUJD", 10))}, false},
	} {
		v, err := client.NewVerifier(c.secrets...)
		if err != nil {
			t.Fatal(err)
		}
		v.Log = slog.New(slog.DiscardHandler)
		got := make(chan client.Event, 100)
		h := v.Handler(func(_ context.Context, e client.Event) error { got <- e; return nil })
		handler.Store(&h)
		ping, err := koogatev1.NewWebhookServiceClient(conn).TestWebhook(t.Context(), &koogatev1.TestWebhookRequest{WebhookId: id})
		if err != nil || (ping.GetHttpStatus() == http.StatusNoContent) != c.taken {
			t.Errorf("%v, %v", ping, err)
		}
		if !c.taken {
			continue
		}
		order := fmt.Sprintf("W-%d", n)
		r.mustCall("worked", newInstance(order))
		for e := range got {
			told, err := e.Told()
			if err != nil || e.Source != "/koogate/sellers/acme" || told.GetOrderId() != e.Subject || e.Type != client.EventPrefix+told.GetEvent().GetKind() {
				t.Errorf("%+v, %v", e, err)
			}
			if e.Subject == order { // else of the order before
				break
			}
		}
	}
}
