// SPDX-License-Identifier: Apache-2.0

// Package keyfile reads secrets that a command line gives either themselves or by a file, which other users of the machine do not see, and
// replaces such files.
package keyfile

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Secret is a secret that was given, or the first line of its file. Errors are those of the file; an empty one is one too.
func Secret(given, file string) (string, error) {
	if file == "" {
		return given, nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return "", err
	}
	line, _, _ := strings.Cut(string(text), "\n")
	if line = strings.TrimSpace(line); line == "" {
		return "", fmt.Errorf("%s holds no key", file)
	}
	return line, nil
}

// Replace writes a file that only its owner reads, in one step: at any moment, a kill and a full disk included, either the old file is
// there or the new one.
func Replace(path string, text []byte) error { return whole(path, text, os.Rename) }

// ReplaceWith is Replace of a file that fill writes. An error of fill leaves what was there.
func ReplaceWith(path string, fill func(io.Writer) error) error {
	return wholeBy(path, fill, os.Rename)
}

// Create is Replace of a file that is not there yet, whole or not at all. Errors: fs.ErrExist.
func Create(path string, text []byte) error {
	return whole(path, text, func(from, to string) error { return errors.Join(os.Link(from, to), os.Remove(from)) })
}

// whole writes a file beside path, which place then gives its name.
func whole(path string, text []byte, place func(from, to string) error) error {
	return wholeBy(path, func(w io.Writer) error { _, err := w.Write(text); return err }, place)
}

func wholeBy(path string, fill func(io.Writer) error, place func(from, to string) error) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*") // mode 0600
	if err != nil {
		return err
	}
	if err = errors.Join(fill(f), f.Sync(), f.Close()); err == nil {
		err = place(f.Name(), path)
	}
	if err != nil {
		_ = os.Remove(f.Name()) // it may be gone already
	}
	return err
}
