// SPDX-License-Identifier: Apache-2.0

package workertest

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"sync"
	"time"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/api/rest"
	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/handover"
)

const (
	// mostWait is how long the test's own Koogate waits for an answer: the most that a provisioner may. What the answer may take is the rule's business.
	mostWait = 30 * time.Second
	askLater = "3600" // seconds that Koogate is told to wait for what is answered 202
	askSoon  = "1"    // and for what was lost: the least
)

// webhook stands between Koogate and the program: each call is passed on as it came, byte by byte, and the answer as it is, unless the plan of the task's order has
// it lost. What the program does by the API goes through the gate, as a worker's calls do.
type webhook struct {
	gate   *gate
	url    string
	limit  time.Duration // for which an answer may take
	client *http.Client

	mu       sync.Mutex
	answered bool // the program has answered at all
	detached map[string]bool
	status   int // of the last answer that was no success
}

// answer is what the program says.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// ServeHTTP is called by Koogate.
func (h *webhook) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	t := &koogatev1.Task{}
	if err == nil {
		err = rest.Read(body, t)
	}
	if err != nil {
		http.Error(w, "worker-test cannot read the task", http.StatusServiceUnavailable)
		return
	}
	now := clock.System{}.Now()
	x := h.gate.grant(t, now, h.limit)
	p := h.gate.planOf(t.GetOrderId())
	if p.detach && h.first(t.GetTaskId()) {
		go func() { _, _ = h.pass(context.WithoutCancel(r.Context()), r.Header, body, x, plan{}) }() // nobody hears what it answers
		h.lose(w)
		return
	}
	a, err := h.pass(r.Context(), r.Header, body, x, p)
	if err != nil {
		h.lose(w)
		return
	}
	if later := a.header.Get("Retry-After"); later != "" {
		w.Header().Set("Retry-After", later)
	}
	switch {
	case a.status == http.StatusAccepted:
		w.Header().Set("Retry-After", askLater)
	case again(a.status):
		w.Header().Set("Retry-After", askSoon)
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body)
}

// lose answers so that Koogate calls again.
func (h *webhook) lose(w http.ResponseWriter) {
	w.Header().Set("Retry-After", askSoon)
	w.WriteHeader(http.StatusServiceUnavailable)
}

// first says whether a task is detached for the first time.
func (h *webhook) first(task string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.detached == nil {
		h.detached = map[string]bool{}
	}
	first := !h.detached[task]
	h.detached[task] = true
	return first
}

// pass calls the program and judges its answer by the plan. An error says that Koogate does not hear the answer.
func (h *webhook) pass(ctx context.Context, header http.Header, body []byte, x *grant, p plan) (a answer, err error) {
	a, err = h.call(ctx, header, body)
	if err != nil {
		x.end()
		return a, err
	}
	h.mu.Lock()
	h.answered = true
	if a.status >= http.StatusMultipleChoices {
		h.status = a.status
	}
	h.mu.Unlock()
	if a.status == http.StatusAccepted {
		x.accept(clock.System{}.Now(), realLease)
		return a, nil
	}
	how := done
	switch {
	case again(a.status):
		how = back
	case a.status >= http.StatusMultipleChoices:
		how = failed
	case h.quotesAnother(a.body, x):
		h.gate.note("answer")
		how = back // Koogate refuses it
	}
	passed := false
	heard := func() error { passed = true; x.finish(how); return nil }
	if x.arrive() && p.report != nil {
		if err := p.report(x, heard); !passed { // lost, or the program is dead
			return a, err
		}
		return a, nil
	}
	return a, heard()
}

// again says whether Koogate calls again after an answer.
func again(status int) bool { return status >= http.StatusMultipleChoices && handover.Again(status) }

func (h *webhook) call(ctx context.Context, header http.Header, body []byte) (a answer, err error) {
	ctx, cancel := context.WithTimeout(ctx, mostWait)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, h.url, bytes.NewReader(body))
	if err != nil {
		return a, err
	}
	for _, name := range []string{"Content-Type", "Accept", "User-Agent", "Traceparent", "Webhook-Id", "Webhook-Timestamp", "Webhook-Signature"} {
		if v := header.Get(name); v != "" {
			r.Header.Set(name, v)
		}
	}
	resp, err := h.client.Do(r)
	if err != nil {
		return a, err
	}
	defer func() { _ = resp.Body.Close() }()
	a = answer{status: resp.StatusCode, header: resp.Header}
	a.body, err = io.ReadAll(io.LimitReader(resp.Body, handover.AnswerMost+1))
	return a, err
}

// quotesAnother says whether an answer is about another task, or another lease of it.
func (h *webhook) quotesAnother(body []byte, x *grant) bool {
	var said struct {
		TaskID string      `json:"taskId"`
		Fence  json.Number `json:"fencingToken"`
	}
	if json.Unmarshal(body, &said) != nil {
		return false
	}
	fence, err := said.Fence.Int64()
	return said.TaskID != "" && said.TaskID != x.task.GetTaskId() || err == nil && fence != 0 && fence != x.task.GetFencingToken()
}

// silent says whether the program has never answered, and with what it has answered that was no success.
func (h *webhook) silent() (silent bool, status int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return !h.answered, h.status
}
