// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/koogate/koogate/cmd/koogate/internal/terminal"
)

// versionCmd is koogate version.
type versionCmd struct{}

// Run implements the command.
func (versionCmd) Run(out *terminal.Console) error {
	_, err := fmt.Fprintln(out.Out, versionLine())
	return err
}

// versionLine names the program, its version, and what it was built with and for.
func versionLine() string {
	return fmt.Sprintf("koogate %s %s %s/%s", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

// version is the module's version, or the commit that the binary was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	v := info.Main.Version
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision" && (v == "" || v == "(devel)"):
			v = s.Value[:min(12, len(s.Value))]
		case s.Key == "vcs.modified" && s.Value == "true":
			v += "+changed"
		}
	}
	if v == "" {
		return "devel"
	}
	return v
}
