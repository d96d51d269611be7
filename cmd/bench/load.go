// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
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

// load is how calls come.
type load struct {
	clients int
	length  time.Duration
	most    int64   // calls in all; 0 for as many as there is time for
	rate    float64 // calls a second in all; 0 for each as soon as the one before is answered
}

// due is when the n-th call may begin, counted from 0.
func (l load) due(start time.Time, n int64) time.Time {
	if l.rate == 0 {
		return start
	}
	return start.Add(time.Duration(float64(n) / l.rate * float64(time.Second)))
}

// over reports whether the n-th call is no more to be made; every client makes one at least as far as there are so many.
func (l load) over(start time.Time, n int64) bool {
	switch {
	case l.most > 0 && n >= l.most:
		return true
	case l.rate > 0:
		return l.due(start, n).Sub(start) >= l.length
	default:
		return n >= int64(l.clients) && time.Since(start) >= l.length
	}
}

// lateness is how long after it was due a call begins late.
const lateness = 100 * time.Millisecond

// drive sends calls of one scenario with a number of clients for a time.
func drive(p *process, sc scenario, clients int, d time.Duration) (figures, error) {
	s, err := repeat([]*process{p}, load{clients: clients, length: d}, sc.open)
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

// repeat puts a load on servers, which the clients take in turn, each over a connection of its own.
func repeat(ps []*process, l load, open func(*process) (connection, error)) (spent, error) {
	var (
		wg    sync.WaitGroup
		next  atomic.Int64
		mu    sync.Mutex
		out   spent
		first error
	)
	before, written, start := cpuOf(ps), writtenBy(ps), time.Now()
	for c := range l.clients {
		wg.Go(func() {
			s, err := l.client(ps[c%len(ps)], &next, start, open)
			mu.Lock()
			defer mu.Unlock()
			out.add(s)
			if err != nil && first == nil {
				first = err
			}
		})
	}
	wg.Wait()
	out.wall, out.cpu, out.written = time.Since(start), cpuOf(ps)-before, writtenBy(ps)-written
	if first == nil && len(out.took) == 0 {
		first = errors.New("no call was made")
	}
	return out, first
}

// client calls until the load is over.
func (l load) client(p *process, next *atomic.Int64, start time.Time, open func(*process) (connection, error)) (out spent, err error) {
	c, err := open(p)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, c.close()) }()
	for {
		n := next.Add(1) - 1
		if l.over(start, n) {
			return out, nil
		}
		due := l.due(start, n)
		if l.rate > 0 && time.Since(due) > lateness {
			out.late++
		}
		time.Sleep(time.Until(due))
		from := time.Now()
		if err := c.call(n); err != nil {
			return out, err
		}
		out.took = append(out.took, time.Since(from))
	}
}

// cpuOf is the processor time that processes have used so far.
func cpuOf(ps []*process) (sum time.Duration) {
	for _, p := range ps {
		sum += p.cpu()
	}
	return sum
}

// writtenBy is how many bytes processes have written so far.
func writtenBy(ps []*process) (sum int64) {
	for _, p := range ps {
		sum += bytesWritten(p.cmd.Process.Pid)
	}
	return sum
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
