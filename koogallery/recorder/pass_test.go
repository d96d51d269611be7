// SPDX-License-Identifier: Apache-2.0

package recorder_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/koogate/koogate/koogallery/recorder"
	"github.com/koogate/koogate/koogallery/recorder/tape"
	"github.com/koogate/koogate/koogallery/simulator/simtest"
)

// file is a recording in memory. It can be made to fail.
type file struct {
	mu     sync.Mutex
	b      bytes.Buffer
	broken func(written []byte) (int, error)
}

func (f *file) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.broken != nil {
		n, err := f.broken(p)
		f.b.Write(p[:n])
		return n, err
	}
	return f.b.Write(p)
}

func (f *file) fail(how func([]byte) (int, error)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.broken = how
}

// between starts a recorder in front of a seller and returns its address and a function that stops it.
func between(t testing.TB, seller string, out io.Writer, told func(string)) (r *recorder.Recorder, address string, stop func()) {
	t.Helper()
	clock := simtest.NewClock()
	r, err := recorder.New(recorder.Config{
		To: seller + "/produce/demo", Keys: []string{simtest.FacadeKey}, KitKeys: []string{simtest.KitKey}, Out: tape.NewWriter(out, clock.Now()),
		Clock: clock, Random: rand.Reader, Told: told,
	})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	over := make(chan error, 1)
	go func() { over <- r.Serve(ctx, l) }()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			if err := <-over; err != nil {
				t.Errorf("Serve: %v", err)
			}
		})
	}
	t.Cleanup(stop)
	return r, l.Addr().String(), stop
}

// script is a seller that reads calls by hand and says the bytes that it is told.
func script(t *testing.T, heard chan<- string, say func(n int, head string, c net.Conn, in *bufio.Reader) bool) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var work sync.WaitGroup
	t.Cleanup(func() { _ = l.Close(); work.Wait() })
	work.Go(func() {
		for n := 0; ; {
			c, err := l.Accept()
			if err != nil {
				return
			}
			in := bufio.NewReader(c)
			for {
				head := ""
				for !strings.HasSuffix(head, "\r\n\r\n") {
					line, err := in.ReadString('\n')
					if err != nil {
						break
					}
					head += line
				}
				if head == "" {
					break
				}
				n++
				heard <- head
				if !say(n, head, c, in) {
					break
				}
			}
			_ = c.Close()
		}
	})
	return "http://" + l.Addr().String()
}

func recording(t *testing.T, f *file) *tape.Recording {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	r, err := tape.Read(bytes.NewReader(f.b.Bytes()))
	if err != nil {
		t.Fatalf("%v: %s", err, f.b.String())
	}
	return r
}

