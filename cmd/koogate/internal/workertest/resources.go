// SPDX-License-Identifier: Apache-2.0

package workertest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"time"
)

// Resource is something that exists in the vendor's system, as the hook lists it.
type Resource struct {
	InstanceID string     `json:"instanceId"`
	ResourceID string     `json:"resourceId"`
	ExpiresAt  *time.Time `json:"expiresAt,omitempty"`
}

// hookLimit is how long the hook may take.
const hookLimit = 10 * time.Second

// resources asks the vendor's system what exists: by a GET, or by a command of the shell.
func resources(ctx context.Context, hook string) ([]Resource, error) {
	ctx, cancel := context.WithTimeout(ctx, hookLimit)
	defer cancel()
	text, err := read(ctx, hook)
	if err != nil {
		return nil, fmt.Errorf("--resources: %w", err)
	}
	var all []Resource
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, fmt.Errorf("--resources: what it lists is no JSON array of resources: %w", err)
	}
	for _, r := range all {
		if r.InstanceID == "" || r.ResourceID == "" {
			return nil, fmt.Errorf("--resources: each resource has an instanceId and a resourceId, and one of them has not")
		}
	}
	return all, nil
}

func read(ctx context.Context, hook string) ([]byte, error) {
	const longest = 200
	if !strings.HasPrefix(hook, "http://") && !strings.HasPrefix(hook, "https://") {
		cmd := exec.CommandContext(ctx, "sh", "-c", hook) //nolint:gosec // the user's own command
		var out, errs bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &errs
		if err := cmd.Run(); err != nil {
			said := strings.TrimSpace(errs.String())
			return nil, fmt.Errorf("%w: %s", err, said[:min(len(said), longest)])
		}
		return out.Bytes(), nil
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, hook, http.NoBody)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("HTTP %d", resp.StatusCode)
	}
	return io.ReadAll(io.LimitReader(resp.Body, 16<<20))
}
