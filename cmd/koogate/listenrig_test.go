// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// posted is a message that a developer's program got.
type posted struct {
	id, agent, kind, parent string
	body                    []byte
	at                      time.Time
	event                   struct {
		ID, Source, Type, Subject string
		Data                      struct {
			OrderID string
			Event   struct {
				Seq  string
				Kind string
			}
		}
	}
	task struct {
		TaskID, Kind, OrderID, InstanceID, FencingToken string
		Attempt                                         int
	}
}

// receiver is a developer's program: it takes messages as it is told, and verifies each by a library that somebody else wrote.
type receiver struct {
	t      *testing.T
	addr   string
	server *http.Server

	mu     sync.Mutex
	hook   *standardwebhooks.Webhook
	answer func(p *posted) (status int, body string)
	got    []*posted
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	p := &receiver{t: t, addr: freeAddrs(t, 1)[0], answer: func(*posted) (int, string) { return 204, "" }}
	t.Cleanup(p.down)
	return p
}

func (p *receiver) url() string { return "http://" + p.addr + "/hook" }

func (p *receiver) up() {
	p.t.Helper()
	var l net.Listener
	await(p.t, "the port", func() (ok bool) {
		var err error
		l, err = (&net.ListenConfig{}).Listen(context.Background(), "tcp", p.addr)
		return err == nil
	})
	p.server = &http.Server{Handler: http.HandlerFunc(p.take)}
	go func(s *http.Server) { _ = s.Serve(l) }(p.server)
}

func (p *receiver) down() {
	if p.server != nil {
		_ = p.server.Close()
		p.server = nil
	}
}

func (p *receiver) take(w http.ResponseWriter, r *http.Request) {
	m := &posted{id: r.Header.Get("webhook-id"), agent: r.UserAgent(), kind: r.Header.Get("Content-Type"), parent: r.Header.Get("Traceparent"), at: time.Now()}
	m.body, _ = io.ReadAll(r.Body)
	var hook *standardwebhooks.Webhook
	var answer func(*posted) (int, string)
	for hook == nil && r.Context().Err() == nil { // the secret is shown a moment before it is known here
		p.mu.Lock()
		hook, answer = p.hook, p.answer
		p.mu.Unlock()
		if hook == nil {
			time.Sleep(time.Millisecond)
		}
	}
	if hook == nil {
		return
	}
	err := hook.Verify(m.body, r.Header)
	into := any(&m.event)
	if strings.HasPrefix(m.id, "task_") {
		into = &m.task
	}
	if err == nil {
		err = json.Unmarshal(m.body, into)
	}
	if err != nil || r.Method != http.MethodPost || r.URL.Path != "/hook" {
		p.t.Errorf("%s %s: %v %s", r.Method, r.URL, err, m.body)
	}
	p.mu.Lock()
	p.got = append(p.got, m)
	p.mu.Unlock()
	status, body := answer(m)
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

func (p *receiver) says(answer func(p *posted) (int, string)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answer = answer
}

// seqs are the numbers of an order's events as they came.
func (p *receiver) seqs(order string) (all []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, m := range p.got {
		if m.event.Subject == order {
			all = append(all, m.event.Data.Event.Seq)
		}
	}
	return all
}

// tasks are the tasks of an order as they came.
func (p *receiver) tasks(order string) (all []*posted) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, m := range p.got {
		if m.task.OrderID == order {
			all = append(all, m)
		}
	}
	return all
}

// listening is koogate listen that runs.
type listening struct {
	t         *testing.T
	out, errs *buffer
	cancel    context.CancelFunc
	ended     chan int
}

// listen starts the command and gives the program its secret.
func (r *remoteSite) listen(t *testing.T, p *receiver, args ...string) *listening {
	t.Helper()
	file := filepath.Join(t.TempDir(), "listen-token")
	if err := os.WriteFile(file, []byte(testToken), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	l := &listening{t: t, out: &buffer{}, errs: &buffer{}, cancel: cancel, ended: make(chan int, 1)}
	t.Cleanup(cancel)
	go func() {
		l.ended <- run(ctx, append([]string{"listen", "--forward-to", p.url(), "--address", r.grpc, "--token-file", file, "-o", "json"}, args...), l.out, l.errs)
	}()
	text := regexp.MustCompile(`whsec_\S+`)
	await(t, "the secret", func() bool { return text.MatchString(l.errs.String()) })
	hook, err := standardwebhooks.NewWebhook(text.FindString(l.errs.String()))
	if err != nil {
		t.Fatal(err)
	}
	p.mu.Lock()
	p.hook = hook
	p.mu.Unlock()
	ready := "events go to " + p.url()
	if slices.Contains(args, "--no-events") {
		ready = "go to " + p.url()
	}
	await(t, "the start", func() bool { return strings.Contains(l.errs.String(), ready) })
	return l
}

// end ends it in order, and says how long that took.
func (l *listening) end() time.Duration {
	l.t.Helper()
	began := time.Now()
	l.cancel()
	select {
	case code := <-l.ended:
		if code != exitOK {
			l.t.Errorf("koogate listen: %d\n%s", code, l.errs.String())
		}
	case <-time.After(20 * time.Second):
		l.t.Fatal("koogate listen does not end")
	}
	return time.Since(began)
}

// calls are the lines that it has written about an order.
func (l *listening) calls(order string) (outcomes []string) {
	l.t.Helper()
	for line := range strings.Lines(l.out.String()) {
		if c := object(l.t, line); c["orderId"] == order || order == "" && c["orderId"] == nil { // a question has none
			outcomes = append(outcomes, fmt.Sprintf("%v %v %v %v", c["what"], c["kind"], c["status"], c["outcome"]))
		}
	}
	return outcomes
}

// writes waits until it has written as many lines about an order as are wanted, which it does a moment after the service knows, and compares them.
func (l *listening) writes(order string, want ...string) {
	l.t.Helper()
	await(l.t, "lines about "+order, func() bool { return len(l.calls(order)) >= len(want) })
	if got := l.calls(order); !slices.Equal(got, want) {
		l.t.Errorf("%s: %q, want %q", order, got, want)
	}
}

// worked has the site's tasks done by a worker until the test ends.
func (r *remoteSite) worked(t *testing.T) {
	stop := background(func(ctx context.Context) error { return r.work(ctx, "w") })
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
}

// chain are the numbers of an order's events as the service has them, once its instance is there.
func (r *remoteSite) chain(t *testing.T, order, instance string) (seqs []string) {
	t.Helper()
	r.active(t, instance)
	for _, e := range objects(t, r.does(t, "orders", "events", order, "--limit", "0", "-o", "json")) {
		seqs = append(seqs, e["seq"].(string))
	}
	if len(seqs) < 3 {
		t.Fatalf("only %d events", len(seqs))
	}
	return seqs
}

func (r *remoteSite) active(t *testing.T, instance string) {
	t.Helper()
	await(t, "the instance", func() bool {
		return object(t, r.does(t, "instances", "get", instance, "-o", "json"))["state"] == "INSTANCE_STATE_ACTIVE"
	})
}

// allowLoopback allows webhooks to call this machine.
func (r *remoteSite) allowLoopback(t *testing.T) {
	t.Helper()
	text, err := os.ReadFile(r.config)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(r.config, append(text, "webhooks: {allow: [127.0.0.0/8]}\n"...), 0o600); err != nil {
		t.Fatal(err)
	}
	r.stop()
	r.start()
}
