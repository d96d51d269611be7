// SPDX-License-Identifier: Apache-2.0

// Command worker is a provisioner in one file: it leases tasks from Koogate, does them and reports back. Copy it and
// replace product.perform. See README.md next to it.
package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
)

const lease = 30 * time.Second // when a worker dies, another gets its tasks after this

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	secured, err := transport(os.Getenv)
	if err != nil {
		slog.Error("the certificates are not usable", "error", err)
		os.Exit(1)
	}
	conn, err := grpc.NewClient(os.Getenv("KOOGATE_ADDR"), grpc.WithTransportCredentials(secured))
	if err != nil {
		slog.Error("KOOGATE_ADDR is not usable", "error", err)
		os.Exit(1)
	}
	defer func() { _ = conn.Close() }()
	host, _ := os.Hostname()
	w := &worker{
		client: koogatev1.NewTaskServiceClient(conn), queue: os.Getenv("KOOGATE_QUEUE"), id: host,
		token: os.Getenv("KOOGATE_TOKEN"), product: &product{instances: make(map[string]*instance)},
	}
	w.run(ctx)
}

// transport is TLS when KOOGATE_CA_FILE names the authority that signed Koogate's certificate. The worker shows a certificate
// of its own when KOOGATE_CERT_FILE and KOOGATE_KEY_FILE name one.
func transport(getenv func(string) string) (credentials.TransportCredentials, error) {
	ca, cert := getenv("KOOGATE_CA_FILE"), getenv("KOOGATE_CERT_FILE")
	if ca == "" {
		return insecure.NewCredentials(), nil
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: x509.NewCertPool()}
	text, err := os.ReadFile(ca)
	if err != nil {
		return nil, err
	}
	if !c.RootCAs.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s holds no certificate", ca)
	}
	if cert != "" {
		pair, err := tls.LoadX509KeyPair(cert, getenv("KOOGATE_KEY_FILE"))
		if err != nil {
			return nil, err
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return credentials.NewTLS(c), nil
}

type worker struct {
	client           koogatev1.TaskServiceClient
	queue, id, token string
	product          *product
}

func (w *worker) auth(ctx context.Context) context.Context {
	return metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+w.token)
}

// run leases until ctx ends, then lets the tasks in hand finish.
func (w *worker) run(ctx context.Context) {
	var busy sync.WaitGroup
	defer busy.Wait()
	for ctx.Err() == nil {
		r, err := w.client.LeaseTasks(w.auth(ctx), &koogatev1.LeaseTasksRequest{
			Queue: w.queue, WorkerId: w.id, MaxTasks: 4, Wait: durationpb.New(20 * time.Second), LeaseDuration: durationpb.New(lease),
		})
		if err != nil && ctx.Err() == nil {
			slog.Warn("nothing leased; trying again", "error", err)
			pause(ctx, time.Second)
		}
		for _, t := range r.GetTasks() {
			busy.Go(func() { w.do(w.auth(context.WithoutCancel(ctx)), t) }) // a stop does not cut a task short
		}
	}
}

// do does one task. The heartbeat keeps the lease; when it is lost another worker has the task and ctx of the work ends.
func (w *worker) do(ctx context.Context, t *koogatev1.Task) {
	work, end := context.WithCancel(ctx)
	var beat sync.WaitGroup
	beat.Go(func() {
		for pause(work, lease/3) {
			_, err := w.client.HeartbeatTask(work, &koogatev1.HeartbeatTaskRequest{
				TaskId: t.GetTaskId(), FencingToken: t.GetFencingToken(), LeaseDuration: durationpb.New(lease),
			})
			if status.Code(err) == codes.Aborted {
				end()
			}
		}
	})
	slog.Info("purchase", "what", purchase(t))
	done := &koogatev1.CompleteTaskRequest{TaskId: t.GetTaskId(), FencingToken: t.GetFencingToken()}
	err := w.product.perform(work, t, done)
	end()
	beat.Wait()
	if err == nil { // reporting once more is no harm: the same token gets the same answer
		_, err = w.client.CompleteTask(ctx, done)
	} else { // tried again later; with Permanent set it ends, and Code tells the marketplace why
		_, err = w.client.FailTask(ctx, &koogatev1.FailTaskRequest{
			TaskId: t.GetTaskId(), FencingToken: t.GetFencingToken(), Message: err.Error(),
		})
	}
	slog.Info("task", "kind", t.GetKind(), "instance", t.GetInstanceId(), "attempt", t.GetAttempt(), "reported", err == nil)
}

