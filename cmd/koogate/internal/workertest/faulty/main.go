// SPDX-License-Identifier: Apache-2.0

// Command faulty is a worker, or with --hook the webhook of a provisioner, for the tests of koogate worker-test: it is right, unless it is told which fault to have. It keeps what it
// has made in a file, one task at a time. With --client it is on package client.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/koogate/koogate/client"
	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/clock"
)

// The faults.
const (
	twice   = "twice"   // creates at every delivery
	forgets = "forgets" // knows in memory only what it has created
	ignores = "ignores" // goes on with a lost lease
	early   = "early"   // answers before the resource is there
	leaks   = "leaks"   // leaves the resource of a failed creation
	loses   = "loses"   // completes renewals and does nothing
	guesses = "guesses" // completes under a token that another worker has
	silent  = "silent"  // sends no heartbeats
	grabs   = "grabs"   // makes what it is asked about
	claims  = "claims"  // says that what it is asked about is its own
)

const refusedProduct = "OFFI000000000000000404"

func main() {
	w := &worker{known: map[string]string{}}
	run := w.byHand
	flag.StringVar(&w.fault, "fault", "", "the fault")
	flag.StringVar(&w.file, "file", "", "where resources are kept")
	flag.DurationVar(&w.step, "step", 0, "how long a creation takes")
	flag.DurationVar(&w.lease, "lease", 2*time.Second, "the lease")
	plain := flag.Bool("client", false, "be on package client, without a fault and several tasks at a time")
	addr := flag.String("hook", "", "be a webhook at this address")
	later := flag.Bool("later", false, "as a webhook answer 202, and complete afterwards")
	flag.Parse()
	if *plain {
		run = w.onClient
	}
	if *addr != "" {
		run = func(ctx context.Context) error { return w.onHook(ctx, *addr, *later) }
	}
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

type resource struct {
	InstanceID string    `json:"instanceId"`
	ResourceID string    `json:"resourceId"`
	ExpiresAt  time.Time `json:"expiresAt"`
}

type worker struct {
	fault, file string
	step, lease time.Duration
	tasks       koogatev1.TaskServiceClient
	known       map[string]string
	made        int
	mu          sync.Mutex
}

func (w *worker) byHand(ctx context.Context) error {
	conn, err := client.Dial(client.FromEnv(), grpc.WithDefaultCallOptions(grpc.WaitForReady(true)))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	w.tasks = koogatev1.NewTaskServiceClient(conn)
	for {
		leased, err := w.tasks.LeaseTasks(ctx, &koogatev1.LeaseTasksRequest{
			Queue: os.Getenv("KOOGATE_QUEUE"), WorkerId: "faulty", Wait: durationpb.New(20 * time.Second), LeaseDuration: durationpb.New(w.lease),
		})
		if err != nil {
			return err
		}
		for _, t := range leased.GetTasks() {
			if err := w.do(ctx, t); err != nil {
				return err
			}
		}
	}
}

// onClient is the worker without a fault as package client has it.
func (w *worker) onClient(ctx context.Context) error {
	conn, err := client.Dial(client.FromEnv())
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	return client.Worker{Conn: conn, Queue: os.Getenv("KOOGATE_QUEUE"), Lease: w.lease, Handler: func(ctx context.Context, t *koogatev1.Task) (client.Result, error) {
		if err := clock.Sleep(ctx, clock.System{}, w.step); err != nil {
			return client.Result{}, err
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		switch {
		case t.GetKind() == koogatev1.TaskKind_TASK_KIND_IDENTIFY:
			return client.Unknown(), nil
		case t.GetKind() == koogatev1.TaskKind_TASK_KIND_REFRESH:
			return client.Done(), w.renew(t)
		case t.GetProductId() == refusedProduct:
			return client.Failed(koogatev1.FailureCode_FAILURE_CODE_NO_RESOURCE, "no such product", ""), nil
		}
		return client.Ready(&koogatev1.AccessInfo{FrontEndUrl: "https://" + t.GetInstanceId() + ".example.com/"}), w.create(t)
	}}.Run(ctx)
}

// errLost says that the lease is lost.
var errLost = errors.New("the lease is lost")

// pass lets the work's time pass, with heartbeats.
func (w *worker) pass(ctx context.Context, t *koogatev1.Task) error {
	for left := w.step; left > 0; left -= w.lease / 3 {
		if err := clock.Sleep(ctx, clock.System{}, min(left, w.lease/3)); err != nil {
			return err
		}
		if w.fault == silent {
			continue
		}
		_, err := w.tasks.HeartbeatTask(ctx, &koogatev1.HeartbeatTaskRequest{TaskId: t.GetTaskId(), FencingToken: t.GetFencingToken(), LeaseDuration: durationpb.New(w.lease)})
		if stale(err) && w.fault != ignores {
			return errLost
		}
	}
	return nil
}

func stale(err error) bool {
	return client.ReasonOf(err) == koogatev1.ErrorReason_ERROR_REASON_FENCING_TOKEN_STALE
}

func (w *worker) do(ctx context.Context, t *koogatev1.Task) error {
	done := &koogatev1.CompleteTaskRequest{TaskId: t.GetTaskId(), FencingToken: t.GetFencingToken()}
	switch t.GetKind() {
	case koogatev1.TaskKind_TASK_KIND_CREATE:
		if err := w.pass(ctx, t); errors.Is(err, errLost) {
			return nil
		} else if err != nil {
			return err
		}
		if t.GetProductId() == refusedProduct {
			return w.refuse(ctx, t)
		}
		done.Result = &koogatev1.CompleteTaskRequest_AccessInfo{AccessInfo: &koogatev1.AccessInfo{FrontEndUrl: "https://" + t.GetInstanceId() + ".example.com/"}}
		if w.fault == early {
			if err := w.complete(ctx, done); err != nil {
				return err
			}
			if err := clock.Sleep(ctx, clock.System{}, 300*time.Millisecond); err != nil {
				return err
			}
			return w.create(t)
		}
		if err := w.create(t); err != nil {
			return err
		}
	case koogatev1.TaskKind_TASK_KIND_REFRESH:
		if w.fault != loses {
			if err := w.renew(t); err != nil {
				return err
			}
		}
	case koogatev1.TaskKind_TASK_KIND_IDENTIFY:
		if w.fault == grabs {
			if err := w.create(t); err != nil {
				return err
			}
		}
		if w.fault != claims {
			_, err := w.tasks.FailTask(ctx, &koogatev1.FailTaskRequest{
				TaskId: t.GetTaskId(), FencingToken: t.GetFencingToken(), Permanent: true, Code: koogatev1.FailureCode_FAILURE_CODE_UNKNOWN_INSTANCE,
			})
			return err
		}
		done.Result = &koogatev1.CompleteTaskRequest_Instance{Instance: claimed(t)}
	}
	return w.complete(ctx, done)
}

// claimed is an instance as if it were there.
func claimed(t *koogatev1.Task) *koogatev1.KnownInstance {
	return &koogatev1.KnownInstance{
		OrderId: "CSCLAIMED", OrderLineId: "CSCLAIMED-000001", ProductId: "OFFI000000000000000001", State: koogatev1.ImportState_IMPORT_STATE_ACTIVE,
		Access: &koogatev1.AccessInfo{FrontEndUrl: "https://" + t.GetInstanceId() + ".example.com/"},
	}
}

func (w *worker) complete(ctx context.Context, done *koogatev1.CompleteTaskRequest) error {
	_, err := w.tasks.CompleteTask(ctx, done)
	switch {
	case !stale(err):
		return err
	case w.fault == guesses:
		done.FencingToken++
		_, _ = w.tasks.CompleteTask(ctx, done)
	case w.fault == ignores:
		for range 10 {
			if err := clock.Sleep(ctx, clock.System{}, 20*time.Millisecond); err != nil {
				return err
			}
			_, _ = w.tasks.CompleteTask(ctx, done)
		}
	}
	return nil // somebody else has it
}

// refuse makes a resource, fails and cleans up.
func (w *worker) refuse(ctx context.Context, t *koogatev1.Task) error {
	if err := w.create(t); err != nil {
		return err
	}
	if w.fault != leaks {
		if err := w.remove(t); err != nil {
			return err
		}
	}
	_, err := w.tasks.FailTask(ctx, &koogatev1.FailTaskRequest{TaskId: t.GetTaskId(), FencingToken: t.GetFencingToken(), Permanent: true, Message: "no such product"})
	return err
}

// remove takes the resources of an instance away.
func (w *worker) remove(t *koogatev1.Task) error {
	return w.change(func(all []resource) (kept []resource) {
		for _, r := range all {
			if r.InstanceID != t.GetInstanceId() {
				kept = append(kept, r)
			}
		}
		return kept
	})
}

// create makes the resource of an instance unless there is one.
func (w *worker) create(t *koogatev1.Task) error {
	return w.change(func(all []resource) []resource {
		for _, r := range all {
			if r.InstanceID == t.GetInstanceId() && w.fault != twice && (w.fault != forgets || w.known[r.InstanceID] != "") {
				return all
			}
		}
		w.made++
		id := fmt.Sprintf("r-%d-%d", os.Getpid(), w.made)
		w.known[t.GetInstanceId()] = id
		return append(all, resource{t.GetInstanceId(), id, t.GetExpireTime().AsTime()})
	})
}

// renew moves the end of an instance's resource.
func (w *worker) renew(t *koogatev1.Task) error {
	return w.change(func(all []resource) []resource {
		for i := range all {
			if all[i].InstanceID == t.GetInstanceId() {
				all[i].ExpiresAt = t.GetExpireTime().AsTime()
			}
		}
		return all
	})
}

// change replaces the file.
func (w *worker) change(f func([]resource) []resource) error {
	all := []resource{}
	text, err := os.ReadFile(w.file)
	if err == nil {
		err = json.Unmarshal(text, &all)
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	if all = f(all); all == nil {
		all = []resource{}
	}
	if text, err = json.Marshal(all); err != nil {
		return err
	}
	if err := os.WriteFile(w.file+".new", text, 0o600); err != nil {
		return err
	}
	return os.Rename(w.file+".new", w.file)
}
