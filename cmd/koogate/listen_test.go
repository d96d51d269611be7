// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// TestListenPostsWhatAWebhookGets: the same bytes under the same identity, each event once and in its order, signed for the public library.
func TestListenPostsWhatAWebhookGets(t *testing.T) {
	t.Parallel()
	r := newApartSite(t)
	r.allowLoopback(t)
	r.worked(t)
	hook, mine := newReceiver(t), newReceiver(t)
	hook.up()
	mine.up()
	secret := r.does(t, "webhooks", "create", "--set", "name=crm", "--set", "url="+hook.url())
	verify, err := standardwebhooks.NewWebhook(strings.TrimSpace(secret))
	if err != nil {
		t.Fatal(err)
	}
	hook.hook = verify
	l := r.listen(t, mine)
	const order = "CS2611281200L01"
	want := r.chain(t, order, r.buy(t, order))
	await(t, "the events", func() bool { return len(mine.seqs(order)) >= len(want) && len(hook.seqs(order)) >= len(want) })
	l.end()
	if got := mine.seqs(order); !slices.Equal(got, want) {
		t.Errorf("events %v, want %v", got, want)
	}
	for i, m := range mine.got {
		h := hook.got[i]
		if m.id != h.id || !bytes.Equal(m.body, h.body) || m.agent != h.agent || m.kind != h.kind {
			t.Errorf("it posts\n%s %s %s %s\nand a webhook\n%s %s %s %s", m.id, m.agent, m.kind, m.body, h.id, h.agent, h.kind, h.body)
		}
	}
	for _, line := range l.calls(order) {
		if !regexp.MustCompile(`^event [a-z_.]+ 204 DELIVERED$`).MatchString(line) {
			t.Errorf("%q", line)
		}
	}
	if len(l.calls(order)) != len(want) || !strings.Contains(l.out.String(), `"what":"event"`) {
		t.Errorf("it writes\n%s", l.out.String())
	}
	if strings.Count(l.errs.String(), "whsec_") != 1 || strings.Contains(l.out.String(), "whsec_") {
		t.Errorf("the secret is shown once:\n%s", l.errs.String())
	}
}

// TestListenLosesNothing: what the program refuses comes again in its order and holds up nobody else; what happens while the program or the service is away comes
// afterwards; what was not taken at the end comes in the next run.
func TestListenLosesNothing(t *testing.T) {
	t.Parallel()
	r := newApartSite(t)
	r.worked(t)
	mine := newReceiver(t)
	mine.up()
	place := filepath.Join(t.TempDir(), "place")
	const a, b, c, d, e = "CS2611281200L11", "CS2611281200L12", "CS2611281200L13", "CS2611281200L14", "CS2611281200L15"
	l := r.listen(t, mine, "--resume-file", place)

	var sick atomic.Bool // the second event of a is refused until b is through
	sick.Store(true)
	mine.says(func(p *posted) (int, string) {
		if sick.Load() && p.event.Subject == a && p.event.Data.Event.Seq == "2" {
			return 500, ""
		}
		return 200, ""
	})
	wantA, wantB := r.chain(t, a, r.buy(t, a)), r.chain(t, b, r.buy(t, b))
	await(t, "b", func() bool { return len(mine.seqs(b)) == len(wantB) })
	await(t, "the second attempt", func() bool { return len(mine.seqs(a)) >= 3 })
	if got := mine.seqs(a); !slices.Equal(slices.Compact(got), []string{"1", "2"}) {
		t.Errorf("behind what is refused: %v", got)
	}
	sick.Store(false)
	await(t, "a", func() bool { return len(slices.Compact(mine.seqs(a))) == len(wantA) })
	if got := l.calls(a); !slices.ContainsFunc(got, func(s string) bool { return strings.HasSuffix(s, " 500 HTTP_STATUS") }) {
		t.Errorf("%q", got)
	}

	mine.down()
	instance := r.buy(t, c)
	await(t, "word of it", func() bool { return strings.Contains(l.errs.String(), "nobody answers at "+mine.url()) })
	wantC := r.chain(t, c, instance)
	mine.up()
	await(t, "c", func() bool { return len(mine.seqs(c)) == len(wantC) })
	if n := strings.Count(l.errs.String(), "nobody answers"); n != 1 {
		t.Errorf("it says %d times that nobody answers:\n%s", n, l.errs.String())
	}

	r.kill()
	await(t, "the loss", func() bool { return strings.Contains(l.errs.String(), "is lost") })
	r.start()
	wantD := r.chain(t, d, r.buy(t, d))
	await(t, "d", func() bool { return len(mine.seqs(d)) == len(wantD) })

	mine.down()
	wantE := r.chain(t, e, r.buy(t, e))
	await(t, "the loss of the program", func() bool { return strings.Count(l.errs.String(), "nobody answers") == 2 })
	if took := l.end(); took > 2*time.Second {
		t.Errorf("it ends after %s", took)
	}
	has(t, l.errs.String(), fmt.Sprintf("%d events were not taken: the next run goes on with them", len(wantE)))
	l = r.listen(t, mine, "--resume-file", place)
	mine.up() // which knows the new secret now
	await(t, "e", func() bool { return len(mine.seqs(e)) == len(wantE) })
	l.end()
	for order, want := range map[string][]string{a: wantA, b: wantB, c: wantC, d: wantD, e: wantE} {
		if got := slices.Compact(mine.seqs(order)); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", order, got, want)
		}
	}
}