// Every byte goes through: the case of names, blanks, chunks, announcements, several calls on one connection. Only Host is the seller's.
func TestBytesGoThrough(t *testing.T) {
	heard := make(chan string, 8)
	const (
		said    = "HTTP/1.1 200 OK\r\ncontent-TYPE:application/json\r\nBody-Sign:  sign_type=\"x\"\r\nContent-Length: 44\r\nx-Odd: é\r\n\r\n{\"resultCode\":\"000003\",\"resultMsg\":\"so\"}    "
		chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: application/json\r\n\r\n5;x=y\r\n{\"res\r\n3\r\nult\r\n0\r\nTrailer: 1\r\n\r\n"
	)
	seller := script(t, heard, func(n int, _ string, c net.Conn, in *bufio.Reader) bool {
		switch n {
		case 1:
			_, _ = io.WriteString(c, "HTTP/1.1 100 Continue\r\n\r\n")
			body := make([]byte, 7)
			_, _ = io.ReadFull(in, body)
			heard <- string(body)
			_, _ = io.WriteString(c, said)
		case 2:
			body := ""
			for !strings.HasSuffix(body, "0\r\n\r\n") {
				line, err := in.ReadString('\n')
				if err != nil {
					return false
				}
				body += line
			}
			heard <- body
			_, _ = io.WriteString(c, chunked)
		}
		return n < 2
	})
	f := new(file)
	_, address, stop := between(t, seller, f, nil)
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	in := bufio.NewReader(c)
	expect := func(text string) {
		t.Helper()
		got := make([]byte, len(text))
		if n, err := io.ReadFull(in, got); err != nil || string(got) != text {
			t.Fatalf("got %q, %v, want %q", got[:n], err, text)
		}
	}
	host := strings.TrimPrefix(seller, "http://")
	head := "POST /produce/demo?b=%20+%2B&a=1&signature=AB HTTP/1.1\r\nhOST: market\r\nx-sign:ABC\r\nX-Nonce:  n \r\nExpect: 100-continue\r\nContent-Length: 7\r\n\r\n"
	_, _ = io.WriteString(c, head)
	expect("HTTP/1.1 100 Continue\r\n\r\n")
	_, _ = io.WriteString(c, `{"a": 1`)
	expect(said)
	if got, want := <-heard, strings.Replace(head, "hOST: market", "hOST: "+host, 1); got != want {
		t.Errorf("the seller got %q, want %q", got, want)
	}
	if got := <-heard; got != `{"a": 1` {
		t.Errorf("the seller got %q", got)
	}
	_, _ = io.WriteString(c, "POST /produce/demo/x HTTP/1.1\r\nHost: m\r\nTransfer-Encoding: chunked\r\n\r\n2;q\r\n{}\r\n0\r\n\r\n")
	expect(chunked)
	<-heard
	if got := <-heard; got != "2;q\r\n{}\r\n0\r\n\r\n" {
		t.Errorf("the seller got %q", got)
	}
	if _, err := in.ReadByte(); !errors.Is(err, io.EOF) { // as the seller has hung up
		t.Errorf("%v", err)
	}
	stop()
	r := recording(t, f)
	if len(r.Calls) != 2 {
		t.Fatalf("%+v", r)
	}
	first := r.Calls[0]
	if first.HeaderOf("x-sign") == "" || first.HeaderOf("X-Nonce") == "" || first.HeaderOf("x-sign") == "ABC" || first.Withheld == "" {
		t.Errorf("%+v", first)
	}
	if got := first.Answer.Header; len(got) != 2 || got[0] != (tape.Pair{"content-TYPE", "application/json"}) || got[1][0] != "Body-Sign" {
		t.Errorf("%q", got)
	}
	if second := r.Calls[1]; second.Path != "x" || second.Body == nil || *second.Body != "{}" {
		t.Errorf("%+v", second)
	}
}

// A seller that is away, hangs up, or answers too late is as far away as without a recorder; each is written down.
func TestWhatGoesWrongGoesWrongTheSameWay(t *testing.T) {
	gone := func() string {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		return "http://" + l.Addr().String()
	}()
	hangsUp := script(t, make(chan string, 8), func(_ int, _ string, c net.Conn, _ *bufio.Reader) bool {
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 44\r\n\r\n{\"res")
		return false
	})
	silent := script(t, make(chan string, 8), func(_ int, _ string, _ net.Conn, in *bufio.Reader) bool {
		_, err := in.ReadByte() // until the marketplace has hung up
		return err == nil
	})
	for name, want := range map[string]struct{ seller, err string }{
		"away":     {gone, "the seller cannot be reached"},
		"hangs up": {hangsUp, "the seller closed the connection before its answer was complete"},
		"silent":   {silent, "the marketplace hung up before the answer was complete"},
	} {
		t.Run(name, func(t *testing.T) {
			f := new(file)
			_, address, stop := between(t, want.seller, f, nil)
			client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
			if name == "silent" {
				client.Timeout = 200 * time.Millisecond
			}
			r, err := client.Get("http://" + address + "/produce/demo?activity=queryInstance")
			if err == nil {
				_, err = io.ReadAll(r.Body)
				_ = r.Body.Close()
			}
			if err == nil {
				t.Error("there was an answer")
			}
			stop()
			if got := recording(t, f).Calls; len(got) != 1 || got[0].Err != want.err || got[0].Answer != nil {
				t.Errorf("%+v", got)
			}
		})
	}
}

// No call is lost because the file cannot be written: that is told once, counted, and the rest is written when the file is well again.
func TestAFileThatCannotBeWritten(t *testing.T) {
	seller := script(t, make(chan string, 99), func(_ int, _ string, c net.Conn, _ *bufio.Reader) bool {
		_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 40\r\n\r\n{\"resultCode\":\"000000\",\"resultMsg\":\"so\"}")
		return true
	})
	f := new(file)
	var told []string
	r, address, stop := between(t, seller, f, func(trouble string) { told = append(told, trouble) })
	client := &http.Client{Transport: &http.Transport{}}
	call := func(n int64) {
		t.Helper()
		res, err := client.Get(fmt.Sprintf("http://%s/produce/demo?activity=queryInstance&instanceId=i%d", address, n))
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
		for range 2000 {
			if c := r.Counts(); c.Recorded+c.Lost == n {
				return
			}
			time.Sleep(time.Millisecond)
		}
		t.Fatalf("%+v", r.Counts())
	}
	call(1)
	f.fail(func(p []byte) (int, error) { return len(p) / 2, errors.New("no space left") })
	call(2)
	call(3)
	f.fail(nil)
	call(4)
	client.CloseIdleConnections()
	stop()
	if c := r.Counts(); c.Recorded != 2 || c.Lost != 2 || len(told) != 1 || !strings.Contains(told[0], "no space left") {
		t.Errorf("%+v, %q", c, told)
	}
	got := recording(t, f)
	if len(got.Calls) != 2 || len(got.Torn) != 2 || got.Calls[1].Param("instanceId") != "i4" {
		t.Errorf("%+v", got)
	}
}
