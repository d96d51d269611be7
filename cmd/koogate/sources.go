// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"

	"github.com/koogate/koogate/cmd/koogate/internal/remote"
	"github.com/koogate/koogate/cmd/koogate/internal/remote/contexts"
)

// A few commands read the database that a configuration names, or ask a service: koogate audit list, queues, keys status, usage prove.

// fromDatabase says whether a command reads the database: when --config or --set names one, or the environment has a configuration with
// one, unless a flag names a service.
func (f configFlags) fromDatabase(choice contexts.Choice) (bool, error) {
	if choice.Named() {
		if len(f.Set) > 0 || f.Config != "" && !inEnvironment(f.Config) {
			return false, remote.Usagef("--config and --set read the database, --context, --address and --token ask a service: leave one of them out")
		}
		return false, nil
	}
	if f.Config != "" || len(f.Set) > 0 {
		return true, nil
	}
	cfg, _ := f.load()
	return cfg.Database.URL != "" || cfg.Database.URLFile != "", nil
}

// inEnvironment says whether a path is that of KOOGATE_CONFIG.
func inEnvironment(path string) bool {
	named := os.Getenv("KOOGATE_CONFIG")
	abs, err := filepath.Abs(named)
	return named != "" && err == nil && abs == path
}
