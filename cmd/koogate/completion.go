// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/alecthomas/kong"
	"github.com/posener/complete"
	"github.com/willabides/kongplete"

	"github.com/koogate/koogate/cmd/koogate/internal/remote"
	"github.com/koogate/koogate/cmd/koogate/internal/terminal"
)

// completionCmd is koogate completion.
type completionCmd struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

// Help implements kong.HelpProvider.
func (completionCmd) Help() string {
	return `Prints lines that make a shell complete commands, flags and file names. The shell asks the program itself, so
the lines stay right after an upgrade. Names of orders, instances and so on come from the service of the context, when it answers within
300 ms.

Examples:
  koogate completion bash >> ~/.bashrc
  koogate completion zsh  >> ~/.zshrc
  koogate completion fish > ~/.config/fish/completions/koogate.fish`
}

// Run implements the command.
func (c completionCmd) Run(out *terminal.Console) error {
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("completion: %w", err)
	}
	quoted := "'" + strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(program) + "'" // fish
	if c.Shell != "fish" {
		quoted = "'" + strings.ReplaceAll(program, "'", `'\''`) + "'"
	}
	_, err = fmt.Fprintf(out.Raw, completionScripts[c.Shell], quoted)
	return err
}

// completionScripts make a shell run the program, %s, with the line so far in COMP_LINE.
var completionScripts = map[string]string{
	"bash": "complete -C %s koogate\n",
	"zsh":  "autoload -U +X bashcompinit && bashcompinit\ncomplete -C %s koogate\n",
	"fish": `function __koogate_words
    set -lx COMP_LINE (commandline --cut-at-cursor)
    %s
end
complete --command koogate --no-files --arguments '(__koogate_words)'
`,
}

// answerShell answers a shell that asks for completions, which it does through COMP_LINE, and then leaves through the
// parser's exit.
func answerShell(ctx context.Context, parser *kong.Kong) {
	kongplete.Complete(parser, kongplete.WithPredictors(map[string]complete.Predictor{
		"file": complete.PredictFiles("*"), "dir": complete.PredictDirs("*"),
		"context": complete.PredictFunc(func(complete.Args) []string { return remote.ContextNames() }),
		"name":    complete.PredictFunc(func(complete.Args) []string { return remote.Names(ctx, os.Getenv("COMP_LINE")) }),
	}))
}

// helpCmd is koogate help.
type helpCmd struct {
	Command []string `arg:"" optional:"" help:"The command to explain, for example: config check."`
}

// Run implements the command.
func (c helpCmd) Run(ctx context.Context, out *terminal.Console) error {
	if code := run(ctx, append(c.Command, "--help"), out.Out, out.Err); code != exitOK {
		return errReported
	}
	return nil
}