// TestListenThroughABurst: what comes all at once is delivered, each once and in its order, by no more calls at a time than a webhook gets.
func TestListenThroughABurst(t *testing.T) {
	t.Parallel()
	r := newApartSite(t)
	mine := newReceiver(t)
	mine.up()
	var now, most int
	mine.says(func(*posted) (int, string) {
		mine.mu.Lock()
		now++
		most = max(most, now)
		mine.mu.Unlock()
		time.Sleep(5 * time.Millisecond)
		mine.mu.Lock()
		now--
		mine.mu.Unlock()
		return 200, ""
	})
	for n := range 40 {
		r.buy(t, fmt.Sprintf("CS2611281200M%02d", n))
	}
	want := r.told(t)
	l := r.listen(t, mine, "--since", "1h")
	await(t, "the burst", func() bool {
		mine.mu.Lock()
		defer mine.mu.Unlock()
		return len(mine.got) >= len(want)
	})
	more := r.told(t)
	await(t, "the rest", func() bool {
		mine.mu.Lock()
		defer mine.mu.Unlock()
		return len(mine.got) >= len(more)
	})
	l.end()
	got := map[string][]string{}
	for _, m := range mine.got {
		got[m.event.Subject] = append(got[m.event.Subject], m.event.Data.Event.Seq)
	}
	if len(got) != 40 {
		t.Errorf("%d orders", len(got))
	}
	for order, seqs := range got {
		for i, seq := range seqs {
			if seq != fmt.Sprint(i+1) {
				t.Errorf("%s: %v", order, seqs)
				break
			}
		}
	}
	if most > 4 || most < 2 {
		t.Errorf("%d calls at a time", most)
	}
}

// told are the events that there are.
func (r *remoteSite) told(t *testing.T) []map[string]any {
	return objects(t, r.does(t, "events", "list", "--limit", "0", "-o", "json"))
}

const accessOf = `{"accessInfo":{"frontEndUrl":"https://%s.example.com/"}}`