// purchase says who bought what for how long, from the task alone. The buyer is personal data: this line shows the account's
// ID and nothing else of it.
func purchase(t *koogatev1.Task) string {
	p, who := t.GetPurchase(), fmt.Sprintf("customer %q", t.GetInput().GetCustomerId())
	if t.GetInput().GetCustomerId() == "" && t.GetInput().GetLicenceCode() != "" {
		who = "the holder of a licence code"
	}
	text := fmt.Sprintf("%s %s by %s: %d x product %q, sku %q", p.GetOrderType(), p.GetOrderId(), who, p.GetLinearValue(),
		p.GetProductId(), p.GetSkuCode())
	if p.GetChargingMode() != "" {
		text += ", " + p.GetChargingMode()
	}
	if p.GetPeriodNumber() > 0 {
		text += fmt.Sprintf(", for %d %s", p.GetPeriodNumber(), p.GetPeriodType())
	}
	if p.GetExpireTime() != nil {
		text += ", until " + p.GetExpireTime().AsTime().Format(time.DateOnly)
	}
	return text
}

// product stands for yours. Its map is your database.
type product struct {
	mu        sync.Mutex
	instances map[string]*instance
}

type instance struct {
	sku, password    string
	frozen, released bool
	expires          time.Time
}

// perform must be idempotent: the same task comes again after a crash or a lost answer. Everything is keyed by the
// instance ID and states what shall be, so twice is as good as once. It stops when ctx ends.
func (p *product) perform(ctx context.Context, t *koogatev1.Task, done *koogatev1.CompleteTaskRequest) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	i := p.instances[t.GetInstanceId()]
	if i == nil {
		i = &instance{password: rand.Text()}
		p.instances[t.GetInstanceId()] = i
	}
	switch t.GetKind() {
	case koogatev1.TaskKind_TASK_KIND_CREATE:
		i.sku, i.expires = t.GetSkuCode(), t.GetExpireTime().AsTime()
		done.Result = &koogatev1.CompleteTaskRequest_AccessInfo{AccessInfo: &koogatev1.AccessInfo{
			FrontEndUrl: "https://app.example.com/" + t.GetInstanceId(), UserName: "admin", Password: i.password,
		}}
	case koogatev1.TaskKind_TASK_KIND_ISSUE_LICENCE: // for what t.GetInput() says; the same task must get the same licence
		done.Result = &koogatev1.CompleteTaskRequest_Licence{Licence: &koogatev1.Licence{Text: i.password + "/" + t.GetTaskId()}}
	case koogatev1.TaskKind_TASK_KIND_REFRESH, koogatev1.TaskKind_TASK_KIND_UPGRADE:
		i.sku, i.expires = t.GetSkuCode(), t.GetExpireTime().AsTime()
	case koogatev1.TaskKind_TASK_KIND_FREEZE, koogatev1.TaskKind_TASK_KIND_UNFREEZE:
		i.frozen = t.GetKind() == koogatev1.TaskKind_TASK_KIND_FREEZE
	case koogatev1.TaskKind_TASK_KIND_RELEASE:
		i.released = true
	case koogatev1.TaskKind_TASK_KIND_CHECK_CHANGE:
		done.Result = &koogatev1.CompleteTaskRequest_ChangeVerdict{ChangeVerdict: &koogatev1.ChangeVerdict{Allowed: true}}
	default:
		return fmt.Errorf("kind %s is newer than this worker", t.GetKind())
	}
	return ctx.Err()
}

// pause waits; false when ctx is over.
func pause(ctx context.Context, d time.Duration) bool {
	timer, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	<-timer.Done()
	return ctx.Err() == nil
}
