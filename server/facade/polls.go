// SPDX-License-Identifier: Apache-2.0

package facade

import (
	"strings"
	"sync"
	"time"

	"github.com/koogate/koogate/koogallery/resultcode"
)

// pollPause is how long calls that ask the same and are answered the same go on without a span of their own.
const pollPause = time.Minute

// polls folds the marketplace's looks at one instance, which may come every few seconds for hours: a look has a span when its
// answer's code is another than before, and otherwise once in pollPause. The span says for how many looks it stands. Memory is
// bounded as that of [orders] is.
type polls struct {
	mu         sync.Mutex
	size       int // of one generation
	young, old map[instance]*poll
}

type poll struct {
	code  resultcode.Code
	told  time.Time // when the last span was sent
	count int       // looks since then
}

func newPolls(size int) *polls { return &polls{size: max(size, 1), young: make(map[instance]*poll)} }

// count adds a look. It returns for how many looks its span stands, 0 when it has none.
func (p *polls) count(seller, instances string, code resultcode.Code, now time.Time) int {
	k := instance{seller, instances}
	p.mu.Lock()
	defer p.mu.Unlock()
	one, ok := p.young[k]
	if !ok {
		one, ok = p.old[k]
		if len(p.young) >= p.size {
			p.young, p.old = make(map[instance]*poll, p.size), p.young
		}
		if !ok {
			one = &poll{}
		}
		k.id = strings.Clone(k.id) // it is a part of the call's body
		p.young[k] = one
	}
	one.count++
	if past := now.Sub(one.told); one.code == code && past >= 0 && past < pollPause {
		return 0
	}
	n := one.count
	*one = poll{code: code, told: now}
	return n
}
