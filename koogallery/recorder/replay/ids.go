// SPDX-License-Identifier: Apache-2.0

package replay

import (
	"strings"
	"sync"
)

// ids knows which instance of the target stands for which of the recording.
type ids struct {
	mu     sync.Mutex
	target map[string]string
	taped  map[string]string
	handed map[string][2]string // by recorded id: digests of what was first handed over, recorded and answered
	shown  map[string]bool      // attempts at the target that have succeeded
}

func (i *ids) init() {
	i.target, i.taped = make(map[string]string), make(map[string]string)
	i.handed, i.shown = make(map[string][2]string), make(map[string]bool)
}

// pair notes that the target's instance stands for the recorded one, and says what contradicts it, if anything does.
func (i *ids) pair(taped, target string) (recorded, answered string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	before, known := i.target[taped]
	owner, used := i.taped[target]
	switch {
	case known && before != target:
		return "the id of the first answer", "another id than in the first answer"
	case used && owner != taped:
		return "an id of its own", "the id of another order line"
	}
	i.target[taped], i.taped[target] = target, taped
	return "", ""
}

// names replaces recorded ids, separated by commas, by those of the target.
func (i *ids) names(list string) string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return each(list, ",", i.target)
}

// back replaces ids of the target in a text by the recorded ones.
func (i *ids) back(text string) string {
	i.mu.Lock()
	defer i.mu.Unlock()
	return each(text, " ", i.taped)
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

// changed tells of both sides whether what is handed over for an instance is other than at first.
func (i *ids) changed(taped, recorded, answered string) (then, now bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	first, ok := i.handed[taped]
	if !ok {
		i.handed[taped] = [2]string{recorded, answered}
		return false, false
	}
	return first[0] != recorded, first[1] != answered
}

// reached notes whether an attempt has succeeded, and tells whether it had before.
func (i *ids) reached(attempt string, ok bool) (before bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	before = i.shown[attempt]
	i.shown[attempt] = before || ok
	return before
}
