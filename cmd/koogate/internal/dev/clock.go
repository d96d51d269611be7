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

	"github.com/koogate/koogate/server/clock"
)

// jumpClock is the machine's clock plus what it has jumped. It keeps its time in a file, so that a database which has seen the
// future never sees the past again.
type jumpClock struct {
	clock.System
	file   string
	mu     sync.Mutex
	offset time.Duration
}

// newJumpClock returns the clock of a data directory, which goes on from where it was if that is ahead of now.
func newJumpClock(dir string) (*jumpClock, error) {
	c := &jumpClock{file: filepath.Join(dir, "usage-clock")}
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
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.System.Now().Add(c.offset)
}

// jump writes down the time before anybody sees it.
func (c *jumpClock) jump(d time.Duration) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	reached := c.System.Now().Add(c.offset + d)
	if err := os.WriteFile(c.file, []byte(reached.Format(time.RFC3339Nano)+"\n"), 0o600); err != nil {
		return err
	}
	c.offset += d
	return nil
}
