// SPDX-License-Identifier: Apache-2.0

package server_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/config"
)

// seen is a message of a watch in short.
type seen struct{ ID, Order, Kind, Token string }

func seenOf(m *koogatev1.WatchEventsResponse) seen {
	e := m.GetEvent()
	if e == nil {
		return seen{Token: m.GetResumeToken()}
	}
	return seen{fmt.Sprint(e.GetOrderId(), "/", e.GetEvent().GetSeq()), e.GetOrderId(), e.GetEvent().GetKind(), m.GetResumeToken()}
}

// watched reads a stream's events until the one with the last ID, and the heartbeats on the way when they are asked for.
func watched(t *testing.T, stream interface {
	Recv() (*koogatev1.WatchEventsResponse, error)
}, last string) (list []seen) {
	t.Helper()
	for {
		m, err := stream.Recv()
		if err != nil {
			t.Fatalf("after %v: %v", list, err)
		}
		if m.GetResumeToken() == "" {
			t.Fatal("a message has no token")
		}
		if s := seenOf(m); s.ID != "" {
			if list = append(list, s); s.ID == last {
				return list
			}
		}
	}
}

// watch begins a watch and waits for its first message, behind which every event counts.
func (r *rig) watch(ctx context.Context, t *testing.T, token string, request *koogatev1.WatchEventsRequest) koogatev1.EventService_WatchEventsClient {
	t.Helper()
	stream, err := koogatev1.NewEventServiceClient(r.dial(token)).WatchEvents(ctx, request)
	if err != nil {
		t.Fatal(err)
	}
	if m, err := stream.Recv(); err != nil || m.GetEvent() != nil || m.GetResumeToken() == "" {
		t.Fatalf("the first message: %v, %v", m, err)
	}
	return stream
}

// sse is a watch over REST.
type sse struct {
	io.Closer
	*bufio.Reader
}

func (r *rig) sse(t *testing.T, query, lastID string) sse {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+r.Addr(config.ListenerAPI)+"/v1/events:watch"+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+acmeToken)
	if lastID != "" {
		req.Header.Set("Last-Event-ID", lastID)
	}
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	resp, err := (&http.Client{Transport: transport}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = resp.Body.Close() })
	if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "text/event-stream" || resp.Header.Get("Cache-Control") != "no-store" {
		t.Fatalf("%d %v", resp.StatusCode, resp.Header)
	}
	return sse{resp.Body, bufio.NewReader(resp.Body)}
}

// block reads the lines up to an empty one.
func (s sse) block(t *testing.T) (lines []string) {
	t.Helper()
	for {
		line, err := s.ReadString('\n')
		if err != nil {
			t.Fatalf("after %q: %v", lines, err)
		}
		if line == "\n" {
			return lines
		}
		lines = append(lines, strings.TrimSuffix(line, "\n"))
	}
}

// life has an order live to its end and returns its chain.
func (r *rig) life(t *testing.T, order string) (ids, kinds []string) {
	t.Helper()
	if a := r.mustCall("linked", newInstance(order)); a.ResultCode != "000000" {
		t.Fatalf("%+v", a)
	}
	r.mustCall("linked", map[string]string{"activity": "expireInstance", "instanceId": "biz-" + order, "orderId": order, "orderLineId": order + "-000001"})
	r.mustCall("linked", map[string]string{"activity": "releaseInstance", "instanceId": "biz-" + order, "orderId": order, "orderLineId": order + "-000001"})
	var chain []string
	eventually(t, "released", func() bool {
		page, err := koogatev1.NewOrderServiceClient(r.dial(acmeToken)).ListOrderEvents(t.Context(), &koogatev1.ListOrderEventsRequest{OrderId: order})
		if err != nil {
			t.Fatal(err)
		}
		ids, kinds, chain = nil, nil, nil
		for _, e := range page.GetEvents() {
			ids, kinds = append(ids, fmt.Sprint(order, "/", e.GetSeq())), append(kinds, e.GetKind())
		}
		chain = kinds
		return slices.Contains(chain, "instance.released")
	})
	return ids, kinds
}

