// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/types/known/durationpb"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
)

// demoToken is the token of dev mode, which everybody knows.
const demoToken = "koogate-demo-token"

// devProcess is a running koogate dev.
type devProcess struct {
	t            *testing.T
	cmd          *exec.Cmd
	facade, grpc string
	api, sim     string

	mu   sync.Mutex
	text bytes.Buffer
	over chan error
}

// Write implements io.Writer.
func (d *devProcess) Write(p []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.text.Write(p)
}

func (d *devProcess) output() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.text.String()
}

func startDevProcess(t *testing.T, args ...string) *devProcess {
	t.Helper()
	a := freeAddrs(t, 6)
	d := &devProcess{t: t, grpc: a[2], facade: a[0], api: a[1], sim: a[4], over: make(chan error, 1)}
	d.cmd = exec.Command(program(t), append([]string{
		"dev", "--facade", a[0], "--api", a[1], "--grpc", a[2], "--ops", a[3], "--sim", a[4], "--login", a[5], "--centre", "127.0.0.1:0", "--app", "127.0.0.1:0", "--jaeger", "http://127.0.0.1:1",
	}, args...)...)
	d.cmd.Stdout, d.cmd.Stderr = d, d
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { d.over <- d.cmd.Wait() }()
	t.Cleanup(func() { _ = d.cmd.Process.Kill() })
	return d
}

// until waits until the output has a text.
func (d *devProcess) until(text string) {
	d.t.Helper()
	if err := d.says(text); err != nil {
		d.t.Fatal(err)
	}
}

// says waits until the output has a text.
func (d *devProcess) says(text string) error {
	for end := time.Now().Add(90 * time.Second); !strings.Contains(d.output(), text); time.Sleep(20 * time.Millisecond) {
		select {
		case err := <-d.over:
			return fmt.Errorf("koogate dev ended before it said %q: %w\n%s", text, err, d.output())
		default:
		}
		if time.Now().After(end) {
			return fmt.Errorf("koogate dev does not say %q:\n%s", text, d.output())
		}
	}
	return nil
}

// ends waits for the end, which must be a good one.
func (d *devProcess) ends() {
	d.t.Helper()
	if err := d.ended(); err != nil {
		d.t.Fatal(err)
	}
}

// ended waits for the end, which must be a good one.
func (d *devProcess) ended() error {
	select {
	case err := <-d.over:
		if err != nil {
			return fmt.Errorf("koogate dev: %w\n%s", err, d.output())
		}
		return nil
	case <-time.After(90 * time.Second):
		return fmt.Errorf("koogate dev does not end:\n%s", d.output())
	}
}

// A data directory serves any number of runs, whatever the one before left in it; and what is printed at the end is true.
func TestDevAgain(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	killed := startDevProcess(t, "--data", data)
	killed.until("  period, worker killed")
	if err := killed.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-killed.over
	startDevProcess(t, "--once", "--data", data).ends()
	for _, found := range []string{"koogate.db", "keyset.json", "kit-rsa.pem"} {
		if _, err := os.Stat(filepath.Join(data, found)); err != nil {
			t.Error(err)
		}
	}
	if err := filepath.Walk(data, func(path string, info os.FileInfo, err error) error {
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		return err
	}); err != nil {
		t.Error(err)
	}
	d := startDevProcess(t, "--data", data)
	d.until("19 orders, 0 failed")
	d.until("Drive the facade by hand")
	out := d.output()
	_, out, _ = strings.Cut(out, "Running until Ctrl-C")
	pages := regexp.MustCompile(`http://127\.0\.0\.1:[0-9]+[/a-z0-9.]*`).FindAllString(out[:strings.Index(out, "Drive the facade by hand")], -1)
	if len(pages) < 7 {
		t.Errorf("only the pages %q are named in\n%s", pages, out)
	}
	orders := regexp.MustCompile(`http://dev:\S+/console/orders/\S+`).FindAllString(d.output(), -1) // with the token, as a browser opens them
	if len(orders) != 19 {
		t.Errorf("%d pages of orders are named: %q", len(orders), orders)
	}
	if strings.Contains(d.output(), "level=ERROR") {
		t.Errorf("a run in which nothing failed tells of errors:\n%s", d.output())
	}
	jar, err := cookiejar.New(nil) // the demo app leads to the login, which knows a browser by its cookie
	if err != nil {
		t.Fatal(err)
	}
	browser := &http.Client{Jar: jar}
	for _, page := range slices.Concat(pages, orders) {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, page, nil)
		if err != nil {
			t.Fatal(err)
		}
		if r.URL.User == nil {
			r.Header.Set("Authorization", "Bearer "+demoToken)
		}
		res, err := browser.Do(r)
		if err != nil {
			t.Errorf("%s: %v", page, err)
			continue
		}
		body, _ := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if res.StatusCode != 200 || len(body) == 0 {
			t.Errorf("%s: HTTP %d %s", page, res.StatusCode, body)
		}
	}
	worker := regexp.MustCompile(`KOOGATE_ADDR=(\S+) KOOGATE_TOKEN=(\S+) KOOGATE_QUEUE=(\S+) go run ./docs/examples/worker`).FindStringSubmatch(out)
	if len(worker) != 4 {
		t.Fatalf("how to start a worker is not told:\n%s", out)
	}
	if _, err := newTestWorker(t, worker[1], worker[2], worker[3]).lease(t.Context(), 0); err != nil {
		t.Errorf("the worker that is told: %v", err)
	}
	if err := d.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	d.ends()
	http.DefaultClient.CloseIdleConnections()
}

