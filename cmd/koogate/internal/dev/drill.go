// SPDX-License-Identifier: Apache-2.0

package dev

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/koogate/koogate/cmd/koogate/internal/terminal"
	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/koogallery/simulator/catalogue"
	"github.com/koogate/koogate/server/clock"
)

// drillLease is how long a killed worker's task stays with it.
const drillLease = 1500 * time.Millisecond

// drill buys an instance that an outside worker provides, kills the worker (kill -9) with the task in its hands, lets
// another finish it, and checks that one instance came out of one create task.
func (c *Command) drill(ctx context.Context, m *markets) (row, error) {
	began := clock.System{}.Now()
	r := row{kind: "period, worker killed", seller: drillSeller}
	order, err := m.drill.Place(catalogue.Period)
	if err != nil {
		return r, err
	}
	r.order = order.ID
	opened := make(chan error, 1)
	go func() {
		o, err := m.drill.Open(ctx, order.ID)
		r.instance = o.InstanceID
		opened <- err
	}()
	fail := func(err error) (row, error) {
		if ctx.Err() != nil {
			return r, ctx.Err()
		}
		r.err, r.took = err.Error(), clock.System{}.Now().Sub(began)
		return r, nil
	}
	if err := c.killWorker(ctx); err != nil {
		err = errors.Join(err, <-opened)
		return fail(err)
	}
	survivor, err := c.startWorker(ctx, "")
	if err != nil {
		return fail(err)
	}
	defer survivor.end()
	if err := <-opened; err != nil {
		return fail(err)
	}
	r.steps = 4
	if _, err := m.drill.Duplicate(ctx, order.ID); err != nil {
		return fail(err)
	}
	if _, err := m.drill.Unsubscribe(ctx, order.ID); err != nil {
		return fail(err)
	}
	if err := c.verifyChain(ctx, drillToken, order.ID); err != nil {
		return fail(err)
	}
	r.took = clock.System{}.Now().Sub(began)
	return r, nil
}

// killWorker starts a worker that leases one task and hangs, and kills it there.
func (c *Command) killWorker(ctx context.Context) error {
	w, err := c.startWorker(ctx, "--hang")
	if err != nil {
		return err
	}
	line, err := bufio.NewReader(w.out).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "leased ") {
		w.end()
		return fmt.Errorf("the worker leased nothing: %q %w", line, err)
	}
	w.end()
	return nil
}

type child struct {
	cmd *exec.Cmd
	out io.Reader
}

// end kills the process as hard as the system can.
func (w *child) end() {
	_ = w.cmd.Process.Kill()
	_ = w.cmd.Wait() // the status of a killed process is an error
}

// startWorker runs this binary again as an outside worker.
func (c *Command) startWorker(ctx context.Context, flag string) (*child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	args := []string{"dev-worker", "--grpc", c.GRPC}
	if flag != "" {
		args = append(args, flag)
	}
	cmd := exec.CommandContext(ctx, self, args...) //nolint:gosec // this very binary
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return &child{cmd, out}, nil
}

// Worker is the outside worker of the drill, a process of its own so that it can be killed.
type Worker struct {
	GRPC string `help:"Address of the internal gRPC API." default:"127.0.0.1:9090" name:"grpc"`
	Hang bool   `help:"Lease one task, print that, and never complete it."`
}

// Run implements the command.
func (c *Worker) Run(ctx context.Context, out *terminal.Console) error {
	conn, err := grpc.NewClient(c.GRPC, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer conn.Close()
	tasks := koogatev1.NewTaskServiceClient(conn)
	ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+drillToken)
	for ctx.Err() == nil {
		leased, err := tasks.LeaseTasks(ctx, &koogatev1.LeaseTasksRequest{
			Queue: drillQueue, WorkerId: fmt.Sprintf("dev-worker-%d", os.Getpid()), Wait: durationpb.New(10 * time.Second),
			LeaseDuration: durationpb.New(drillLease),
		})
		if err != nil {
			return err
		}
		for _, t := range leased.GetTasks() {
			fmt.Fprintf(out.Out, "leased %s attempt %d\n", t.GetKind(), t.GetAttempt())
			if c.Hang {
				<-ctx.Done()
				return nil
			}
			done := &koogatev1.CompleteTaskRequest{TaskId: t.GetTaskId(), FencingToken: t.GetFencingToken()}
			if t.GetKind() == koogatev1.TaskKind_TASK_KIND_CREATE {
				done.Result = &koogatev1.CompleteTaskRequest_AccessInfo{AccessInfo: &koogatev1.AccessInfo{
					FrontEndUrl: "https://" + t.GetInstanceId() + ".worker.example.com/", UserName: "admin", Password: "made-by-the-worker",
				}}
			}
			if _, err := tasks.CompleteTask(ctx, done); err != nil {
				return err
			}
		}
	}
	return nil
}
