// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"
	"strings"
)

// Redis says where locks and nonces are kept. Without Addrs they are kept in the process, which is right for SQLite only.
type Redis struct {
	Addrs        []string `koanf:"addrs"`   // one server, the Sentinels (with Master) or nodes of a cluster (with Cluster)
	Master       string   `koanf:"master"`  // the master's name, with Sentinel
	Cluster      bool     `koanf:"cluster"` // Redis Cluster
	DB           int      `koanf:"db"`
	Username     string   `koanf:"username"`
	Password     Secret   `koanf:"password"`
	PasswordFile string   `koanf:"password_file"`
	TLS          bool     `koanf:"tls"`
	Prefix       string   `koanf:"prefix"` // starts every key

	SentinelUsername     string `koanf:"sentinel_username"`
	SentinelPassword     Secret `koanf:"sentinel_password"`
	SentinelPasswordFile string `koanf:"sentinel_password_file"`
}

func (c *Config) checkRedis(f *findings, postgres bool) {
	r := c.Redis
	if len(r.Addrs) == 0 {
		if postgres {
			f.add("redis.addrs", msgRedisMust)
		}
		return
	}
	for i, addr := range r.Addrs {
		if !hostPort(addr, 1) {
			f.add(fmt.Sprintf("redis.addrs[%d]", i), msgAddr)
		}
	}
	if len(r.Addrs) > 1 && r.Master == "" && !r.Cluster {
		f.add("redis.addrs", msgRedisMany)
	}
	if r.Cluster && (r.Master != "" || r.DB != 0) {
		f.add("redis.cluster", msgRedisMode)
	}
	if strings.ContainsAny(r.Prefix, "{}") {
		f.add("redis.prefix", msgBraces)
	}
	if r.DB < 0 || r.DB > 1023 {
		f.add("redis.db", msgBounds, r.DB, 0, 1023)
	}
}
