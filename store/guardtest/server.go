// SPDX-License-Identifier: Apache-2.0

package guardtest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// RedisServer is a redis-server process of one test, on a free loopback port, keeping nothing on disk.
type RedisServer struct {
	Addr string
	bin  string
	dir  string
	args []string
	cmd  *exec.Cmd
}

// StartRedis starts redis-server with args added to its command line. The binary is KOOGATE_TEST_REDIS_SERVER or the
// redis-server in PATH; where there is none the test is skipped, or fails when KOOGATE_TEST_SERVICES is "required".
func StartRedis(t *testing.T, args ...string) *RedisServer {
	t.Helper()
	bin := os.Getenv("KOOGATE_TEST_REDIS_SERVER")
	if bin == "" {
		var err error
		if bin, err = exec.LookPath("redis-server"); err != nil {
			NeedService(t, "redis-server")
		}
	}
	// A port that was free may be taken before the server binds it: try again with another.
	for try := 1; ; try++ {
		s := &RedisServer{Addr: freeAddr(t), bin: bin, dir: t.TempDir(), args: args}
		err := s.start()
		if err == nil {
			t.Cleanup(s.Kill)
			return s
		}
		if try == 3 {
			t.Fatalf("redis-server: %v", err)
		}
	}
}

// NeedService skips the test for want of a service, or fails it when KOOGATE_TEST_SERVICES is "required".
func NeedService(t *testing.T, name string) {
	t.Helper()
	if os.Getenv("KOOGATE_TEST_SERVICES") == "required" {
		t.Fatalf("%s is required and not there", name)
	}
	t.Skipf("no %s", name)
}

// Kill ends the process as kill -9 does and waits for its end. It does nothing when the process is gone.
func (s *RedisServer) Kill() {
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
	s.cmd = nil
}

// Restart starts the server again, empty, at the same address.
func (s *RedisServer) Restart(t *testing.T) {
	t.Helper()
	s.Kill()
	if err := s.start(); err != nil {
		t.Fatalf("redis-server: %v", err)
	}
}

// Pause stops the process without ending it: its connections stay open and nothing answers. Resume ends that.
func (s *RedisServer) Pause(t *testing.T) {
	t.Helper()
	if err := stopProcess(s.cmd.Process); err != nil {
		t.Skipf("cannot stop a process here: %v", err)
	}
}

// Resume undoes Pause.
func (s *RedisServer) Resume(t *testing.T) {
	t.Helper()
	if err := continueProcess(s.cmd.Process); err != nil {
		t.Fatal(err)
	}
}

// Do sends one inline command over a connection of its own and returns the first line of the answer.
func (s *RedisServer) Do(command string) (string, error) {
	var d net.Dialer
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	c, err := d.DialContext(ctx, "tcp", s.Addr)
	if err != nil {
		return "", err
	}
	defer func() { _ = c.Close() }()
	defer context.AfterFunc(ctx, func() { _ = c.Close() })()
	if _, err = fmt.Fprintf(c, "%s\r\n", command); err != nil {
		return "", err
	}
	line, err := bufio.NewReader(c).ReadString('\n')
	return strings.TrimSpace(line), err
}

func (s *RedisServer) start() error {
	host, port, err := net.SplitHostPort(s.Addr)
	if err != nil {
		return err
	}
	log := filepath.Join(s.dir, "redis.log")
	s.cmd = exec.Command(s.bin, append([]string{
		"--port", port, "--bind", host, "--dir", s.dir, "--logfile", log, "--save", "", "--appendonly", "no", "--daemonize", "no",
	}, s.args...)...)
	if err = s.cmd.Start(); err != nil {
		s.cmd = nil
		return err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	for {
		if answer, err := s.Do("PING"); err == nil && answer == "+PONG" && s.mine() {
			return nil
		}
		if !pause(ctx, 20*time.Millisecond) {
			s.Kill()
			text, _ := os.ReadFile(log)
			return errors.New("did not start: " + string(text))
		}
	}
}

// mine tells this process from another that won the race for the port: the directory is the test's own.
func (s *RedisServer) mine() bool {
	var d net.Dialer
	c, err := d.DialContext(context.Background(), "tcp", s.Addr)
	if err != nil {
		return false
	}
	defer func() { _ = c.Close() }()
	if _, err = fmt.Fprint(c, "CONFIG GET dir\r\nQUIT\r\n"); err != nil {
		return false
	}
	in := bufio.NewScanner(c)
	for in.Scan() {
		if in.Text() == s.dir {
			return true
		}
	}
	return false
}

// pause waits without reading the clock and tells whether ctx is still alive.
func pause(ctx context.Context, d time.Duration) bool {
	wait, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	<-wait.Done()
	return ctx.Err() == nil
}

func freeAddr(t *testing.T) string {
	t.Helper()
	var c net.ListenConfig
	l, err := c.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}
