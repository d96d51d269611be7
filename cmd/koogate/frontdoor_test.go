// SPDX-License-Identifier: Apache-2.0

//go:build linux

package main

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/koogate/koogate/koogallery/sign"
)

const (
	kitBody = 8 << 20 // the longest body of the Kit
	// growth is how much memory strangers may cost: the budget of 64 MB, what buffers that grow leave behind, and as much as the collector lets
	// come together before it runs. Without the budget it would be 800 MB.
	growth = 200 << 20
)

// resident returns a process's resident memory now, and its peak since the last resetPeak, in bytes.
func (p *process) resident() (now, peak int64) {
	p.site.t.Helper()
	now, peak, err := residentOf(p.cmd.Process.Pid)
	if err != nil {
		p.site.t.Fatal(err)
	}
	return now, peak
}

// residentOf is what a process holds of memory in bytes, now and at most.
func residentOf(pid int) (now, peak int64, err error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, 0, err
	}
	for line := range strings.Lines(string(text)) {
		name, value, _ := strings.Cut(line, ":")
		kib, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(value), " kB"), 10, 64)
		switch name {
		case "VmRSS":
			now = kib << 10
		case "VmHWM":
			peak = kib << 10
		}
	}
	return now, peak, nil
}

func (p *process) resetPeak() {
	p.site.t.Helper()
	if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", p.cmd.Process.Pid), []byte("5"), 0o600); err != nil {
		p.site.t.Skipf("the peak of a process cannot be reset here: %v", err)
	}
}

// kitProcess is a process whose only endpoint serves the Kit beside the base interface.
func kitProcess(t *testing.T) *process {
	t.Helper()
	if raceDetector {
		t.Skip("the race detector takes a multiple of the memory that is measured: make services-test")
	}
	s := newSite(t, "sqlite")
	s.products = `{"*": {provisioner: worker}}
    families: [saas_v2, kit_v1, kit_v2]
    kit_private_key_files: ['` + s.path("kit.pem") + `']`
	if err := os.WriteFile(s.path("kit.pem"), rsaKey(t), 0o600); err != nil {
		t.Fatal(err)
	}
	s.migrate()
	p := s.process(true)
	p.start()
	t.Cleanup(p.stop)
	return p
}

func rsaKey(t *testing.T) []byte {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 3072)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

// under runs an attack and reports what it costs: the process must not grow beyond its bound, and other calls are answered
// meanwhile.
func (p *process) under(attack func()) {
	t := p.site.t
	t.Helper()
	if a, err := p.call(t.Context(), newInstanceBody("CSBEFORE")); err != nil || a.ResultCode != "000004" {
		t.Fatalf("before: %+v, %v", a, err)
	}
	p.resetPeak()
	before, _ := p.resident()
	done := make(chan struct{})
	go func() {
		defer close(done)
		attack()
	}()
	var slowest time.Duration
	calls := 0
	for running := true; running; {
		select {
		case <-done:
			running = false
		case <-time.After(50 * time.Millisecond):
		}
		began := time.Now()
		a, err := p.call(t.Context(), newInstanceBody("CS"+strconv.Itoa(calls)))
		if err != nil || a.ResultCode != "000004" {
			t.Fatalf("a correct call meanwhile: %+v, %v", a, err)
		}
		slowest = max(slowest, time.Since(began))
		calls++
	}
	_, peak := p.resident()
	t.Logf("resident memory: %d MB before, %d MB more at its peak; %d correct calls meanwhile, the slowest took %s",
		before>>20, (peak-before)>>20, calls, slowest.Round(time.Millisecond))
	if peak-before > growth {
		t.Errorf("the process grew by %d MB, at most %d MB are allowed", (peak-before)>>20, growth>>20)
	}
	if slowest > 4*time.Second {
		t.Errorf("a correct call took %s", slowest)
	}
}

// kitHead is the head of a call of the Kit V2 that nobody signed, well-formed in every other respect.
func kitHead(length string) string {
	return fmt.Sprintf("POST /produce/main/produceAPI/v2/allOrgSync HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n%s\r\n"+
		"%s: %s\r\n%s: %d\r\n%s: %s\r\n\r\n", length, sign.KitNonceHeader, rand.Text(), sign.KitTimestampHeader, time.Now().UnixMilli(),
		sign.KitSignHeader, hex.EncodeToString([]byte(rand.Text() + rand.Text())[:32]))
}

