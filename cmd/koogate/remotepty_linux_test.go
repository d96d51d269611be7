// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// screen is a terminal: what is typed at it, and what it has shown.
type screen struct {
	master, slave *os.File
	shown         *buffer // since the last start
}

func newScreen(t *testing.T) *screen {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skipf("there are no pseudo terminals: %v", err)
	}
	if err := unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	s := &screen{master: master, slave: slave, shown: &buffer{}}
	go func() { _, _ = io.Copy(s.shown, master) }()
	before := stdin
	stdin = slave
	t.Cleanup(func() {
		stdin = before
		_ = slave.Close()
		_ = master.Close()
	})
	return s
}

// answer types a line once the terminal shows a question.
func (s *screen) answer(t *testing.T, question, line string) {
	t.Helper()
	await(t, question, func() bool { return strings.Contains(s.shown.String(), question) })
	time.Sleep(50 * time.Millisecond) // the echo is off by then
	if _, err := io.WriteString(s.master, line+"\n"); err != nil {
		t.Fatal(err)
	}
}

// modes are the terminal's, the echo among them.
func (s *screen) modes(t *testing.T) uint32 {
	t.Helper()
	termios, err := unix.IoctlGetTermios(int(s.slave.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return termios.Lflag
}

// start runs a command at the terminal.
func (s *screen) start(t *testing.T, args ...string) (ended func() int) {
	t.Helper()
	s.shown.clear()
	code := make(chan int, 1)
	go func() { code <- run(t.Context(), args, s.slave, s.slave) }()
	return func() int { return <-code }
}

// At a terminal a token is asked for and not shown, what cannot be taken back is asked about, refusals have their colour and a watched
// list its place.
func TestAtATerminal(t *testing.T) {
	s := newScreen(t)
	r := newRemoteSite(t)
	ended := s.start(t, "login", r.grpc, "--name", "here")
	s.answer(t, "Token: ", bigToken)
	if code := ended(); code != exitOK {
		t.Fatal(code, s.shown.String())
	}
	await(t, "the end", func() bool { return strings.Contains(s.shown.String(), "the context is here") })
	if strings.Contains(s.shown.String(), bigToken) {
		t.Errorf("the token is shown: %q", s.shown.String())
	}
	ended = s.start(t, "login", r.grpc)
	s.answer(t, "Token: ", "")
	if code := ended(); code != exitUsage {
		t.Errorf("no token: %d", code)
	}

	// ^C takes the question back and leaves the terminal as it was.
	for question, args := range map[string][]string{"Token: ": {"login", r.grpc}, "again? [y/N] ": {"tasks", "retry", "--all", "--reason", "x"}} {
		before := s.modes(t)
		ctx, interrupt := context.WithCancel(t.Context())
		code := make(chan int, 1)
		s.shown.clear()
		go func() { code <- run(ctx, args, s.slave, s.slave) }()
		await(t, question, func() bool { return strings.Contains(s.shown.String(), strings.TrimPrefix(question, "again")) })
		time.Sleep(50 * time.Millisecond)
		interrupt()
		if code := <-code; code != exitFailed || s.modes(t) != before {
			t.Errorf("%s: %d, the terminal's modes are %x and were %x", question, code, s.modes(t), before)
		}
		_, _ = io.WriteString(s.master, "\n") // for who reads on
		time.Sleep(50 * time.Millisecond)
	}

	does(t, exitOK, "provisioners", "create", "crm-2", "--set", "type=worker")
	for answer, want := range map[string]int{"": exitFailed, "n": exitFailed, "yess": exitFailed} {
		ended = s.start(t, "provisioners", "delete", "crm-2")
		s.answer(t, "delete provisioner crm-2? [y/N] ", answer)
		if code := ended(); code != want {
			t.Errorf("%q: %d", answer, code)
		}
	}
	does(t, exitOK, "provisioners", "get", "crm-2")
	ended = s.start(t, "provisioners", "delete", "crm-2")
	s.answer(t, "delete provisioner crm-2? [y/N] ", "Y")
	if code := ended(); code != exitOK {
		t.Errorf("%d %s", code, s.shown.String())
	}
	instance := r.buy(t, "CS2611281200R70")
	ended = s.start(t, "instances", "release", instance, "--reason", "x")
	s.answer(t, "Its ID once more: ", "another")
	if code := ended(); code != exitFailed {
		t.Errorf("%d %s", code, s.shown.String())
	}
	await(t, "the refusal", func() bool { return strings.Contains(s.shown.String(), "koogate: \x1b[1;31mINVALID_FIELD\x1b[0m: ") })

	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	s.shown.clear()
	code := make(chan int, 1)
	go func() { code <- run(ctx, []string{"orders", "list", "--watch", "--every", "100ms"}, s.slave, s.slave) }()
	await(t, "a second look", func() bool { return strings.Count(s.shown.String(), "\x1b[H\x1b[2J") >= 2 })
	stop()
	if code := <-code; code != exitOK || strings.Count(s.shown.String(), "CS2611281200R70") < 2 {
		t.Errorf("%d %q", code, s.shown.String())
	}
}
