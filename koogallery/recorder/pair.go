// SPDX-License-Identifier: Apache-2.0

package recorder

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

const (
	maxHead     = 64 << 10 // bytes of a head
	maxKept     = 1 << 20  // bytes of a body that are kept to be written down; longer ones are passed on all the same
	dialTimeout = 5 * time.Second
)

// heard is a call and its answer as they were on the wire.
type heard struct {
	n       int64
	at      time.Time
	took    time.Duration
	request *http.Request // its head only
	head    []byte
	body    kept

	answer     *http.Response // its head only; nil without an answer
	answerHead []byte
	said       kept
	err        string
}

// kept is the beginning of a body.
type kept struct {
	bytes.Buffer
	cut bool
}

// Write keeps what there is room for.
func (k *kept) Write(p []byte) (int, error) {
	room := maxKept - k.Len()
	k.cut = k.cut || len(p) > room
	k.Buffer.Write(p[:min(len(p), room)])
	return len(p), nil
}

// pair is a connection of the marketplace and the one to the seller that belongs to it. What one side closes, is closed at the other:
// each sees the other as if nobody was between.
type pair struct {
	r      *Recorder
	client net.Conn
	busy   bool // a call is under way; guarded by r.mu

	mu     sync.Mutex
	seller net.Conn // nil until the first call
	down   bool
	gone   bool // the marketplace has hung up
}

// hangUp closes both ends.
func (p *pair) hangUp() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down = true
	_ = p.client.Close()
	if p.seller != nil {
		_ = p.seller.Close()
	}
}

// run passes calls on until one side closes.
func (p *pair) run() {
	defer p.r.leave(p)
	defer p.hangUp()
	in := bufio.NewReaderSize(p.client, 4096)
	var answers chan *exchange
	var reading sync.WaitGroup
	defer reading.Wait()
	defer func() {
		p.hangUp()
		if answers != nil {
			close(answers)
		}
	}()
	for {
		head, err := readHead(in)
		if err != nil || !p.begin() {
			return
		}
		h := &heard{n: p.r.seq.Add(1), at: p.r.cfg.Clock.Now(), head: head}
		e := &exchange{heard: h, over: make(chan struct{})}
		h.request, err = http.ReadRequest(bufio.NewReader(bytes.NewReader(head)))
		if err != nil {
			return // no HTTP: the seller would hang up too
		}
		if answers == nil {
			if !p.dial() {
				h.err = "the seller cannot be reached"
				_ = copyBody(io.Discard, in, h.request.TransferEncoding, h.request.ContentLength, &h.body)
				p.end(h)
				return
			}
			answers = make(chan *exchange, 1)
			reading.Go(func() { p.listen(answers) })
		}
		answers <- e
		sent := p.pass(in, h)
		next := make(chan error, 1)
		reading.Go(func() { next <- p.watch(in) })
		<-e.over
		if !p.end(h) || sent != nil || h.answer == nil || <-next != nil {
			return
		}
	}
}

// watch waits for the next call, or until the marketplace hangs up, which the seller is to see at once.
func (p *pair) watch(in *bufio.Reader) error {
	_, err := in.Peek(1)
	if err != nil {
		p.mu.Lock()
		p.gone = true
		p.mu.Unlock()
		p.hangUp()
	}
	return err
}

// begin notes that a call is under way; false if there are to be no more.
func (p *pair) begin() bool {
	p.r.mu.Lock()
	defer p.r.mu.Unlock()
	p.busy = !p.r.closing
	return p.busy
}

// end hands a call over and tells whether there may be another.
func (p *pair) end(h *heard) bool {
	if p.r.concerns(h) {
		p.r.tell(h)
	} else {
		p.r.passed.Add(1)
	}
	p.r.mu.Lock()
	defer p.r.mu.Unlock()
	p.busy = false
	return !p.r.closing
}

// dial connects to the seller.
func (p *pair) dial() bool {
	ctx := context.Background()
	var conn net.Conn
	var err error
	d := &net.Dialer{Timeout: dialTimeout}
	if p.r.to.Scheme == "https" {
		conn, err = (&tls.Dialer{NetDialer: d, Config: &tls.Config{
			ServerName: p.r.to.Hostname(), MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"},
		}}).DialContext(ctx, "tcp", p.r.address)
	} else {
		conn, err = d.DialContext(ctx, "tcp", p.r.address)
	}
	if err != nil {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.down {
		_ = conn.Close()
		return false
	}
	p.seller = conn
	return true
}

// pass sends a call to the seller.
func (p *pair) pass(in *bufio.Reader, h *heard) error {
	if _, err := p.seller.Write(withHost(h.head, p.r.to.Host)); err != nil {
		return err
	}
	return copyBody(p.seller, in, h.request.TransferEncoding, h.request.ContentLength, &h.body)
}

// exchange is a call whose answer is awaited.
type exchange struct {
	*heard
	over chan struct{}
}

// tap reads from the seller and passes on what it reads at once.
type tap struct {
	from io.Reader
	to   io.Writer
	seen bytes.Buffer // the heads, in which names have their case
	now  func() time.Time
	last time.Time // when the last bytes came
}

// Read implements io.Reader.
func (t *tap) Read(b []byte) (int, error) {
	n, err := t.from.Read(b)
	if n > 0 {
		t.last = t.now()
		if t.seen.Len() < maxHead {
			t.seen.Write(b[:n])
		}
		if _, bad := t.to.Write(b[:n]); bad != nil {
			return n, bad // the marketplace has hung up
		}
	}
	return n, err
}

// listen reads answers and passes them on. It ends when the seller closes.
func (p *pair) listen(answers <-chan *exchange) {
	t := &tap{from: p.seller, to: p.client, now: p.r.cfg.Clock.Now}
	from := bufio.NewReaderSize(t, 4096)
	for {
		_, err := from.Peek(1)
		if err != nil {
			p.hangUp()
		}
		e, ok := <-answers
		if !ok {
			return
		}
		if err == nil {
			err = e.read(from, t)
		}
		if err != nil {
			e.err, e.answer, e.took = p.why(), nil, t.now().Sub(e.at)
		}
		t.seen.Reset()
		if err != nil || e.answer.Close {
			p.hangUp()
		}
		close(e.over)
	}
}

// why says who did not wait for the end of an answer.
func (p *pair) why() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.gone {
		return "the marketplace hung up before the answer was complete"
	}
	return "the seller closed the connection before its answer was complete"
}

// read reads one answer to its end; answers that only announce it are passed on and left out.
func (e *exchange) read(from *bufio.Reader, t *tap) error {
	for {
		r, err := http.ReadResponse(from, e.request)
		if err != nil {
			return err
		}
		if r.StatusCode >= 100 && r.StatusCode < 200 && r.StatusCode != http.StatusSwitchingProtocols {
			continue
		}
		e.answer = r
		_, err = io.Copy(&e.said, r.Body)
		e.answerHead, e.took = bytes.Clone(lastHead(t.seen.Bytes())), t.last.Sub(e.at)
		return errors.Join(err, r.Body.Close())
	}
}
