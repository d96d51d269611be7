// SPDX-License-Identifier: Apache-2.0

package backendtest

import (
	"encoding/binary"
	"io"
	"net"
	"net/url"
	"slices"
	"sync"
	"testing"
)

// Proxy stands in front of a TCP server and can fall silent as a firewall does that has forgotten a connection: what is sent
// into it is taken and never arrives, and nobody closes anything.
type Proxy struct {
	listener net.Listener
	target   string
	mu       sync.Mutex
	lines    []*line
	dead     bool           // new connections are silent, too
	startup  []byte         // what new connections of PostgreSQL say beyond their own, see ReadOnly
	running  sync.WaitGroup // the copying goroutines
}

// line is one connection through the proxy.
type line struct {
	client, server net.Conn
	silent         chan struct{} // closed when it falls silent
	once           sync.Once
}

func (l *line) silence() { l.once.Do(func() { close(l.silent) }) }

// NewProxy listens in front of host:port until the test ends.
func NewProxy(t testing.TB, target string) *Proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{listener: l, target: target}
	p.running.Go(p.accept)
	t.Cleanup(func() {
		_ = l.Close()
		p.Cut()
		p.running.Wait()
	})
	return p
}

// Through returns the URL of a database with the proxy in the place of its host. The URL must not ask for TLS.
func (p *Proxy) Through(t testing.TB, database string) string {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	u.Host = p.Addr()
	return u.String()
}

// Host returns the host:port of a database's URL.
func Host(t testing.TB, database string) string {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	return u.Host
}

// Addr is where the proxy listens.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// Silence makes the connections that are open fall silent for ever; new ones work. It returns how many there are.
func (p *Proxy) Silence() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.lines)
	for _, l := range p.lines {
		l.silence()
	}
	p.lines = nil
	return n
}

// Stop makes everything silent, also new connections: a server that is stopped but not gone.
func (p *Proxy) Stop() {
	p.mu.Lock()
	p.dead = true
	p.mu.Unlock()
	p.Silence()
}

// Resume ends Stop for new connections; the silent ones stay so.
func (p *Proxy) Resume() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.dead = false
}

// ReadOnly makes the sessions of PostgreSQL that begin from now on read-only, as those of a standby are.
func (p *Proxy) ReadOnly(on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.startup = nil
	if on {
		p.startup = []byte("default_transaction_read_only\x00on\x00")
	}
}

// Cut closes every connection that is open and not silent.
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, l := range p.lines {
		_, _ = l.client.Close(), l.server.Close()
	}
	p.lines = nil
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.running.Go(func() { p.join(client) })
	}
}

// join carries one connection until a side closes it. A silent one is kept open as long as the client keeps it; the server's
// side stays open with it, as it would behind a firewall.
func (p *Proxy) join(client net.Conn) {
	defer func() { _ = client.Close() }()
	server, err := net.Dial("tcp", p.target)
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }()
	l := &line{client: client, server: server, silent: make(chan struct{})}
	p.mu.Lock()
	p.lines = append(p.lines, l)
	if p.dead {
		l.silence()
	}
	more := p.startup
	p.mu.Unlock()
	if len(more) > 0 && !begin(client, server, more) {
		return
	}
	p.running.Go(func() {
		l.carry(client, server)
		_ = client.Close()
	})
	l.carry(server, client)
}

// carry copies until an end; what comes while the line is silent is lost.
func (l *line) carry(to, from net.Conn) {
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		select {
		case <-l.silent:
		default:
			if n > 0 {
				if _, werr := to.Write(buffer[:n]); werr != nil {
					return
				}
			}
		}
		if err != nil {
			return
		}
	}
}

// begin passes PostgreSQL's first message on with more parameters in it: its length, the version, then names and values that
// end in NUL, and a NUL at the end. A message to cancel a query passes as it is.
func begin(client, server net.Conn, more []byte) bool {
	head := make([]byte, 8)
	if _, err := io.ReadFull(client, head); err != nil {
		return false
	}
	rest := make([]byte, max(binary.BigEndian.Uint32(head), 8)-8)
	if _, err := io.ReadFull(client, rest); err != nil {
		return false
	}
	if binary.BigEndian.Uint32(head[4:])>>16 == 3 && len(rest) > 0 {
		rest = append(append(rest[:len(rest)-1], more...), 0)
		binary.BigEndian.PutUint32(head, uint32(len(rest)+8))
	}
	_, err := server.Write(slices.Concat(head, rest))
	return err == nil
}
