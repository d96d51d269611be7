// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/types/known/durationpb"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
)

// workers is how many lease at the same time.
const workers = 8

// crew are workers that complete every task at once. Each has a connection of its own to one of the replicas.
type crew struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	wg     sync.WaitGroup
	done   sync.Map // instance ID → chan struct{}, closed when it is completed

	mu    sync.Mutex
	waits []time.Duration // from the admission of an order until a worker had the lease
}

func startWorkers(ctx context.Context, replicas []*process) (*crew, error) {
	w := &crew{}
	w.ctx, w.cancel = context.WithCancelCause(authorized(ctx))
	for n := range workers {
		conn, err := grpc.NewClient(replicas[n%len(replicas)].grpc, grpc.WithTransportCredentials(insecure.NewCredentials()))
		if err != nil {
			return nil, errors.Join(err, w.stop())
		}
		w.wg.Go(func() {
			defer conn.Close()
			if err := w.work(koogatev1.NewTaskServiceClient(conn), fmt.Sprintf("bench-%d", n)); w.ctx.Err() == nil {
				w.cancel(fmt.Errorf("worker %d: %w", n, err))
			}
		})
	}
	return w, nil
}

// authorized adds the token to every call of a context.
func authorized(ctx context.Context) context.Context {
	return metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+apiToken)
}

var errStopped = errors.New("the workers were told to stop")

func (w *crew) stop() error {
	w.cancel(errStopped)
	w.wg.Wait()
	return w.failure()
}

// failure is why a worker has ended before it was told to.
func (w *crew) failure() error {
	if err := context.Cause(w.ctx); err != nil && !errors.Is(err, errStopped) {
		return err
	}
	return nil
}

func (w *crew) work(client koogatev1.TaskServiceClient, id string) error {
	for {
		leased, err := client.LeaseTasks(w.ctx, &koogatev1.LeaseTasksRequest{
			Queue: "worker", WorkerId: id, MaxTasks: 8, Wait: durationpb.New(5 * time.Second), LeaseDuration: durationpb.New(time.Minute),
		})
		if err != nil {
			return err
		}
		now := time.Now()
		w.mu.Lock()
		for _, t := range leased.GetTasks() {
			w.waits = append(w.waits, now.Sub(t.GetCreateTime().AsTime()))
		}
		w.mu.Unlock()
		for _, t := range leased.GetTasks() {
			_, err := client.CompleteTask(w.ctx, &koogatev1.CompleteTaskRequest{
				TaskId: t.GetTaskId(), FencingToken: t.GetFencingToken(),
				Result: &koogatev1.CompleteTaskRequest_AccessInfo{AccessInfo: &koogatev1.AccessInfo{
					FrontEndUrl: "https://" + t.GetInstanceId() + ".example.com/", UserName: "admin", Password: "0123456789abcdef",
				}},
			})
			if err != nil {
				return err
			}
			close(w.completed(t.GetInstanceId()))
		}
	}
}

// completed is closed when the creation of an instance is completed.
func (w *crew) completed(instance string) chan struct{} {
	c, _ := w.done.LoadOrStore(instance, make(chan struct{}))
	return c.(chan struct{}) //nolint:forcetypeassert // nothing else is stored
}

// forget returns the times from admission to lease since the last time it was asked.
func (w *crew) forget() []time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	waits := w.waits
	w.waits = nil
	return waits
}
