// SPDX-License-Identifier: Apache-2.0

package listen

import (
	"encoding/json"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/koogate/koogate/cmd/koogate/internal/terminal"
)

// Call is one call of the developer's program and what has come of it.
type Call struct {
	Time      time.Time `json:"time"` // when it ended
	What      string    `json:"what"` // event or task
	Kind      string    `json:"kind"`
	MessageID string    `json:"messageId"` // webhook-id
	OrderID   string    `json:"orderId,omitempty"`
	Seq       int64     `json:"seq,omitempty"` // of an event
	TaskID    string    `json:"taskId,omitempty"`
	Fence     int64     `json:"fencingToken,omitempty"`
	Attempt   int       `json:"attempt"`
	Status    int       `json:"status"`  // HTTP status; 0 without an answer
	Outcome   string    `json:"outcome"` // DELIVERED, or what package webhook or handover call it
	Took      float64   `json:"tookSeconds"`
	Again     float64   `json:"againInSeconds,omitempty"` // when an event is sent again
	Good      bool      `json:"-"`
}

// Screen is where calls are shown, one line for each. Safe for concurrent use.
type Screen struct {
	Out  *terminal.Console
	JSON bool

	mu     sync.Mutex
	headed bool
}

const row = "%-8s  %-5s  %-28s  %-22s  %-8s  %3s  %8s  %s\n"

// Show shows a call.
func (s *Screen) Show(c Call) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.JSON {
		text, err := json.Marshal(c)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(s.Out.Data(), "%s\n", text)
		return err
	}
	if !s.headed {
		fmt.Fprintf(s.Out.Out, row, "TIME", "WHAT", "KIND", "ORDER", "NUMBER", "HTTP", "TOOK", "OUTCOME")
		s.headed = true
	}
	status, number := "-", strconv.FormatInt(c.Seq, 10)
	if c.Status > 0 {
		status = strconv.Itoa(c.Status)
	}
	if c.What == whatTask {
		number = c.TaskID[max(0, len(c.TaskID)-8):]
	}
	outcome := c.Outcome
	if c.Attempt > 1 {
		outcome += fmt.Sprintf(", attempt %d", c.Attempt)
	}
	if c.Again > 0 {
		outcome += fmt.Sprintf(", again in %s", seconds(c.Again))
	}
	before, after := "", ""
	to := s.Out.Out
	if s.Out.Colour {
		before, after, to = "\x1b[31m", "\x1b[0m", s.Out.Raw // our own colours; every cell is made harmless
		if c.Good {
			before = "\x1b[32m"
		}
	}
	line := fmt.Sprintf(row, c.Time.Local().Format(time.TimeOnly), c.What, terminal.Cell(c.Kind), terminal.Cell(c.OrderID), terminal.Cell(number), status,
		seconds(c.Took), terminal.Cell(outcome))
	_, err := fmt.Fprint(to, before+line[:len(line)-1]+after+"\n")
	return err
}

func seconds(s float64) string {
	return time.Duration(s * float64(time.Second)).Round(time.Millisecond).String()
}

// Tell writes a sentence for people.
func (s *Screen) Tell(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fmt.Fprintf(s.Out.Err, format+"\n", args...)
}
