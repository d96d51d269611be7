// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
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
	s, err := repeat(p, clients, d, math.MaxInt64, sc.open)
	if err != nil {
		return figures{}, fmt.Errorf("%s: %w", sc.name, err)
	}
	return s.figures(), nil
}

// connection is one client's; call makes its next call, which is the n-th of all.
type connection struct {
	call  func(n int64) error
	close func() error
}

// repeat lets clients call, each over a connection of its own, for a time or a number of calls in all; each calls once at least.
func repeat(p *process, clients int, d time.Duration, most int64, open func(*process) (connection, error)) (spent, error) {
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
			took, err := client(p, &next, most, start.Add(d), open)
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
	return out, first
}

// client calls until the deadline.
func client(p *process, next *atomic.Int64, most int64, until time.Time, open func(*process) (connection, error)) (took []time.Duration, err error) {
	c, err := open(p)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	for time.Now().Before(until) || len(took) == 0 {
		n := next.Add(1)
		if n > most && len(took) > 0 {
			break
		}
		start := time.Now()
		if err := c.call(n); err != nil {
			return took, err
		}
		took = append(took, time.Since(start))
	}
	return took, nil
}

// open connects a client of the scenario.
func (sc scenario) open(p *process) (connection, error) {
	c, err := dialFacade(p)
	if err != nil {
		return connection{}, err
	}
	return connection{call: func(n int64) error {
		answer, err := c.call(sc.body(uint64(n)))
		if err == nil && !bytes.Contains(answer, []byte(sc.want)) {
			err = fmt.Errorf("answer %s does not hold %s", answer, sc.want)
		}
		return err
	}, close: c.conn.Close}, nil
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
