// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/term"

	"github.com/koogate/koogate/cmd/koogate/internal/terminal"
	"github.com/koogate/koogate/server/clock"
)

// Env is what commands find around them. Kong hands it to Run.
type Env struct {
	Out      *terminal.Console
	In       io.Reader // the standard input
	Clock    clock.Clock
	Language string // of texts for people: zh or en
}

// ErrReported is a failure that has been told: exit code 1.
var ErrReported = errors.New("reported")

// UsageError is a command line that is wrong: exit code 2.
type UsageError struct{ text string }

// Error implements error.
func (e *UsageError) Error() string { return e.text }

// Usagef makes a [UsageError].
func Usagef(format string, args ...any) error {
	return &UsageError{fmt.Sprintf(format, args...)}
}

// ask asks a question that is answered by yes or no. Where nobody can answer, --yes has to.
func (e *Env) ask(ctx context.Context, what string) error {
	answer, err := e.prompt(ctx, what+"? [y/N] ", "--yes")
	if err != nil {
		return err
	}
	if answer = strings.ToLower(answer); answer != "y" && answer != "yes" {
		fmt.Fprintln(e.Out.Err, "nothing was changed")
		return ErrReported
	}
	return nil
}

// prompt asks for a line. Where nobody can answer, flag has to.
func (e *Env) prompt(ctx context.Context, question, flag string) (string, error) {
	in, looks := e.In.(interface{ Fd() uintptr })
	if !looks || !term.IsTerminal(int(in.Fd())) || !terminal.Is(e.Out.Err) {
		return "", Usagef("%s is missing, and there is no terminal to ask at: %s", flag, strings.TrimSpace(question))
	}
	fmt.Fprint(e.Out.Err, terminal.Cell(question))
	line, err := typed(ctx, func() (string, error) { return bufio.NewReader(e.In).ReadString('\n') })
	if err != nil && line == "" {
		fmt.Fprintln(e.Out.Err)
		return "", ErrReported
	}
	return strings.TrimSpace(line), nil
}

// password asks for a line without showing it.
func (e *Env) password(ctx context.Context, question string, fd int) (string, error) {
	before, err := term.GetState(fd)
	if err != nil {
		return "", err
	}
	fmt.Fprint(e.Out.Err, question)
	defer fmt.Fprintln(e.Out.Err)
	line, err := typed(ctx, func() (string, error) {
		text, err := term.ReadPassword(fd)
		return string(text), err
	})
	if ctx.Err() != nil { // nobody has put the terminal right
		return "", errors.Join(ErrReported, term.Restore(fd, before))
	}
	return strings.TrimSpace(line), err
}

// typed waits for what a user types, but not longer than for ^C.
func typed(ctx context.Context, read func() (string, error)) (string, error) {
	type line struct {
		text string
		err  error
	}
	came := make(chan line, 1)
	go func() {
		text, err := read()
		came <- line{text, err}
	}()
	select {
	case l := <-came:
		return l.text, l.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}
