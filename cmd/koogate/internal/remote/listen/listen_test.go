// SPDX-License-Identifier: Apache-2.0

package listen

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/koogate/koogate/cmd/koogate/internal/terminal"
)

// Colours are for who looks; what a call names commands no terminal.
func TestALineOfTheScreen(t *testing.T) {
	var out, errs bytes.Buffer
	s := &Screen{Out: terminal.New(&out, &errs)}
	call := Call{
		Time: time.Date(2026, 5, 1, 12, 0, 0, 0, time.Local), What: whatTask, Kind: "CREATE", OrderID: "CS1\x1b[2J", TaskID: "0193a1c2-0000-7000-8000-00000000abcd", Attempt: 2,
		Status: 503, Outcome: "HTTP_STATUS", Took: 0.0125, Again: 5,
	}
	show := func() string {
		t.Helper()
		out.Reset()
		if err := s.Show(call); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	want := "12:00:00  task   CREATE                        CS1\\u001b[2J            0000abcd  503      13ms  HTTP_STATUS, attempt 2, again in 5s"
	if got := show(); !strings.HasSuffix(got, "\n"+want+"\n") || !strings.HasPrefix(got, "TIME") {
		t.Errorf("%q", got)
	}
	s.Out.Colour = true
	if got := show(); got != "\x1b[31m"+want+"\x1b[0m\n" {
		t.Errorf("%q", got)
	}
	call.Good, call.Attempt, call.Again, call.Status, call.Outcome = true, 1, 0, 200, "DONE"
	if got := show(); !strings.HasPrefix(got, "\x1b[32m12:00:00") || !strings.HasSuffix(got, "  DONE\x1b[0m\n") {
		t.Errorf("%q", got)
	}
	s.Out.Colour, s.JSON = false, true
	if got := show(); !strings.HasPrefix(got, `{"time":"2026-05-01T12:00:00`) || strings.Count(got, "\n") != 1 || strings.ContainsRune(got, 0x1b) {
		t.Errorf("%q", got)
	}
}

// Names lead to this machine or nowhere, whatever they resolve to; and a call in hand ends with the command.
func TestATargetIsThisMachine(t *testing.T) {
	t.Parallel()
	reached, release := make(chan struct{}, 1), make(chan struct{})
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		reached <- struct{}{}
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(func() { close(release); srv.Close() })
	hard, end := context.WithCancel(t.Context())
	defer end()
	port := srv.URL[strings.LastIndexByte(srv.URL, ':'):]
	to, err := NewTarget(hard, "http://any.localhost"+port+"/", false)
	if err != nil {
		t.Fatal(err)
	}
	defer to.Close()
	ended := make(chan error, 1)
	go func() {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, to.URL, http.NoBody)
		if err == nil {
			_, err = to.Do(r) //nolint:bodyclose // there is none
		}
		ended <- err
	}()
	<-reached
	end()
	select {
	case err := <-ended:
		if err == nil {
			t.Error("the call has succeeded")
		}
	case <-time.After(10 * time.Second):
		t.Error("the call goes on")
	}
	for address, want := range map[string]bool{
		"http://localhost:1/": true, "http://[::1]:1/": true, "http://127.9.9.9:1/": true, "https://localhost/": true, "http://[::ffff:127.0.0.1]/": true,
		"http://192.168.1.1/": false, "https://example.com/": false, "http://localhost.example.com/": false, "http://169.254.169.254/": false, "ftp://localhost/": false, "localhost:3000": false,
		"http://u:p@localhost/": false, "": false,
	} {
		if _, err := NewTarget(hard, address, false); (err == nil) != want {
			t.Errorf("%s: %v", address, err)
		}
	}
	if _, err := NewTarget(hard, "http://192.168.1.1/", true); err != nil {
		t.Error(err)
	}
}
