// SPDX-License-Identifier: Apache-2.0

// Package download serves a file that is made while it is sent, so that it is as long as it has to be and held nowhere whole.
package download

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"regexp"
	"time"
)

// Stalled is how long a reader may take nothing before what is sent to it is cut.
const Stalled = 30 * time.Second

// beyond are the characters of a name from outside that no file's name needs.
var beyond = regexp.MustCompile(`[^A-Za-z0-9._-]`)

// Pieces serves a file of a type and name, of which every character beyond letters, digits, '.', '_' and '-' is replaced. first is its beginning; next returns the
// following piece, or io.EOF behind the last. now tells the machine's time, by which the reader's pauses are measured. A file that cannot be written to its end is
// cut with its connection, by http.ErrAbortHandler: the status is said, and a body without an end is all that still tells the reader.
func Pieces(w http.ResponseWriter, mediaType, name string, now func() time.Time, first []byte, next func() ([]byte, error)) {
	w.Header().Set("Content-Type", mediaType)
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": beyond.ReplaceAllString(name, "_")}))
	out := http.NewResponseController(w)
	for piece := first; ; {
		if out.SetWriteDeadline(now().Add(Stalled)) != nil {
			panic(http.ErrAbortHandler)
		}
		if _, err := w.Write(piece); err != nil {
			panic(http.ErrAbortHandler)
		}
		var err error
		if piece, err = next(); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			panic(http.ErrAbortHandler)
		}
	}
}
