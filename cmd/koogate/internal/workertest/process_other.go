// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package workertest

import "os/exec"

func group(*exec.Cmd) {}

func killGroup(cmd *exec.Cmd) { _ = cmd.Process.Kill() }
