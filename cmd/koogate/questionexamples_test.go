// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/taskanswer"
)

// told are the tasks of a life that ends in questions: about what the program has made, and about what nobody has.
var told = []string{
	`"kind":"TASK_KIND_CREATE","instanceId":"made-1","causeOrderId":"CS1","orderLineId":"CS1-000001","productId":"OFFI-1","skuCode":"sku-1","linearValue":"7","expireTime":"2030-01-01T00:00:00Z"`,
	`"kind":"TASK_KIND_FREEZE","instanceId":"made-1"`,
	`"kind":"TASK_KIND_IDENTIFY","instanceId":"made-1","purchase":{}`,
	`"kind":"TASK_KIND_IDENTIFY","instanceId":"../made-1","purchase":{}`,
	`"kind":"TASK_KIND_IDENTIFY","instanceId":"nobody-1","purchase":{}`,
}

// judgeQuestions looks at what a program has said to each of the tasks: its last verb, or status, and body.
func judgeQuestions(t *testing.T, name string, verbs []string, bodies [][]byte) {
	t.Helper()
	for i, want := range []string{"complete", "complete", "complete", "fail", "fail"} {
		if verbs[i] != want {
			t.Errorf("%s: task %d: %s %s, want %s", name, i, verbs[i], bodies[i], want)
			return
		}
	}
	valid, err := taskanswer.Validator()
	if err != nil {
		t.Fatal(err)
	}
	r, err := taskanswer.Lease{TaskID: "t-2", Fence: 1}.Complete(valid, bodies[2])
	if err != nil {
		t.Errorf("%s: %s: %v", name, bodies[2], err)
		return
	}
	i := r.GetInstance()
	if i.GetOrderId() != "CS1" || i.GetOrderLineId() != "CS1-000001" || i.GetProductId() != "OFFI-1" || i.GetSkuCode() != "sku-1" || i.GetQuantity() != 7 ||
		i.GetState() != koogatev1.ImportState_IMPORT_STATE_FROZEN || i.GetAccess().GetPassword() == "" || i.GetExpireTime().AsTime().Year() != 2030 {
		t.Errorf("%s: it knows %v", name, i)
	}
	for _, body := range bodies[3:] {
		var f struct {
			Code string
		}
		if json.Unmarshal(body, &f) != nil || f.Code != "FAILURE_CODE_UNKNOWN_INSTANCE" {
			t.Errorf("%s: of what nobody has made it says %s", name, body)
		}
	}
}

// TestTheExamplesKnowTheirOwn: each example that keeps what it makes answers a question about it from there, and one about anything else as not known; it makes
// nothing of either.
func TestTheExamplesKnowTheirOwn(t *testing.T) {
	t.Parallel()
	for name, command := range map[string][]string{
		"python": {"python3", "worker.py"}, "node": {"node", "worker.mjs"}, "java": {"java", "Worker.java"}, "php": {"php", "-S", "", "hook.php"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := exec.LookPath(command[0]); err != nil {
				t.Skip(err)
			}
			dir, err := filepath.Abs("../../docs/examples/" + name)
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			queue := newTold(t)
			addr := freeAddrs(t, 1)[0]
			if name == "php" {
				command[2] = addr
			}
			c := exec.CommandContext(ctx, command[0], command[1:]...)
			c.Dir = dir
			var out bytes.Buffer
			c.Stdout, c.Stderr = &out, &out
			kept := filepath.Join(t.TempDir(), "crm")
			c.Env = append(os.Environ(), "KOOGATE_URL="+queue.URL, "KOOGATE_TOKEN=t", "KOOGATE_QUEUE=q", "KOOGATE_WEBHOOK_SECRET="+webhookSecret, "CRM_FILE="+kept, "CRM_DIR="+kept)
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			defer func() { cancel(); _ = c.Wait() }()
			if name == "php" {
				queue.post(ctx, t, "http://"+addr+"/")
			}
			select {
			case <-queue.over:
			case <-ctx.Done():
				cancel()
				_ = c.Wait()
				t.Fatalf("it has not ended: %v\n%s", queue.verbs, out.String())
			}
			judgeQuestions(t, name, queue.verbs, queue.bodies)
		})
	}
}

const webhookSecret = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="

// toldQueue hands out the tasks, one after the other, to whoever leases.
type toldQueue struct {
	*httptest.Server
	mu     sync.Mutex
	verbs  []string
	bodies [][]byte
	over   chan struct{}
}

func (q *toldQueue) ends(verb string, body []byte) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.verbs, q.bodies = append(q.verbs, verb), append(q.bodies, body)
	if len(q.verbs) == len(told) {
		close(q.over)
	}
}

func task(n int) string {
	return fmt.Sprintf(`{"taskId":"t-%d","fencingToken":"1",%s}`, n, told[n])
}

func newTold(t *testing.T) *toldQueue {
	q := &toldQueue{over: make(chan struct{})}
	q.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		_, verb, _ := strings.Cut(r.URL.Path[1:], ":")
		q.mu.Lock()
		n := len(q.verbs)
		q.mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		switch {
		case verb != "lease":
			if verb != "heartbeat" {
				q.ends(verb, body)
			}
			_, _ = io.WriteString(w, "{}")
		case n < len(told):
			_, _ = io.WriteString(w, `{"tasks":[`+task(n)+`]}`)
		default:
			_, _ = io.WriteString(w, `{"tasks":[]}`)
		}
	}))
	t.Cleanup(q.Close)
	return q
}

// post sends the tasks to a page as Koogate does.
func (q *toldQueue) post(ctx context.Context, t *testing.T, url string) {
	t.Helper()
	signer, err := standardwebhooks.NewWebhook(webhookSecret)
	if err != nil {
		t.Fatal(err)
	}
	for n := range told {
		id, now, body := fmt.Sprintf("task_%d", n), time.Now(), []byte(task(n))
		signature, err := signer.Sign(id, now, body)
		if err != nil {
			t.Fatal(err)
		}
		for ctx.Err() == nil {
			r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			r.Header = http.Header{"Webhook-Id": {id}, "Webhook-Timestamp": {fmt.Sprint(now.Unix())}, "Webhook-Signature": {signature}}
			resp, err := http.DefaultClient.Do(r)
			if err != nil { // it does not listen yet
				time.Sleep(20 * time.Millisecond)
				continue
			}
			said, _ := io.ReadAll(resp.Body)
			_ = resp.Body.Close()
			verb := map[bool]string{true: "complete", false: "fail"}[resp.StatusCode == http.StatusOK]
			q.ends(verb, said)
			break
		}
	}
}
