// SPDX-License-Identifier: Apache-2.0

//go:build unix

package workertest

import (
	"os/exec"
	"syscall"
)

// group gives a command a group of its own, with all that it starts.
func group(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

func killGroup(cmd *exec.Cmd) { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