// TestListenHandsOverTasks: an answer does to a task what a webhook provisioner's does.
func TestListenHandsOverTasks(t *testing.T) {
	t.Parallel()
	r := newApartSite(t)
	mine := newReceiver(t)
	mine.up()
	const done, slow, later, refused, again, late, invalid = "CS2611281200T01", "CS2611281200T02", "CS2611281200T03", "CS2611281200T04", "CS2611281200T05", "CS2611281200T06", "CS2611281200T07"
	times := map[string]int{}
	mine.says(func(p *posted) (int, string) {
		mine.mu.Lock()
		times[p.task.OrderID]++
		n := times[p.task.OrderID]
		mine.mu.Unlock()
		ready := fmt.Sprintf(accessOf, p.task.InstanceID)
		switch p.task.OrderID {
		case slow:
			time.Sleep(4500 * time.Millisecond)
		case later:
			return 202, ""
		case refused:
			return 409, `{"code":"FAILURE_CODE_SOLD_OUT","message":"none is left"}`
		case again:
			if n == 1 {
				return 503, ""
			}
		case late:
			if n == 1 {
				time.Sleep(8 * time.Second)
			}
		case invalid:
			if n == 1 {
				return 200, `{"accessInfo":{"frontEndUrl":"` + strings.Repeat("x", 5000) + `"}}`
			}
		}
		return 200, ready
	})
	l := r.listen(t, mine, "--no-events", "--queue", "worker", "--lease", "2s", "--patience", "6s")
	instances := map[string]string{}
	for _, order := range []string{done, slow, later, refused, again, late, invalid} {
		instances[order] = r.buy(t, order)
	}
	for _, order := range []string{done, slow, again, late, invalid} {
		r.active(t, instances[order])
	}
	for order, want := range map[string][]string{
		done: {"task CREATE 200 DONE"}, slow: {"task CREATE 200 DONE"}, again: {"task CREATE 503 HTTP_STATUS", "task CREATE 200 DONE"},
		late: {"task CREATE 0 TIMEOUT", "task CREATE 200 DONE"}, invalid: {"task CREATE 200 RESULT_INVALID", "task CREATE 200 DONE"},
	} {
		l.writes(order, want...)
		for i, m := range mine.tasks(order) {
			if m.id != "task_"+m.task.TaskID || m.task.Attempt != i+1 || m.agent != "Koogate-Provisioner/1" || m.kind != "application/json; charset=utf-8" || m.parent == "" {
				t.Errorf("%s: %+v", order, m)
			}
		}
	}
	if text := r.does(t, "orders", "events", again, "--limit", "0", "-o", "json"); strings.Contains(text, "has ended") {
		t.Errorf("the command goes on:\n%s", text)
	}
	r.failed(t, instances[refused])
	l.writes(refused, "task CREATE 409 REFUSED")

	// What was answered 202 is the program's: it completes by the API as the command has said.
	await(t, "word of it", func() bool { return strings.Contains(l.errs.String(), "your program completes it") })
	m := regexp.MustCompile(`POST (/v1/tasks/\S+:complete)`).FindStringSubmatch(l.errs.String())
	body := regexp.MustCompile(`\{"fencingToken":"\d+".*\}`).FindString(l.errs.String())
	if m == nil || body == "" {
		t.Fatalf("it says\n%s", l.errs.String())
	}
	time.Sleep(2500 * time.Millisecond) // beyond the command's own lease
	if code, text := r.post(t, m[1], strings.ReplaceAll(body, "…", "app.example.com/")); code != http.StatusOK {
		t.Fatalf("%s: %d %s", body, code, text)
	}
	r.active(t, instances[later])
	l.writes(later, "task CREATE 202 ACCEPTED")
	l.end()
}

