// SPDX-License-Identifier: Apache-2.0

package config

import (
	"strings"
	"testing"
	"time"
)

// TestHowLongAStopServesOn: with PostgreSQL there is a balancer that has to find out; with SQLite there is none. What is said
// counts.
func TestHowLongAStopServesOn(t *testing.T) {
	const postgres = "postgres://koogate@db.example.com/koogate"
	for name, c := range map[string]struct {
		database, more string
		want           time.Duration
	}{
		"sqlite":            {"sqlite:/tmp/koogate.db", "", 0},
		"postgres":          {postgres, "", 5 * time.Second},
		"sqlite, told":      {"sqlite:/tmp/koogate.db", "shutdown_delay: 7s\n", 7 * time.Second},
		"postgres, told":    {postgres, "shutdown_delay: 0s\n", 0},
		"postgres, another": {postgres, "shutdown_delay: 12s\n", 12 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(goodYAML, "sqlite:/tmp/koogate.db", c.database, 1) + c.more
			cfg, problems := Load(Source{File: write(t, text)})
			if len(problems) > 0 || cfg.ShutdownDelay != c.want {
				t.Errorf("%s, want %s; %v", cfg.ShutdownDelay, c.want, problems)
			}
		})
	}
	cfg, _ := Load(Source{File: write(t, goodYAML+"shutdown_delay: 61s\n")})
	if list := cfg.Validate(); len(list) != 1 || list[0].Path != "shutdown_delay" {
		t.Errorf("61s: %v", list)
	}
}
