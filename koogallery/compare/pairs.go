// SPDX-License-Identifier: Apache-2.0

package compare

import (
	"strings"
	"sync"
)

// Pairs knows which instance of the second seller stands for which of the first. The zero value knows none. Safe for concurrent use.
type Pairs struct {
	mu     sync.Mutex
	now    map[string]string
	then   map[string]string
	handed map[string][2]string // by the first's id: digests of what was first handed over by each
}

// pair notes that an instance of the second stands for one of the first, and says what contradicts it, if anything does.
func (p *Pairs) pair(then, now string) (was, is string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	before, known := p.now[then]
	owner, used := p.then[now]
	switch {
	case known && before != now:
		return "the id of the first answer", "another id than in the first answer"
	case used && owner != then:
		return "an id of its own", "the id of another order line"
	}
	if p.now == nil {
		p.now, p.then = make(map[string]string), make(map[string]string)
	}
	p.now[then], p.then[now] = now, then
	return "", ""
}

// Names replaces ids of the first, separated by commas, by those of the second.
func (p *Pairs) Names(list string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return each(list, ",", p.now)
}

// Back replaces ids of the second in a text by those of the first.
func (p *Pairs) Back(text string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return each(text, " ", p.then)
}

func each(list, separator string, by map[string]string) string {
	parts := strings.Split(list, separator)
	for n, id := range parts {
		if other, ok := by[strings.TrimSuffix(id, ",")]; ok {
			parts[n] = strings.Replace(id, strings.TrimSuffix(id, ","), other, 1)
		}
	}
	return strings.Join(parts, separator)
}

// changed tells of both whether what is handed over for an instance is other than at first.
func (p *Pairs) changed(id, then, now string) (was, is bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	first, ok := p.handed[id]
	if !ok {
		if p.handed == nil {
			p.handed = make(map[string][2]string)
		}
		p.handed[id] = [2]string{then, now}
		return false, false
	}
	return first[0] != then, first[1] != now
}