// TestListenHandsOverQuestions: a program on a developer's machine is asked whose an instance is as a webhook is, and a 404 says that it is none of its own.
func TestListenHandsOverQuestions(t *testing.T) {
	t.Parallel()
	r := newApartSite(t, "unknown_instances: adopt")
	mine := newReceiver(t)
	mine.up()
	mine.says(func(p *posted) (int, string) {
		if p.task.Kind == "TASK_KIND_IDENTIFY" && p.task.InstanceID == "tenant-1" {
			return 200, `{"instance":{"orderId":"CS2611281200Q01","orderLineId":"1","productId":"OFFI-1","state":"IMPORT_STATE_ACTIVE","access":{"frontEndUrl":"https://old.example.com/"}}}`
		}
		return 404, ""
	})
	l := r.listen(t, mine, "--no-events", "--queue", "worker", "--lease", "2s")
	look := func(id string) string {
		t.Helper()
		a, err := r.call(t.Context(), `{"activity":"queryInstance","instanceId":"`+id+`"}`)
		if err != nil {
			t.Fatal(err)
		}
		return a.ResultCode
	}
	for _, id := range []string{"tenant-1", "tenant-2"} {
		if code := look(id); code != "000005" {
			t.Errorf("%s: %s", id, code)
		}
		want := map[string]string{"tenant-1": "000000", "tenant-2": "000003"}[id]
		await(t, id, func() bool { return look(id) == want })
	}
	l.writes("", "task IDENTIFY 200 DONE", "task IDENTIFY 404 REFUSED")
	for id, want := range map[string]string{"tenant-1": "TASK_STATE_DONE", "tenant-2": "TASK_STATE_FAILED"} {
		if text := r.does(t, "tasks", "list", "--filter", `kind = "IDENTIFY" AND instance_id = "`+id+`"`, "-o", "json"); !strings.Contains(text, want) {
			t.Errorf("%s: %s", id, text)
		}
	}
	l.end()
}

func (r *remoteSite) failed(t *testing.T, instance string) {
	t.Helper()
	await(t, "the failure", func() bool {
		return object(t, r.does(t, "instances", "get", instance, "-o", "json"))["state"] == "INSTANCE_STATE_FAILED"
	})
}

// post calls the internal REST API.
func (r *remoteSite) post(t *testing.T, path, body string) (int, string) {
	t.Helper()
	q, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+r.api+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	q.Header.Set("Authorization", "Bearer "+testToken)
	res, err := wire.Do(q)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, _ := io.ReadAll(res.Body)
	return res.StatusCode, string(text)
}

// TestListenGivesTasksBack: at its end, and when its program is away; a service that is away for a moment loses no result.
func TestListenGivesTasksBack(t *testing.T) {
	t.Parallel()
	r := newApartSite(t)
	mine := newReceiver(t)
	mine.up()
	const held, kept = "CS2611281200G01", "CS2611281200G02"
	reached, release := make(chan struct{}, 9), make(chan struct{})
	mine.says(func(p *posted) (int, string) {
		reached <- struct{}{}
		<-release
		return 200, fmt.Sprintf(accessOf, p.task.InstanceID)
	})
	l := r.listen(t, mine, "--no-events", "--queue", "worker", "--patience", "10m")
	instance := r.buy(t, held)
	<-reached
	if took := l.end(); took < 2*time.Second || took > 8*time.Second {
		t.Errorf("it ends after %s; calls in hand have 3 s", took)
	}
	stop := background(func(ctx context.Context) error { return r.work(ctx, "w") }) // long before the lease of 60 s is over
	began := time.Now()
	r.active(t, instance)
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("the task is there again after %s", took)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	if text := r.does(t, "orders", "events", held, "--limit", "0", "-o", "json"); strings.Count(text, "koogate listen has ended") != 1 {
		t.Errorf("the order does not say who gave its task back:\n%s", text)
	}

	l = r.listen(t, mine, "--no-events", "--queue", "worker", "--patience", "1m")
	instance = r.buy(t, kept)
	<-reached
	r.kill()
	close(release) // the answer comes while the service is away
	time.Sleep(300 * time.Millisecond)
	r.start()
	r.active(t, instance)
	if got := mine.tasks(kept); len(got) != 1 {
		t.Errorf("it is posted %d times", len(got))
	}
	l.end()
}

