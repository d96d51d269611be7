// SPDX-License-Identifier: Apache-2.0

package terminal

import (
	"fmt"
	"io"
	"os"
	"runtime"
)

// Console is where commands write: Out for results, Err for messages. Both make visible what would command a terminal.
type Console struct {
	Out, Err io.Writer
	Raw      io.Writer // Out as it is, for our own colours and for files that machines read
	Colour   bool      // Out is a terminal

	status io.Writer // the terminal on which messages are looked at; nil when nobody does
}

// New returns the console of a process that writes to stdout and stderr.
func New(stdout, stderr io.Writer) *Console {
	c := &Console{Out: plain{stdout}, Err: plain{stderr}, Raw: stdout, Colour: Is(stdout)}
	if Is(stderr) {
		c.status = stderr
	}
	return c
}

// Status shows how far something is, on the last line of a terminal and in the place of what it showed before. An empty text takes that away.
// When nobody looks it does nothing.
func (c *Console) Status(text string) {
	if c.status != nil {
		fmt.Fprintf(c.status, "\r\x1b[K%s", Cell(text))
	}
}

// Alarm writes a word of a message to Err, in bold red when somebody looks.
func (c *Console) Alarm(word string) {
	if c.status == nil {
		fmt.Fprint(c.Err, Cell(word))
		return
	}
	fmt.Fprintf(c.status, "\x1b[1;31m%s\x1b[0m", Cell(word))
}

// Redraw empties a terminal for what is drawn anew in the place of what it shows; where nobody looks it does nothing.
func (c *Console) Redraw() {
	if c.Colour {
		fmt.Fprint(c.Raw, "\x1b[H\x1b[2J")
	}
}

// OthersRead says whether what is written to w lands in a file that more than its owner can read.
func OthersRead(w io.Writer) bool {
	if p, ok := w.(plain); ok {
		w = p.w
	}
	f, ok := w.(*os.File)
	if !ok || runtime.GOOS == "windows" { // which has no such permissions
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o077 != 0
}

// Data is where results for machines go: as they are, unless somebody looks.
func (c *Console) Data() io.Writer {
	if c.Colour {
		return c.Out
	}
	return c.Raw
}

// Is says whether somebody looks at what is written to w.
func Is(w io.Writer) bool {
	if p, ok := w.(plain); ok {
		w = p.w
	}
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
