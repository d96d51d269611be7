// SPDX-License-Identifier: Apache-2.0

package tape

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// Writer appends to a recording. It is not safe for concurrent use.
type Writer struct {
	out   io.Writer
	close func() error
	sync  func() error
	torn  bool // the last line may have no end
	begun bool
	begin Begin
}

// Open opens a file to be appended to, and makes it, readable by its owner only, if it is missing. Errors are those of the file.
func Open(path string, at time.Time) (*Writer, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	w := NewWriter(f, at)
	w.close, w.sync = f.Close, f.Sync
	info, err := f.Stat()
	if err == nil && info.Mode().IsRegular() && info.Size() > 0 {
		last := make([]byte, 1)
		if _, err = f.ReadAt(last, info.Size()-1); err == nil {
			w.torn = last[0] != '\n'
		}
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return w, nil
}

// NewWriter writes to something that is not a file.
func NewWriter(out io.Writer, at time.Time) *Writer {
	nothing := func() error { return nil }
	return &Writer{out: out, close: nothing, sync: nothing, begin: Begin{Version: Version, At: at}}
}

// Write appends a call with one write. After an error the next call begins a line of its own.
func (w *Writer) Write(c *Call) error {
	if !w.begun {
		if err := w.line(Line{Begin: &w.begin}); err != nil {
			return err
		}
		w.begun = true
	}
	return w.line(Line{Call: c})
}

func (w *Writer) line(l Line) error {
	var b bytes.Buffer
	if w.torn {
		b.WriteByte('\n')
	}
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(l); err != nil {
		return fmt.Errorf("write recording: %w", err)
	}
	n, err := w.out.Write(b.Bytes())
	if err != nil {
		w.torn = w.torn || n > 0
		return fmt.Errorf("write recording: %w", err)
	}
	w.torn = false
	return nil
}

// Sync makes what was written outlive a power cut.
func (w *Writer) Sync() error { return w.sync() }

// Close closes the file.
func (w *Writer) Close() error { return errors.Join(w.sync(), w.close()) }
