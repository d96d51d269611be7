// SPDX-License-Identifier: Apache-2.0

package check

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"strings"

	"github.com/koogate/koogate/koogallery/checker/probe"
)

// hooks are the commands as the probe calls them.
func (c *Command) hooks() (h probe.Hooks) {
	if c.HookKill != "" {
		h.Kill = func(ctx context.Context) error {
			_, err := shell(ctx, "--hook-kill", c.HookKill)
			return err
		}
	}
	if c.HookState != "" {
		h.State = func(ctx context.Context) ([]probe.Instance, error) {
			text, err := shell(ctx, "--hook-state", c.HookState)
			if err != nil {
				return nil, err
			}
			var held []probe.Instance
			if err := json.Unmarshal(text, &held); err != nil {
				return nil, fmt.Errorf("--hook-state: its output is no JSON array of instances: %w", err)
			}
			return held, nil
		}
	}
	if c.HookStore != "" {
		h.Store = func(ctx context.Context, works bool) error {
			way := " down"
			if works {
				way = " up"
			}
			_, err := shell(ctx, "--hook-store", c.HookStore+way)
			return err
		}
	}
	return h
}

// shell runs a command and returns what it prints.
func shell(ctx context.Context, flag, command string) ([]byte, error) {
	const longest = 200
	cmd := exec.CommandContext(ctx, "sh", "-c", command) //nolint:gosec // the user's own command
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		said := strings.TrimSpace(errs.String())
		return nil, fmt.Errorf("%s: %w: %s", flag, err, said[:min(len(said), longest)])
	}
	return out.Bytes(), nil
}
