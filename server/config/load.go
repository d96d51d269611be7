// SPDX-License-Identifier: Apache-2.0

package config

import (
	"reflect"
	"time"
)

// envPrefix begins every variable: database.url is KOOGATE_DATABASE_URL.
const envPrefix = "KOOGATE_"

// Source says where a configuration comes from. What comes later wins: defaults, file, environment, Set.
type Source struct {
	File    string            // YAML; empty for none
	Environ []string          // KEY=VALUE, as os.Environ returns; lists are separated by commas
	Set     map[string]string // dotted key to value, e.g. "listen.facade"
}

// Load reads a configuration and the files that its *_file keys name. Every problem is reported, not only the first,
// each with its place; with problems the configuration is not to be used. Whether it makes sense is for [Config.Check],
// which can be asked all the same: it leaves out what only follows from the problems here.
func Load(src Source) (Config, []Problem) {
	cfg := Default()
	cfg.origin = newOrigin()
	f := findings{origin: cfg.origin}
	if src.File != "" {
		decodeFile(&f, src.File, &cfg)
		f.origin.secret = firstSecret(reflect.ValueOf(&cfg).Elem(), "")
	}
	known := leaves(reflect.ValueOf(&cfg).Elem(), "")
	readEnvironment(&f, known, src.Environ)
	readFlags(&f, known, src.Set)
	if !f.origin.unread {
		cfg.readSecrets(&f)
	}
	cfg.delayStop()
	return cfg, f.list
}

// replicaDelay is how long a stop serves on where there is a balancer: several times what lies between two of its probes.
const replicaDelay = 5 * time.Second

// delayStop gives shutdown_delay its default. With PostgreSQL there are replicas behind a balancer, which has to find out; with
// SQLite there is one process, and nowhere else to send calls to.
func (c *Config) delayStop() {
	if _, given := c.origin.at["shutdown_delay"]; given || c.Database.URL == "" {
		return
	}
	if _, ok := c.Database.SQLitePath(); !ok {
		c.ShutdownDelay = replicaDelay
	}
}