// With --queue the demo's orders are the user's own worker's, which may come late; no order of the demo seller is provided without.
func TestDevQueue(t *testing.T) {
	t.Parallel()
	d := startDevProcess(t, "--once", "--queue", "crm")
	d.until("KOOGATE_QUEUE=crm")
	time.Sleep(4 * time.Second) // longer than the demo's budget for an answer, and than what the simulator repeats V1 calls for
	if out := d.output(); strings.Contains(out, "  period  ") {
		t.Fatalf("an order is done without a worker:\n%s", out)
	}
	w := newTestWorker(t, d.grpc, demoToken, "crm")
	ctx, cancel := context.WithCancel(t.Context())
	var busy sync.WaitGroup
	busy.Go(func() {
		for ctx.Err() == nil {
			tasks, err := w.lease(ctx, 2*time.Second)
			for _, task := range tasks {
				busy.Go(func() { w.do(ctx, task) })
			}
			if err != nil && ctx.Err() == nil {
				time.Sleep(50 * time.Millisecond)
			}
		}
	})
	d.ends()
	cancel()
	busy.Wait()
	if !strings.Contains(d.output(), "19 orders, 0 failed") {
		t.Errorf("got\n%s", d.output())
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.done[koogatev1.TaskKind_TASK_KIND_CREATE] < 12 || w.done[koogatev1.TaskKind_TASK_KIND_ISSUE_LICENCE] < 1 {
		t.Errorf("the worker did only %v", w.done)
	}
}

// testWorker provides whatever it is asked for.
type testWorker struct {
	t      *testing.T
	client koogatev1.TaskServiceClient
	token  string
	queue  string

	mu   sync.Mutex
	done map[koogatev1.TaskKind]int
}

func newTestWorker(t *testing.T, addr, token, queue string) *testWorker {
	t.Helper()
	conn, err := grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return &testWorker{t: t, client: koogatev1.NewTaskServiceClient(conn), token: token, queue: queue, done: map[koogatev1.TaskKind]int{}}
}

func (w *testWorker) lease(ctx context.Context, wait time.Duration) ([]*koogatev1.Task, error) {
	ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+w.token)
	r, err := w.client.LeaseTasks(ctx, &koogatev1.LeaseTasksRequest{
		Queue: w.queue, WorkerId: "test", MaxTasks: 20, Wait: durationpb.New(wait),
	})
	return r.GetTasks(), err
}

func (w *testWorker) do(ctx context.Context, task *koogatev1.Task) {
	done := &koogatev1.CompleteTaskRequest{TaskId: task.GetTaskId(), FencingToken: task.GetFencingToken()}
	switch task.GetKind() {
	case koogatev1.TaskKind_TASK_KIND_CREATE:
		done.Result = &koogatev1.CompleteTaskRequest_AccessInfo{AccessInfo: &koogatev1.AccessInfo{
			FrontEndUrl: fmt.Sprintf("https://%s.crm.example.com/", task.GetInstanceId()), UserName: "admin", Password: "made-by-the-test",
		}}
	case koogatev1.TaskKind_TASK_KIND_ISSUE_LICENCE:
		done.Result = &koogatev1.CompleteTaskRequest_Licence{Licence: &koogatev1.Licence{Text: "licence-" + task.GetTaskId()}}
	case koogatev1.TaskKind_TASK_KIND_CHECK_CHANGE:
		done.Result = &koogatev1.CompleteTaskRequest_ChangeVerdict{ChangeVerdict: &koogatev1.ChangeVerdict{Allowed: true}}
	}
	ctx = metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+w.token)
	if _, err := w.client.CompleteTask(ctx, done); err != nil && ctx.Err() == nil {
		w.t.Errorf("%s: %v", task.GetKind(), err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.done[task.GetKind()]++
}
