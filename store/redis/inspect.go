// SPDX-License-Identifier: Apache-2.0

package redis

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	driver "github.com/redis/go-redis/v9"
)

// Inspection is what a look at Redis finds.
type Inspection struct {
	Version string
	Role    string // master or slave
	// Policy is what it forgets when its memory is full, such as noeviction or volatile-ttl; MaxMemory is when that is, in bytes, and 0 is never.
	Policy    string
	MaxMemory int64
	Now       time.Time
}

// inspectLimit is for each step of a look; nothing waits for it.
var inspectLimit = deadlines{call: 5 * time.Second, dial: 4 * time.Second, io: 4 * time.Second, pool: 4 * time.Second}

// Inspect asks a server, or a node of a cluster, what it is. It writes nothing. Errors: it is not reached, or refuses.
func Inspect(ctx context.Context, o Options) (i Inspection, err error) {
	muteDriver()
	client := driver.NewUniversalClient(o.driver(inspectLimit))
	defer func() { _ = client.Close() }()
	text, err := client.Info(ctx, "server", "memory", "replication").Result()
	if err != nil {
		return i, fmt.Errorf("store/redis: %w", err)
	}
	said := map[string]string{}
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			said[name] = value
		}
	}
	i.Version, i.Role, i.Policy = said["redis_version"], said["role"], said["maxmemory_policy"]
	i.MaxMemory, _ = strconv.ParseInt(said["maxmemory"], 10, 64)
	if i.Now, err = client.Time(ctx).Result(); err != nil {
		return i, fmt.Errorf("store/redis: %w", err)
	}
	return i, nil
}
