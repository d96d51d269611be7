// SPDX-License-Identifier: Apache-2.0

package probe

import (
	"time"

	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/simulator/wire"
)

// Sync is a call of the Kit about an enterprise. It bears the time at which it was written, later than every call before, unless params
// has another. instance is empty while a seller applies for a credential.
func (p *Probe) Sync(a judge.Activity, instance string, params map[string]any) Act {
	stamp := p.Stamp()
	all := map[string]any{"timeStamp": stamp}
	if a == judge.ActivityAuth {
		all["currentSyncTime"] = stamp
	}
	for name, value := range params {
		all[name] = value
	}
	return Act{Activity: a, Instance: instance, Params: all}
}

// Stamp is the present time as the Kit has it, later than all that were asked for before.
func (p *Probe) Stamp() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stamps++
	return wire.Local17(p.Now().Add(time.Duration(p.stamps) * time.Millisecond))
}

// flag tells, as a number, whether a call of the Kit is one of the debugger, unless it says so itself.
func (p *Probe) flag(params map[string]any) {
	if _, ok := params["testFlag"]; ok {
		return
	}
	params["testFlag"] = 1
	if p.cfg.Deep {
		params["testFlag"] = 0
	}
}
