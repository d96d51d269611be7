// SPDX-License-Identifier: Apache-2.0

package download_test

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/koogate/koogate/server/download"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// get serves pieces, the last of which is followed by end, and returns the answer's header, its body and the error of reading it.
func get(t *testing.T, name string, end error, pieces ...string) (http.Header, string, error) {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		rest := pieces[1:]
		download.Pieces(w, "application/zip", name, time.Now, []byte(pieces[0]), func() ([]byte, error) {
			if len(rest) == 0 {
				return nil, end
			}
			piece := rest[0]
			rest = rest[1:]
			return []byte(piece), nil
		})
	}))
	defer s.Close()
	resp, err := s.Client().Get(s.URL)
	if err != nil {
		return nil, "", err
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	return resp.Header, string(body), err
}

func TestAFileArrivesWholeOrBreaksOff(t *testing.T) {
	header, body, err := get(t, "order-CS/1\r\n\"订单.zip", io.EOF, "one ", "two ", "three")
	if err != nil || body != "one two three" || header.Get("Content-Type") != "application/zip" ||
		header.Get("Content-Disposition") != "attachment; filename=order-CS_1_____.zip" {
		t.Errorf("got %v %q, %v", header, body, err)
	}
	// A piece that fits into the server's buffer never leaves it.
	for size, want := range map[int]error{10: io.EOF, 1 << 20: io.ErrUnexpectedEOF} {
		if _, _, err := get(t, "x", errors.New("gone"), strings.Repeat("x", size), "y"); !errors.Is(err, want) {
			t.Errorf("a file of %d bytes that breaks off ends with %v", size, err)
		}
	}
}

// A reader that takes nothing is left after a while by the machine's clock, here at once.
func TestAReaderThatStallsIsLeft(t *testing.T) {
	left := make(chan any, 1)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		defer func() { left <- recover() }()
		past := func() time.Time { return time.Now().Add(100*time.Millisecond - download.Stalled) }
		download.Pieces(w, "application/zip", "x", past, nil, func() ([]byte, error) { return make([]byte, 1<<20), nil })
	}))
	defer s.Close()
	resp, err := s.Client().Get(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	select {
	case v := <-left:
		if err, _ := v.(error); !errors.Is(err, http.ErrAbortHandler) {
			t.Errorf("the handler ended with %v", v)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("the handler waits for ever")
	}
}
