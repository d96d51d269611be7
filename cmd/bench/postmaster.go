// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"time"
)

// postmaster returns a function that tells the processor time which a PostgreSQL server on this machine has used so far, all its
// processes together.
func postmaster(ctx context.Context, database string) (func() time.Duration, error) {
	db, err := openSQL(database)
	if err != nil {
		return nil, err
	}
	defer func() { _ = db.Close() }()
	var backend int
	if err := db.QueryRowContext(ctx, "SELECT pg_backend_pid()").Scan(&backend); err != nil {
		return nil, err
	}
	s, ok := readStat(backend)
	if !ok || s.parent <= 1 {
		return nil, fmt.Errorf("PostgreSQL's process %d is not on this machine", backend)
	}
	return func() time.Duration { return familyCPU(s.parent) }, nil
}

// familyCPU is the processor time of a process and its children, also of those that have ended.
func familyCPU(parent int) time.Duration {
	s, _ := readStat(parent)
	sum := cpuUsed(parent) + s.reaped
	dirs, _ := filepath.Glob("/proc/[0-9]*") // the pattern is well formed
	for _, d := range dirs {
		pid, err := strconv.Atoi(filepath.Base(d))
		if err != nil {
			continue
		}
		if c, ok := readStat(pid); ok && c.parent == parent {
			sum += cpuUsed(pid)
		}
	}
	return sum
}
