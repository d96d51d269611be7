// SPDX-License-Identifier: Apache-2.0

package redis

import (
	"context"
	"strconv"
	"strings"

	driver "github.com/redis/go-redis/v9"
)

// States that the lock script answers.
const (
	scriptHeld = 1
	scriptBusy = 2
	scriptDone = 3
)

// lockScript takes a lock: KEYS lock, fence; ARGV lock lifetime, fence lifetime (ms). It answers {state, fence}.
//
// The fence is the greater of the last one plus one and the server's clock in microseconds. So it keeps growing when the
// counter is lost (flush, failover to a replica that lagged) and when the clock steps back, though not when both happen at
// once. Microseconds fit a Lua number, a double, until the year 2255; %.0f, because tostring would round to 14 digits.
var lockScript = newScript(`
local v = redis.call('MGET', KEYS[1], KEYS[2])
if v[1] == 'done' then return {3, 0} end
if v[1] then return {2, 0} end
local t = redis.call('TIME')
local f = t[1] * 1000000 + t[2]
local last = tonumber(v[2] or '0')
if f <= last then f = last + 1 end
local s = string.format('%.0f', f)
redis.call('SET', KEYS[2], s, 'PX', ARGV[2])
redis.call('SET', KEYS[1], s, 'PX', ARGV[1])
return {1, f}
`)

// leaveScript gives a lock up: KEYS lock; ARGV fence, lifetime of the done mark (ms) or 0 for none. A lock under another
// fence is left alone.
var leaveScript = newScript(`
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[2] == '0' then
  redis.call('DEL', KEYS[1])
else
  redis.call('SET', KEYS[1], 'done', 'PX', ARGV[2])
end
return 1
`)

// once marks a command that must not be sent twice: the Cluster client would otherwise repeat it after a timeout. It does
// not keep the client from following MOVED and ASK, which say that nothing ran.
type once struct{ *driver.Cmd }

// NoRetry implements the driver's Cmder.
func (once) NoRetry() bool { return true }

type script struct{ text, hash string }

func newScript(text string) script { return script{text: text, hash: driver.NewScript(text).Hash()} }

// byHash returns the command that runs the script by its digest, which the server may not know; byText carries the text.
func (s script) byHash(ctx context.Context, keys []string, args ...string) once {
	return scriptCommand(ctx, "evalsha", s.hash, keys, args)
}

func (s script) byText(ctx context.Context, keys []string, args ...string) once {
	return scriptCommand(ctx, "eval", s.text, keys, args)
}

func scriptCommand(ctx context.Context, verb, body string, keys, args []string) once {
	words := make([]any, 0, 3+len(keys)+len(args))
	words = append(words, verb, body, strconv.Itoa(len(keys)))
	for _, k := range keys {
		words = append(words, k)
	}
	for _, a := range args {
		words = append(words, a)
	}
	c := driver.NewCmd(ctx, words...)
	c.SetFirstKeyPos(3)
	return once{c}
}

func unknownScript(err error) bool { return err != nil && strings.HasPrefix(err.Error(), "NOSCRIPT") }
