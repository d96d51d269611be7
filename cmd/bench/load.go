// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
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

// drive sends calls of one scenario with a number of clients for a time.
func drive(p *process, sc scenario, clients int, d time.Duration) (figures, error) {
	s, err := driveAtMost(p, sc, clients, d, math.MaxInt64)
	if err != nil {
		return figures{}, err
	}
	return s.figures(), nil
}

// driveAtMost also ends after a number of calls, of which every client makes one at least.
func driveAtMost(p *process, sc scenario, clients int, d time.Duration, most int64) (spent, error) {
	var (
		wg    sync.WaitGroup
		next  atomic.Int64
		mu    sync.Mutex
		out   spent
		first error
	)
	before, start := p.cpu(), time.Now()
	for range clients {
		wg.Go(func() {
			took, err := client(p, sc, &next, most, start.Add(d))
			mu.Lock()
			defer mu.Unlock()
			out.took = append(out.took, took...)
			if err != nil && first == nil {
				first = err
			}
		})
	}
	wg.Wait()
	out.wall, out.cpu = time.Since(start), p.cpu()-before
	if first != nil {
		return out, fmt.Errorf("%s: %w", sc.name, first)
	}
	return out, nil
}

// client is one connection that calls until the deadline.
func client(p *process, sc scenario, next *atomic.Int64, most int64, until time.Time) (took []time.Duration, err error) {
	c, err := dialFacade(p)
	if err != nil {
		return nil, err
	}
	defer c.conn.Close()
	for time.Now().Before(until) || len(took) == 0 {
		n := next.Add(1)
		if n > most && len(took) > 0 {
			break
		}
		body := sc.body(uint64(n))
		start := time.Now()
		answer, err := c.call(body)
		if err != nil {
			return took, err
		}
		if !bytes.Contains(answer, []byte(sc.want)) {
			return took, fmt.Errorf("answer %s does not hold %s", answer, sc.want)
		}
		took = append(took, time.Since(start))
	}
	return took, nil
}

// caller is one connection to a facade. It speaks HTTP by hand: a full client would cost more than the server under test.
type caller struct {
	conn        net.Conn
	path        string
	in          *bufio.Reader
	out, answer bytes.Buffer
}

func dialFacade(p *process) (*caller, error) {
	conn, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", p.addr)
	if err != nil {
		return nil, err
	}
	return &caller{conn: conn, path: p.path, in: bufio.NewReader(conn)}, nil
}

// call sends a body, signed, and returns the answer, which the next call overwrites.
func (c *caller) call(body []byte) ([]byte, error) {
	ts := strconv.FormatInt(time.Now().UnixMilli(), 10)
	nonce := strconv.FormatUint(rand.Uint64(), 16) + strconv.FormatUint(rand.Uint64(), 16)
	c.out.Reset()
	fmt.Fprintf(&c.out, "POST %s?signature=%s&timestamp=%s&nonce=%s HTTP/1.1\r\nHost: %s\r\nAccept:application/json\r\n"+
		"Content-Type: application/json;charset=utf8\r\nContent-Length: %d\r\n\r\n",
		c.path, sign.URLSignature(accessKey, nonce, ts, body), ts, nonce, c.conn.RemoteAddr(), len(body))
	c.out.Write(body)
	if _, err := c.conn.Write(c.out.Bytes()); err != nil {
		return nil, err
	}
	res, err := http.ReadResponse(c.in, nil)
	if err != nil {
		return nil, err
	}
	c.answer.Reset()
	_, err = io.Copy(&c.answer, res.Body)
	_ = res.Body.Close()
	if err != nil {
		return nil, err
	}
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("answer %d %s", res.StatusCode, c.answer.Bytes())
	}
	return c.answer.Bytes(), nil
}
