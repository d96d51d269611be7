// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// process is a server under test.
type process struct {
	name string
	addr string // of the facade
	path string
	grpc string        // address; empty for a server without
	took time.Duration // from its start until it was ready
	cmd  *exec.Cmd
	done chan error
}

// errEnded says that a process ended before it was ready, as it does when somebody else was faster to take its port.
var errEnded = errors.New("ended at once")

// again starts a process anew on other ports when it ended at once, twice at most.
func again(start func() (*process, error)) (p *process, err error) {
	for range 3 {
		if p, err = start(); !errors.Is(err, errEnded) {
			break
		}
	}
	return p, err
}

// start runs a command and waits until its address answers.
func start(ctx context.Context, name, addr, ready string, env []string, argv ...string) (*process, error) {
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...) //nolint:gosec // our own binaries
	cmd.Env = append(os.Environ(), env...)
	cmd.Stderr = os.Stderr
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{name: name, addr: addr, path: "/produce/bench", cmd: cmd, done: make(chan error, 1)}
	go func() { p.done <- cmd.Wait() }()
	for time.Since(began) < 15*time.Second {
		select {
		case err := <-p.done:
			return nil, fmt.Errorf("%s %w: %w", name, errEnded, err)
		case <-time.After(5 * time.Millisecond):
		}
		res, err := http.Get("http://" + ready) //nolint:noctx // a probe on loopback
		if err == nil {
			_ = res.Body.Close()
			if res.StatusCode < 500 {
				p.took = time.Since(began)
				return p, nil
			}
		}
	}
	return nil, errors.Join(fmt.Errorf("%s is not ready after 15 s", name), p.stop())
}

// stop ends the process and waits for it.
func (p *process) stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case err := <-p.done:
		if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
			return nil // told to end
		}
		return err
	case <-time.After(10 * time.Second):
		return p.cmd.Process.Kill()
	}
}

// cpu is the processor time that the process has used so far.
func (p *process) cpu() time.Duration { return cpuUsed(p.cmd.Process.Pid) }

// rss is the memory that the kernel holds for the process, in bytes.
func (p *process) rss() int64 { return memoryUsed(p.cmd.Process.Pid) }

// freeAddrs returns different loopback addresses that nothing listens on now.
func freeAddrs(n int) (addrs []string, err error) {
	var open closers
	defer func() { err = errors.Join(err, open.close()) }()
	for range n {
		l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		open.add(l.Close)
		addrs = append(addrs, l.Addr().String())
	}
	return addrs, nil
}
