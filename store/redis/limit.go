// SPDX-License-Identifier: Apache-2.0

package redis

import (
	"context"
	"strconv"
	"time"

	"github.com/koogate/koogate/store"
)

var _ store.Limiter = (*Guard)(nil)

// spendScript takes one from a budget by the generic cell rate algorithm: KEYS budget; ARGV every, every × burst (µs). It answers 0, or after
// how many microseconds there is something left.
//
// The key holds when the budget is whole again, by the server's clock in microseconds; the clock is one for all processes. What lies further
// ahead than an empty budget needs comes from a clock that was set back, or from a larger budget of before, and is cut. The key lives until
// the budget is whole, and then says nothing. Of two that come at once the second sees what the first has taken.
var spendScript = newScript(`
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local every, most = tonumber(ARGV[1]), tonumber(ARGV[2])
local whole = tonumber(redis.call('GET', KEYS[1]) or '0')
if whole < now then whole = now end
if whole > now + most then whole = now + most end
local wait = whole + every - now - most
if wait > 0 then return wait end
redis.call('SET', KEYS[1], string.format('%.0f', whole + every), 'PX', math.ceil((whole + every - now) / 1000))
return 0
`)

// Spend implements store.Limiter in one round trip (two after a restart of the server, which forgets scripts). A command that was not
// answered may have taken one.
func (g *Guard) Spend(ctx context.Context, name string, b store.Budget) (wait time.Duration, err error) {
	err = g.call(ctx, func(ctx context.Context) error {
		every := max(b.Every.Microseconds(), 1)
		keys, args := []string{g.keys.budget(name)}, []string{strconv.FormatInt(every, 10), strconv.FormatInt(every*int64(max(b.Burst, 1)), 10)}
		c := spendScript.byHash(ctx, keys, args...)
		_ = g.client.Process(ctx, c)
		if unknownScript(c.Err()) {
			c = spendScript.byText(ctx, keys, args...)
			_ = g.client.Process(ctx, c)
		}
		micros, err := c.Int64()
		wait = time.Duration(micros) * time.Microsecond
		return err
	})
	if err != nil {
		return 0, err
	}
	return wait, nil
}
