// SPDX-License-Identifier: Apache-2.0

package redis

import (
	"strings"
	"testing"
)

func TestOpenRefuses(t *testing.T) {
	for name, o := range map[string]Options{
		"no address":      {Now: now},
		"no clock":        {Addrs: []string{"127.0.0.1:1"}},
		"cluster with db": {Addrs: []string{"127.0.0.1:1"}, Now: now, Cluster: true, DB: 1},
		"cluster, master": {Addrs: []string{"127.0.0.1:1"}, Now: now, Cluster: true, Master: "m"},
		"two addresses":   {Addrs: []string{"127.0.0.1:1", "127.0.0.1:2"}, Now: now},
		"prefix":          {Addrs: []string{"127.0.0.1:1"}, Now: now, Prefix: "a{b}"},
		"pool":            {Addrs: []string{"127.0.0.1:1"}, Now: now, PoolSize: 1001},
	} {
		if g, err := Open(o); err == nil {
			t.Errorf("%s: accepted", name)
			_ = g.Close()
		}
	}
}

// A password never shows in an error.
func TestErrorsKeepThePassword(t *testing.T) {
	const canary = "canary-7f3a"
	addr := realRedis(t)
	g := openAt(t, func(o *Options) { o.Username, o.Password = "nobody", canary }, addr)
	err := g.Ping(t.Context())
	if err == nil || strings.Contains(err.Error(), canary) {
		t.Fatalf("got %v", err)
	}
}

func TestSafeNameKeepsNamesApart(t *testing.T) {
	k := keys{prefix: "p:"}
	seen := map[string]string{}
	for _, n := range []string{"a", "{a}", "~a", "", "a ", strings.Repeat("a", longestPlain), strings.Repeat("a", longestPlain+1), safeName("{a}")} {
		lock, fence := k.lock(n)
		for _, key := range []string{k.nonce(n), lock, fence} {
			if other, ok := seen[key]; ok {
				t.Errorf("%q and %q share the key %q", n, other, key)
			}
			seen[key] = n
			if len(key) > longestPlain+10 {
				t.Errorf("key of %d bytes", len(key))
			}
		}
		if tag(lock) != tag(fence) || tag(lock) == "" {
			t.Errorf("%q: lock and fence in different slots: %q %q", n, lock, fence)
		}
	}
}

func tag(key string) string {
	_, rest, _ := strings.Cut(key, "{")
	inner, _, _ := strings.Cut(rest, "}")
	return inner
}
