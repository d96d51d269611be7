// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"bufio"
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
func (e *Env) ask(what string) error {
	answer, err := e.prompt(what+"? [y/N] ", "--yes")
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
func (e *Env) prompt(question, flag string) (string, error) {
	in, looks := e.In.(interface{ Fd() uintptr })
	if !looks || !term.IsTerminal(int(in.Fd())) || !terminal.Is(e.Out.Err) {
		return "", Usagef("%s is missing, and there is no terminal to ask at: %s", flag, strings.TrimSpace(question))
	}
	fmt.Fprint(e.Out.Err, terminal.Cell(question))
	line, err := bufio.NewReader(e.In).ReadString('\n')
	if err != nil && line == "" {
		return "", ErrReported
	}
	return strings.TrimSpace(line), nil
}
