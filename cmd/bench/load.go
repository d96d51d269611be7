// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/koogate/koogate/koogallery/sign"
)

// accessKey signs every call of the benchmark.
const accessKey = "bench-access-key-not-for-production"

// scenario is one kind of call.
type scenario struct {
	name string
	body func(n uint64) []byte // the n-th call's body
	want string                // what every answer must hold
}

var runTag = strconv.FormatUint(rand.Uint64(), 36)

func newInstance(order string, n uint64) []byte {
	return fmt.Appendf(nil, `{"activity":"newInstance","businessId":"b-%s-%d","orderId":"%s","orderLineId":"%s-000001"}`, order, n, order, order)
}

// scenarios of one target; fixed is an order that exists there, with its instance.
func scenarios(round int, fixedOrder, fixedInstance string) []scenario {
	return []scenario{
		{"newInstance", func(n uint64) []byte { return newInstance(fmt.Sprintf("CS%s%d-%d", runTag, round, n), n) }, `"resultCode":"000004"`},
		{"replay", func(n uint64) []byte { return newInstance(fixedOrder, n) }, fixedInstance},
		{"queryInstance", func(uint64) []byte {
			return fmt.Appendf(nil, `{"activity":"queryInstance","instanceId":"%s"}`, fixedInstance)
		}, `"frontEndUrl"`},
	}
}

// figures of one round.
type figures struct {
	rate     float64 // answers a second
	p50, p99 time.Duration
	cpu      time.Duration // of the server, per request
}

// drive sends calls of one scenario with a number of clients for a time.
func drive(addr, path string, sc scenario, clients int, d time.Duration, cpu func() time.Duration) (figures, error) {
	var (
		wg    sync.WaitGroup
		next  atomic.Uint64
		mu    sync.Mutex
		all   []time.Duration
		first error
	)
	before, start := cpu(), time.Now()
	for range clients {
		wg.Go(func() {
			took, err := client(addr, path, sc, &next, start.Add(d))
			mu.Lock()
			defer mu.Unlock()
			all = append(all, took...)
			if err != nil && first == nil {
				first = err
			}
		})
	}
	wg.Wait()
	elapsed, used := time.Since(start), cpu()-before
	if first != nil {
		return figures{}, fmt.Errorf("%s: %w", sc.name, first)
	}
	slices.Sort(all)
	n := len(all)
	return figures{
		rate: float64(n) / elapsed.Seconds(), p50: all[n/2], p99: all[n*99/100], cpu: used / time.Duration(n),
	}, nil
}

// client is one connection that calls until the deadline. It speaks HTTP by hand: a full client would cost more than the
// server under test.
func client(addr, path string, sc scenario, next *atomic.Uint64, until time.Time) ([]time.Duration, error) {
	conn, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", addr)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	in := bufio.NewReader(conn)
	var out, answer bytes.Buffer
	var took []time.Duration
	for time.Now().Before(until) || len(took) == 0 {
		n := next.Add(1)
		body := sc.body(n)
		start := time.Now()
		ts := strconv.FormatInt(start.UnixMilli(), 10)
		nonce := strconv.FormatUint(rand.Uint64(), 16) + strconv.FormatUint(n, 16)
		out.Reset()
		fmt.Fprintf(&out, "POST %s?signature=%s&timestamp=%s&nonce=%s HTTP/1.1\r\nHost: %s\r\nAccept:application/json\r\n"+
			"Content-Type: application/json;charset=utf8\r\nContent-Length: %d\r\n\r\n",
			path, sign.URLSignature(accessKey, nonce, ts, body), ts, nonce, addr, len(body))
		out.Write(body)
		if _, err := conn.Write(out.Bytes()); err != nil {
			return took, err
		}
		res, err := http.ReadResponse(in, nil)
		if err != nil {
			return took, err
		}
		answer.Reset()
		_, err = io.Copy(&answer, res.Body)
		_ = res.Body.Close()
		if err != nil {
			return took, err
		}
		if res.StatusCode != http.StatusOK || !bytes.Contains(answer.Bytes(), []byte(sc.want)) {
			return took, fmt.Errorf("answer %d %s does not hold %s", res.StatusCode, answer.Bytes(), sc.want)
		}
		took = append(took, time.Since(start))
	}
	return took, nil
}
