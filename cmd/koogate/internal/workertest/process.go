// SPDX-License-Identifier: Apache-2.0

package workertest

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/koogate/koogate/server/clock"
)

// mostEnds is how often the command may end by itself; it is started again, as a supervisor does.
const mostEnds = 5

// process is the worker, which is started again whenever it ends.
type process struct {
	command []string
	env     []string
	show    io.Writer // what it prints; nil for none

	mu    sync.Mutex
	cmd   *exec.Cmd
	gone  chan struct{} // closed when the process is reaped
	stop  bool
	ends  int // by itself
	last  tail
	fault error
}

// start starts the command. It is started anew until end is called.
func (p *process) start() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault = p.startLocked()
	return p.fault
}

func (p *process) startLocked() error {
	cmd := exec.Command(p.command[0], p.command[1:]...) //nolint:gosec,noctx // the user's own command, which is killed as a group
	cmd.Env = append(os.Environ(), p.env...)
	out := io.Writer(&p.last)
	if p.show != nil {
		out = io.MultiWriter(p.show, out)
	}
	cmd.Stdout, cmd.Stderr = out, out
	cmd.WaitDelay = time.Second // a grandchild that has left the group may hold the pipe
	group(cmd)
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("the worker does not start: %w", err)
	}
	gone := make(chan struct{})
	p.cmd, p.gone = cmd, gone
	go func() {
		err := cmd.Wait()
		close(gone)
		p.ended(cmd, err)
	}()
	return nil
}

// ended starts the command again that has ended by itself.
func (p *process) ended(cmd *exec.Cmd, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stop || p.cmd != cmd {
		return
	}
	p.ends++
	if p.ends > mostEnds {
		p.fault = fmt.Errorf("the worker has ended by itself %d times (%v); it said last: %s", p.ends, ended(err), p.last.String())
		return
	}
	p.mu.Unlock()
	sleep(200 * time.Millisecond)
	p.mu.Lock()
	if !p.stop && p.cmd == cmd {
		p.fault = p.startLocked()
	}
}

func ended(err error) string {
	if err == nil {
		return "exit status 0"
	}
	return err.Error()
}

// kill ends the worker as a crash does, with all that it has started, and waits until it is gone.
func (p *process) kill() {
	p.mu.Lock()
	cmd, gone := p.cmd, p.gone
	p.cmd = nil // it does not end by itself
	p.mu.Unlock()
	if cmd == nil {
		return
	}
	killGroup(cmd)
	<-gone
}

// end kills the worker for good.
func (p *process) end() {
	p.mu.Lock()
	p.stop = true
	p.mu.Unlock()
	p.kill()
}

// broken is why the worker cannot be run; nil while it can.
func (p *process) broken() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.fault
}

// tail keeps the end of what is written to it.
type tail struct {
	mu sync.Mutex
	b  []byte
}

// Write implements io.Writer.
func (t *tail) Write(text []byte) (int, error) {
	const most = 600
	t.mu.Lock()
	defer t.mu.Unlock()
	t.b = append(t.b, text...)
	t.b = bytes.Clone(t.b[max(0, len(t.b)-most):])
	return len(text), nil
}

func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.TrimSpace(string(t.b))
}

func sleep(d time.Duration) {
	timer := clock.System{}.NewTimer(d)
	<-timer.C()
}
