// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// jaegerPages is what Jaeger serves at /search when it has pages; the one that is built from the Go module has another text there.
const (
	jaegerPages   = `<!DOCTYPE html><div id="jaeger-ui-root"></div>`
	jaegerNoPages = `<!DOCTYPE html><h1>This is not the Jaeger UI you are looking for!</h1>`
)

// fakeJaeger answers as Jaeger does where .ci/jaeger and koogate dev look.
func fakeJaeger(pages string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/api/services", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"data":[]}`) })
	mux.HandleFunc("/search", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, pages) })
	return mux
}

// jaegerScript runs .ci/jaeger in an environment of its own: ports on which nothing listens, and a PATH of programs of the test.
type jaegerScript struct {
	t         *testing.T
	dir, path string
	ui, otlp  string // ports
}

func newJaegerScript(t *testing.T) *jaegerScript {
	t.Helper()
	a := freeAddrs(t, 2)
	s := &jaegerScript{t: t, dir: t.TempDir()}
	_, s.ui, _ = net.SplitHostPort(a[0])
	_, s.otlp, _ = net.SplitHostPort(a[1])
	s.path = filepath.Join(s.dir, "bin")
	if err := os.Mkdir(s.path, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, tool := range []string{"bash", "sed", "cat", "head", "tail", "grep", "timeout", "setsid", "readlink", "seq", "sleep", "dirname", "mkdir", "rm", "kill"} {
		if real, err := exec.LookPath(tool); err == nil {
			if err := os.Symlink(real, filepath.Join(s.path, tool)); err != nil {
				t.Fatal(err)
			}
		}
	}
	return s
}

// program puts a script on PATH.
func (s *jaegerScript) program(name, text string) string {
	s.t.Helper()
	path := filepath.Join(s.path, name)
	if err := os.WriteFile(path, []byte("#!"+filepath.Join(s.path, "bash")+"\n"+text+"\n"), 0o700); err != nil {
		s.t.Fatal(err)
	}
	return path
}

func (s *jaegerScript) run(command string, env ...string) (string, error) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "../../.ci/jaeger", command)
	cmd.Env = append([]string{"PATH=" + s.path, "JAEGER_PORT=" + s.ui, "JAEGER_OTLP_PORT=" + s.otlp, "JAEGER_STATE=" + s.dir}, env...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	return strings.TrimSpace(out.String()), err
}

func (s *jaegerScript) chooses(want string, env ...string) {
	s.t.Helper()
	if got, err := s.run("choice", env...); err != nil || got != want {
		s.t.Errorf("got %q, %v, want %q", got, err, want)
	}
}

// The Jaeger that is there is used: what JAEGER says, a running one, PATH, a container engine; the built one comes last.
func TestChooseJaeger(t *testing.T) {
	s := newJaegerScript(t)
	s.chooses("built .ci/bin/jaeger")
	podman := s.program("podman", `[ "$1" = info ] || [ "$1 $2" = "image inspect" ]`)
	s.chooses("container podman")
	s.program("podman", "exit 1") // no daemon answers
	s.chooses("built .ci/bin/jaeger")
	if err := os.Remove(podman); err != nil {
		t.Fatal(err)
	}
	s.program("docker", `[ "$1" = info ]`) // the image is neither there nor to be had
	if got, err := s.run("choice"); err != nil || !strings.HasSuffix(got, "built .ci/bin/jaeger") || !strings.Contains(got, "cannot get the image") {
		t.Errorf("got %q, %v", got, err)
	}
	s.program("docker", "exit 0")
	s.chooses("container docker")
	all := s.program("jaeger-all-in-one", "exit 0")
	s.chooses("binary " + all)
	jaeger := s.program("jaeger", "exit 0")
	s.chooses("binary " + jaeger)
	other := s.program("other", "exit 0")
	s.chooses("binary "+other, "JAEGER=other")
	s.chooses("binary "+other, "JAEGER="+other)
	s.chooses("url http://jaeger.example.com:16686", "JAEGER=http://jaeger.example.com:16686/")
	for _, bad := range []string{"no-such-program", "https://jaeger.example.com"} {
		if got, err := s.run("choice", "JAEGER="+bad); err == nil {
			t.Errorf("JAEGER=%s: got %q", bad, got)
		}
	}
	listen := func(port string) net.Listener {
		l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:"+port)
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	srv := &httptest.Server{Listener: listen(s.ui), Config: &http.Server{Handler: fakeJaeger(jaegerPages)}}
	srv.Start()
	defer srv.Close()
	s.chooses("binary " + jaeger) // something answers, which takes no spans
	otlp := listen(s.otlp)
	defer func() { _ = otlp.Close() }()
	s.chooses("url http://127.0.0.1:" + s.ui)
	if got, err := s.run("start"); err != nil || !strings.Contains(got, "running already") || strings.Contains(got, "no pages") {
		t.Errorf("got %q, %v", got, err)
	}
	if got, err := s.run("start", "JAEGER=http://127.0.0.1:1"); err == nil || !strings.Contains(got, "nothing answers") {
		t.Errorf("got %q, %v", got, err)
	}
	if got, err := s.run("stop"); err != nil || !strings.Contains(got, "none that make jaeger started") {
		t.Errorf("what was not started here is stopped: %q, %v", got, err)
	}
}

// What is started is told, with or without pages, is found again and is stopped.
func TestStartJaeger(t *testing.T) {
	t.Parallel()
	if text := os.Getenv("KOOGATE_TEST_FAKE_JAEGER"); text != "" { // this test binary, as the Jaeger of the test below
		err := (&http.Server{Addr: "127.0.0.1:" + os.Getenv("JAEGER_PORT"), Handler: fakeJaeger(text), ReadHeaderTimeout: time.Second}).ListenAndServe()
		if !errors.Is(err, http.ErrServerClosed) {
			t.Fatal(err)
		}
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		pages string
		none  bool
	}{"pages": {jaegerPages, false}, "no pages": {jaegerNoPages, true}} {
		t.Run(name, func(t *testing.T) {
			s := newJaegerScript(t)
			s.program("jaeger", `[ "$1" = --help ] || exec `+self+` -test.run '^TestStartJaeger$'`)
			env := "KOOGATE_TEST_FAKE_JAEGER=" + c.pages
			for _, want := range []string{"binary " + s.path + "/jaeger", "already running"} {
				got, err := s.run("start", env)
				if err != nil || !strings.Contains(got, want) || strings.Contains(got, "no pages") != c.none {
					t.Fatalf("got %q, %v, want %q", got, err, want)
				}
			}
			if got, err := s.run("stop"); err != nil || !strings.Contains(got, "stopped") {
				t.Errorf("got %q, %v", got, err)
			}
			if _, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", "127.0.0.1:"+s.ui); err == nil {
				t.Error("it still listens")
			}
		})
	}
}
