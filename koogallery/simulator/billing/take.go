// SPDX-License-Identifier: Apache-2.0

package billing

import "math"

// Take enters a record that was judged. It reports false if the sums would
// overflow or there is no room.
func (l *Ledger) Take(p *Pushed, in, pack Instance) bool {
	a := l.account(p.InstanceID)
	if a == nil || a.Pushed > math.MaxInt64-p.Amount {
		return false
	}
	var use *PackageUse
	if p.PackageID != "" {
		if use = l.packages[p.PackageID]; use == nil {
			if len(l.packages) >= l.limits.Accounts {
				return false
			}
			use = &PackageUse{PackageID: p.PackageID}
			l.packages[p.PackageID] = use
		}
		if use.Used > math.MaxInt64-p.Amount {
			return false
		}
	}
	r := &row{Record: p.Record, begin: p.Begin, end: p.End, mode: in.Mode}
	l.lastRow++
	r.Seq, r.ReceivedAt, r.State = l.lastRow, l.now, Accepted
	r.CollectAt = in.Mode.DueAt(p.End)
	if r.Late = !l.now.Before(r.CollectAt); r.Late {
		r.CollectAt = in.Mode.Next(l.now)
		a.LateRecords++
		a.Late += r.Amount
	}
	if use != nil {
		before := max(0, use.Used-pack.Quota)
		use.Records++
		use.Used += r.Amount
		use.Quota = pack.Quota
		use.Oversold = max(0, use.Used-pack.Quota)
		r.Oversold = use.Oversold - before
	}
	l.rows = append(l.rows, r)
	if r.MeteringSN != "" {
		l.serials[r.MeteringSN] = r
	}
	l.periods[l.periodOf(r)] = r
	at := r.CollectAt.Unix()
	l.waiting[at] = append(l.waiting[at], r)
	a.rows++
	a.Records++
	a.WaitingRecords++
	a.Pushed += r.Amount
	a.Waiting += r.Amount
	return true
}

// Refuse remembers an abnormal record and returns it.
func (l *Ledger) Refuse(p *Pushed, code string) Record {
	l.lastRow++
	r := p.Record
	r.Seq, r.ReceivedAt, r.State, r.Code, r.Amount = l.lastRow, l.now, Abnormal, code, 0
	l.abnormal = append(l.abnormal, r)
	if over := len(l.abnormal) - l.limits.Abnormal; over > 0 {
		clear(l.abnormal[:over])
		l.abnormal = l.abnormal[over:]
	}
	return r
}
