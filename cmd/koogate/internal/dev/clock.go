// SPDX-License-Identifier: Apache-2.0

package dev

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/koogate/koogate/cmd/koogate/internal/keyfile"
	"github.com/koogate/koogate/server/clock"
)

// jumpClock is the machine's clock plus what it has jumped. Timers jump with it. It keeps its time in a file, so that a database
// which has seen the future never sees the past again.
type jumpClock struct {
	clock.System
	file   string
	mu     sync.Mutex
	offset time.Duration
	jumped chan struct{} // closed by the next jump
}

// newJumpClock returns the clock of a data directory, which goes on from where it was if that is ahead of now.
func newJumpClock(dir string) (*jumpClock, error) {
	c := &jumpClock{file: filepath.Join(dir, "usage-clock"), jumped: make(chan struct{})}
	text, err := os.ReadFile(c.file)
	if errors.Is(err, os.ErrNotExist) {
		return c, nil
	}
	if err != nil {
		return nil, err
	}
	reached, err := time.Parse(time.RFC3339Nano, strings.TrimSpace(string(text)))
	if err != nil {
		return nil, fmt.Errorf("%s holds no time: remove the data directory", c.file)
	}
	c.offset = max(0, reached.Sub(c.System.Now()))
	return c, nil
}

// Now implements clock.Clock.
func (c *jumpClock) Now() time.Time {
	now, _ := c.look()
	return now
}

// jump writes down the time before anybody sees it.
func (c *jumpClock) jump(d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	reached := c.System.Now().Add(c.offset + d)
	if err := keyfile.Replace(c.file, []byte(reached.Format(time.RFC3339Nano)+"\n")); err != nil {
		return err
	}
	c.offset += d
	close(c.jumped)
	c.jumped = make(chan struct{})
	return nil
}

// look returns the time, and a channel that the next jump closes.
func (c *jumpClock) look() (now time.Time, jumped <-chan struct{}) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.System.Now().Add(c.offset), c.jumped
}

// NewTimer implements clock.Clock. A loop whose pause a jump ends comes round at once: otherwise it would be hours late by this clock.
func (c *jumpClock) NewTimer(d time.Duration) clock.Timer {
	t := &jumpTimer{fired: make(chan time.Time, 1), stopped: make(chan struct{})}
	now, jumped := c.look()
	due := now.Add(d)
	go func() {
		for now.Before(due) {
			rest := c.System.NewTimer(due.Sub(now))
			select {
			case <-rest.C():
			case <-jumped:
				rest.Stop()
			case <-t.stopped:
				rest.Stop()
				return
			}
			now, jumped = c.look()
		}
		t.fired <- now
	}()
	return t
}

// jumpTimer is a timer of a jumpClock.
type jumpTimer struct {
	fired   chan time.Time
	stopped chan struct{}
	once    sync.Once
}

// C implements clock.Timer.
func (t *jumpTimer) C() <-chan time.Time { return t.fired }

// Stop implements clock.Timer.
func (t *jumpTimer) Stop() { t.once.Do(func() { close(t.stopped) }) }