// TestAWatchTellsALife: a watch by gRPC and one by server-sent events tell one order's life as its chain has it, and a watch that resumes
// behind any of its messages tells exactly the rest.
func TestAWatchTellsALife(t *testing.T) {
	r := start(t)
	live := r.watch(t.Context(), t, acmeToken, &koogatev1.WatchEventsRequest{})
	foreign := r.watch(t.Context(), t, otherToken, &koogatev1.WatchEventsRequest{FromBeginning: true, Heartbeat: durationpb.New(time.Second)})
	text := r.sse(t, "", "")
	if first := text.block(t); len(first) != 2 || !strings.HasPrefix(first[0], "id: ") || first[1] != ": heartbeat" {
		t.Fatalf("the first block: %q", first)
	}
	ids, kinds := r.life(t, "CS1")
	last := ids[len(ids)-1]
	all := watched(t, live, last)
	var gotIDs, gotKinds []string
	for _, s := range all {
		gotIDs, gotKinds = append(gotIDs, s.ID), append(gotKinds, s.Kind)
	}
	if !reflect.DeepEqual(gotIDs, ids) || !reflect.DeepEqual(gotKinds, kinds) {
		t.Fatalf("got %v\n%v\nwant %v\n%v", gotIDs, gotKinds, ids, kinds)
	}
	for i, want := range all {
		lines := text.block(t)
		var e struct {
			OrderID string `json:"orderId"`
			Event   struct {
				Seq  string `json:"seq"`
				Kind string `json:"kind"`
			} `json:"event"`
		}
		if len(lines) != 3 || lines[0] != "id: "+want.Token || lines[1] != "event: "+want.Kind || !strings.HasPrefix(lines[2], "data: ") ||
			json.Unmarshal([]byte(lines[2][6:]), &e) != nil || e.OrderID+"/"+e.Event.Seq != want.ID || e.Event.Kind != want.Kind {
			t.Fatalf("block %d: %q, want %v", i, lines, want)
		}
		if i+1 == len(all) {
			break
		}
		rest := watched(t, r.watch(t.Context(), t, acmeToken, &koogatev1.WatchEventsRequest{ResumeToken: want.Token}), last)
		if !reflect.DeepEqual(rest, all[i+1:]) {
			t.Fatalf("behind %v: %v", want, rest)
		}
		again := r.sse(t, "", want.Token)
		if again.block(t)[0] != "id: "+want.Token || again.block(t)[0] != "id: "+all[i+1].Token {
			t.Fatalf("behind %v the text goes on elsewhere", want)
		}
		_ = again.Close()
	}
	if from := watched(t, r.watch(t.Context(), t, acmeToken, &koogatev1.WatchEventsRequest{FromBeginning: true}), last); !reflect.DeepEqual(from, all) {
		t.Errorf("from the beginning: %v", from)
	}
	if m, err := foreign.Recv(); err != nil || m.GetEvent() != nil {
		t.Errorf("another seller is told %v, %v; want a heartbeat", m, err)
	}
	some := watched(t, r.watch(t.Context(), t, acmeToken, &koogatev1.WatchEventsRequest{FromBeginning: true, Filter: `kind = "instance.released" AND order_id = "CS1"`}), all[slices.Index(kinds, "instance.released")].ID)
	if len(some) != 1 || some[0].Kind != "instance.released" {
		t.Errorf("filtered: %v", some)
	}
}