// posts sends one body on each of n connections at once and reads the answers until all have come or limit is over.
func (p *process) posts(n int, length string, body []byte, limit time.Duration) {
	var all sync.WaitGroup
	for range n {
		all.Go(func() {
			conn, err := net.Dial("tcp", p.facade)
			if err != nil {
				p.site.t.Error(err)
				return
			}
			defer conn.Close()
			_ = conn.SetDeadline(time.Now().Add(limit))
			go func() {
				_, _ = io.WriteString(conn, kitHead(length))
				_, _ = conn.Write(body)
			}()
			_, _ = io.Copy(io.Discard, conn)
		})
	}
	all.Wait()
}

// Bodies that never end, on a hundred connections: each has the length that the Kit allows, all of which but the last byte is
// sent.
func TestStalledBodiesCostLittle(t *testing.T) {
	t.Parallel()
	body := bytes.Repeat([]byte{' '}, kitBody-1)
	for name, c := range map[string]struct {
		length string
		body   []byte
	}{
		"of a known length": {fmt.Sprintf("Content-Length: %d", kitBody), body},
		"in chunks":         {"Transfer-Encoding: chunked", append([]byte("800000\r\n"), body...)},
	} {
		t.Run(name, func(t *testing.T) {
			p := kitProcess(t)
			p.under(func() { p.posts(100, c.length, c.body, 10*time.Second) })
		})
	}
}

// Bodies that are dear to put into canonical form: of nothing but members, of many small objects, and of one text of escapes.
func TestDearBodiesCostLittle(t *testing.T) {
	fill := func(begin, more, end string) []byte {
		body := append([]byte(begin), bytes.Repeat([]byte(more), (kitBody-len(begin)-len(end))/len(more))...)
		return append(body, end...)
	}
	for name, body := range map[string][]byte{
		"members": fill(`{"":0`, `,"":0`, `}`),
		"objects": fill(`{"a":[0`, `,{"bb":0,"aa":0}`, `]}`),
		"escapes": fill(`{"b":"`, `\u4e2d`, `","a":0}`),
	} {
		t.Run(name, func(t *testing.T) {
			p := kitProcess(t)
			p.under(func() { p.posts(24, fmt.Sprintf("Content-Length: %d", len(body)), body, 20*time.Second) })
		})
	}
}

// Fifty thousand calls of gRPC that are opened without a token, and of which nothing else comes.
func TestAnonymousStreamsCostLittle(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"/koogate.v1.TaskService/LeaseTasks", "/grpc.health.v1.Health/Check", "/grpc.health.v1.Health/Watch"} {
		t.Run(filepath.Base(method), func(t *testing.T) {
			p := kitProcess(t)
			p.under(func() {
				var all sync.WaitGroup
				for range 50 {
					all.Go(func() { p.streams(1000, method, strings.HasSuffix(method, "Watch")) })
				}
				all.Wait()
			})
		})
	}
}

// streams opens n calls on one connection and keeps them open for a while. With a message each carries an empty one.
func (p *process) streams(n int, method string, message bool) {
	conn, err := net.Dial("tcp", p.grpc)
	if err != nil {
		return // the limit of connections
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	_, _ = io.WriteString(conn, http2.ClientPreface)
	f := http2.NewFramer(conn, conn)
	go func() {
		for {
			if _, err := f.ReadFrame(); err != nil {
				return
			}
		}
	}()
	_ = f.WriteSettings()
	var block bytes.Buffer
	e := hpack.NewEncoder(&block)
	for i := range n {
		block.Reset()
		for _, h := range [][2]string{
			{":method", "POST"}, {":scheme", "http"}, {":path", method}, {":authority", "x"}, {"content-type", "application/grpc"}, {"te", "trailers"},
		} {
			_ = e.WriteField(hpack.HeaderField{Name: h[0], Value: h[1]})
		}
		id := uint32(2*i + 1)
		if err := f.WriteHeaders(http2.HeadersFrameParam{StreamID: id, BlockFragment: block.Bytes(), EndHeaders: true}); err != nil {
			return
		}
		if message {
			_ = f.WriteData(id, true, make([]byte, 5))
		}
	}
	time.Sleep(3 * time.Second)
}