// TestListenRefuses what cannot be, with a remedy.
func TestListenRefuses(t *testing.T) {
	r := newRemoteSite(t)
	r.login(t)
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte("canary-of-no-secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	narrow := filepath.Join(t.TempDir(), "narrow")
	if err := os.WriteFile(narrow, []byte("narrow-"+bigToken), 0o600); err != nil {
		t.Fatal(err)
	}
	const to = "http://localhost:1/hook"
	for _, name := range slices.Sorted(maps.Keys(refusals(to, file, narrow))) {
		c := refusals(to, file, narrow)[name]
		t.Run(name, func(t *testing.T) {
			code, out, errs := koogate(t, append([]string{"listen"}, c.args...)...)
			if code != c.code || !strings.Contains(errs, c.want) || out != "" || strings.Contains(errs, "canary") {
				t.Errorf("exit %d, want %d and %q\n%s%s", code, c.code, c.want, out, errs)
			}
		})
	}
}

type refusal struct {
	args []string
	code int
	want string
}

func refusals(to, file, narrow string) map[string]refusal {
	return map[string]refusal{
		"no target":            {nil, exitUsage, "--forward-to"},
		"no URL":               {[]string{"--forward-to", "localhost:3000"}, exitUsage, "it is a URL such as http://localhost:3000/hook"},
		"another machine":      {[]string{"--forward-to", "http://192.0.2.1/hook"}, exitUsage, "192.0.2.1 is not this machine"},
		"a public name":        {[]string{"--forward-to", "https://example.com/hook"}, exitUsage, "--allow-remote"},
		"a name like its own":  {[]string{"--forward-to", "http://localhost.example.com/"}, exitUsage, "is not this machine"},
		"tasks elsewhere":      {[]string{"--forward-to", to, "--queue", "worker", "--tasks-to", "http://192.0.2.1/"}, exitUsage, "--tasks-to: 192.0.2.1 is not this machine"},
		"nothing left":         {[]string{"--forward-to", to, "--no-events"}, exitUsage, "name a queue"},
		"tasks of no queue":    {[]string{"--forward-to", to, "--tasks-to", to}, exitUsage, "name the queue by --queue"},
		"no patience":          {[]string{"--forward-to", to, "--patience", "0s"}, exitUsage, "--patience is 1s to 1h"},
		"a long lease":         {[]string{"--forward-to", to, "--lease", "2h"}, exitUsage, "--lease is 1s to 1h"},
		"a filter of nothing":  {[]string{"--forward-to", to, "--no-events", "--queue", "worker", "--filter", `kind = "x"`}, exitUsage, "--no-events goes without"},
		"no secret":            {[]string{"--forward-to", to, "--secret-file", file}, exitFailed, "holds no secret: koogate keys new --webhook"},
		"no queue":             {[]string{"--forward-to", to, "--queue", "nowhere", "--token", testToken}, exitFailed, "koogate provisioners create nowhere --set type=worker"},
		"a queue of Koogate's": {[]string{"--forward-to", to, "--queue", "inside", "--token", testToken}, exitFailed, "QUEUE_NOT_FOR_WORKERS"},
		"its remedy":           {[]string{"--forward-to", to, "--queue", "inside", "--token", testToken}, exitFailed, "koogate provisioners update inside --set type=worker"},
		"no scope for tasks":   {[]string{"--forward-to", to, "--queue", "worker", "--no-events"}, exitFailed, "SCOPE_MISSING"},
		"no scope for events":  {[]string{"--forward-to", to, "--token-file", narrow}, exitFailed, "SCOPE_MISSING"},
		"a wrong filter":       {[]string{"--forward-to", to, "--filter", "x"}, exitFailed, "FILTER_INVALID"},
	}
}

// TestListenShowsATable: one line for each call.
func TestListenShowsATable(t *testing.T) {
	t.Parallel()
	r := newApartSite(t)
	mine := newReceiver(t)
	mine.up()
	const order = "CS2611281200V01"
	r.buy(t, order)
	l := r.listen(t, mine, "-o", "table", "--since", "1h", "--filter", `kind = "instance.admitted"`)
	await(t, "the line", func() bool { return strings.Contains(l.out.String(), order) })
	l.end()
	if !regexp.MustCompile(`^TIME +WHAT +KIND +ORDER +NUMBER +HTTP +TOOK +OUTCOME\n\d\d:\d\d:\d\d  event  instance\.admitted +` + order + ` +1 +204 +\S+m?s  DELIVERED\n$`).MatchString(l.out.String()) {
		t.Errorf("%q", l.out.String())
	}
}