// TestAWatchSurvivesARestart: a stop ends a watch with UNAVAILABLE right after a message with the present token, and the same token goes on
// behind it at the process that comes after.
func TestAWatchSurvivesARestart(t *testing.T) {
	r := start(t, withoutJobs)
	r.mustCall("worked", newInstance("CS1"))
	stream := r.watch(t.Context(), t, acmeToken, &koogatev1.WatchEventsRequest{FromBeginning: true})
	text := r.sse(t, "?fromBeginning=true", "")
	got := watched(t, stream, "CS1/1")
	text.block(t)
	text.block(t)
	stopped := make(chan error, 1)
	began := time.Now()
	go func() { stopped <- r.stop() }()
	m, err := stream.Recv()
	for err == nil && m.GetEvent() != nil {
		got = append(got, seenOf(m))
		m, err = stream.Recv()
	}
	if err != nil || m.GetResumeToken() != got[len(got)-1].Token {
		t.Fatalf("before the end: %v, %v", m, err)
	}
	if _, err = stream.Recv(); status.Code(err) != codes.Unavailable {
		t.Fatalf("the end: %v", err)
	}
	if reason, _ := reasonOf(err); reason != "SERVER_STOPPING" {
		t.Errorf("reason %s", reason)
	}
	lines := text.block(t)
	for lines[0] != "event: end" {
		lines = text.block(t)
	}
	if !strings.Contains(lines[1], `SERVER_STOPPING`) {
		t.Errorf("the text ends with %q", lines)
	}
	if err := <-stopped; err != nil || time.Since(began) > 5*time.Second {
		t.Fatalf("the stop took %s: %v", time.Since(began), err)
	}
	r2 := startAt(t, r.path, r.deps.Sealer, withoutJobs)
	r2.mustCall("worked", newInstance("CS2"))
	rest := watched(t, r2.watch(t.Context(), t, acmeToken, &koogatev1.WatchEventsRequest{ResumeToken: m.GetResumeToken()}), "CS2/1")
	if rest[0].ID != "CS2/1" {
		t.Errorf("after the restart: %v", rest)
	}
}

// TestAStalledReaderHoldsUpNobody: one reader takes nothing while another is told everything at once, and gets the rest when it reads again.
func TestAStalledReaderHoldsUpNobody(t *testing.T) {
	r := start(t, withoutJobs)
	conn, err := net.Dial("tcp", r.Addr(config.ListenerAPI))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	fmt.Fprintf(conn, "GET /v1/events:watch?fromBeginning=true HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n", acmeToken)
	stalled := r.watch(t.Context(), t, acmeToken, &koogatev1.WatchEventsRequest{})
	quick := r.watch(t.Context(), t, acmeToken, &koogatev1.WatchEventsRequest{})
	const orders = 40
	for n := range orders {
		r.mustCall("worked", newInstance(fmt.Sprint("CS", n)))
	}
	last := fmt.Sprint("CS", orders-1, "/1")
	want := watched(t, quick, last)
	if got := watched(t, stalled, last); !reflect.DeepEqual(got, want) {
		t.Errorf("the stalled reader got %v", got)
	}
}

// TestManyWatchers has watchers come and go while orders are made: each is told everything, in the order of each chain.
func TestManyWatchers(t *testing.T) {
	r := start(t, withoutJobs)
	const watchers, orders = 20, 50
	begin := r.watch(t.Context(), t, acmeToken, &koogatev1.WatchEventsRequest{})
	done := make(chan error, watchers)
	client := koogatev1.NewEventServiceClient(r.dial(acmeToken))
	for w := range watchers {
		go func() { done <- follow(t.Context(), client, orders, 3+w) }()
	}
	for n := range orders {
		r.mustCall("worked", newInstance(fmt.Sprint("CS", n)))
	}
	for range watchers {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
	watched(t, begin, fmt.Sprint("CS", orders-1, "/1"))
}

// follow reads the feed from its beginning, by a new stream behind every few events, until it has the first event of so many orders.
func follow(ctx context.Context, client koogatev1.EventServiceClient, orders, each int) error {
	token, last, begun := "", map[string]int64{}, 0
	for begun < orders {
		ctx, cancel := context.WithCancel(ctx)
		stream, err := client.WatchEvents(ctx, &koogatev1.WatchEventsRequest{ResumeToken: token, FromBeginning: true})
		if err != nil {
			cancel()
			return err
		}
		for n := 0; n < each && begun < orders; {
			m, err := stream.Recv()
			if err != nil {
				cancel()
				return err
			}
			token = m.GetResumeToken()
			e := m.GetEvent()
			if e == nil {
				continue
			}
			if e.GetEvent().GetSeq() != last[e.GetOrderId()]+1 {
				cancel()
				return errors.New("an event of " + e.GetOrderId() + " is out of order")
			}
			if last[e.GetOrderId()]++; e.GetEvent().GetSeq() == 1 {
				begun++
			}
			n++
		}
		cancel()
	}
	return nil
}
