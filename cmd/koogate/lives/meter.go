// SPDX-License-Identifier: Apache-2.0

package lives

import (
	"fmt"
	"net/http"
	"time"

	"github.com/koogate/koogate/server/usage"
	"github.com/koogate/koogate/store"
)

// promiseUsage is what usage is held to.
const promiseUsage = "what was used is told, and told once"

// used is a use that a vendor's system reports, and perhaps corrects.
type used struct {
	at      time.Time
	value   store.Units
	booked  bool // acknowledged
	refused bool // by the last answer
	ended   bool // it was refused, which is for good

	corrected bool // asked for
	corrects  bool // acknowledged, or known to have come too late
	right     store.Units
}

// worth is what the use counts to the bill.
func (u *used) worth() store.Units {
	switch {
	case !u.booked:
		return 0
	case u.corrects:
		return u.right
	}
	return u.value
}

// reported is the answer to a report of one record.
type reported struct {
	Results []struct {
		Outcome string `json:"outcome"`
		Message string `json:"message"`
	} `json:"results"`
}

// report has the vendor's system report use Number, for the first time or again.
func (l *life) report(s Step) error {
	if l.instance == "" {
		return nil
	}
	u := l.used[s.Number]
	if u == nil {
		u = &used{at: l.clock.Now(), value: store.Units(12_345 * (s.Number + 1))}
		l.used[s.Number] = u
	}
	u.refused = false // until this report is answered: what is known of the instance may have changed
	var got reported
	status, err := l.api(l.ctx, "/v1/usage:report", map[string]any{"records": []any{map[string]any{
		"key": l.key("use", s.Number), "instanceId": l.instance, "value": usage.FormatAmount(u.value), "endTime": u.at.Format(time.RFC3339Nano),
	}}}, &got)
	if err != nil || status != http.StatusOK || s.Lost {
		return err
	}
	return l.outcome(u, s, got)
}

// outcome holds the answer to a report to what was answered before.
func (l *life) outcome(u *used, s Step, got reported) error {
	outcome, message := "USAGE_OUTCOME_ADDED", ""
	if len(got.Results) > 0 {
		outcome, message = got.Results[0].Outcome, got.Results[0].Message
	}
	if u.ended && outcome != "USAGE_OUTCOME_INVALID" {
		return broken(promiseUsage, "use %d was refused for good and is answered %s", s.Number+1, outcome)
	}
	switch outcome {
	case "USAGE_OUTCOME_ADDED":
		if u.booked {
			return broken(promiseUsage, "use %d is booked twice", s.Number+1)
		}
		u.booked = true
	case "USAGE_OUTCOME_DUPLICATE":
		u.booked = true
	case "USAGE_OUTCOME_INVALID":
		switch {
		case u.booked:
			return broken(promiseUsage, "use %d was booked and is refused: %s", s.Number+1, message)
		case l.mayBeReleased:
			u.refused, u.ended = true, true
		default:
			return broken(promiseUsage, "use %d is refused: %s", s.Number+1, message)
		}
	case "USAGE_OUTCOME_NOT_YET": // what was bought is not known yet: the use is reported again when it is
		if u.booked || l.said {
			return broken(promiseUsage, "use %d is not judged: %s", s.Number+1, message)
		}
	default:
		return broken(promiseUsage, "use %d is answered %s: %s", s.Number+1, outcome, message)
	}
	return nil
}

// correct has the vendor's system correct use Number, for the first time or again.
func (l *life) correct(s Step) error {
	u := l.used[s.Number]
	if u == nil || u.refused {
		return nil
	}
	u.corrected, u.right = true, store.Units(10_000*s.Number) // that of the first use takes it back
	var got struct {
		Outcome string `json:"outcome"`
	}
	status, err := l.api(l.ctx, "/v1/usage:correct", map[string]any{
		"key": l.key("correction", s.Number), "corrects": l.key("use", s.Number), "value": usage.FormatAmount(u.right), "reason": "counted anew",
	}, &got)
	switch {
	case err != nil || s.Lost || status == 0 || status >= http.StatusInternalServerError:
		return err
	case status == http.StatusOK:
		u.booked, u.corrects = true, true // only what is booked can be corrected
	case status == http.StatusNotFound:
		if u.booked {
			return broken(promiseUsage, "use %d was booked, and a correction does not find it", s.Number+1)
		}
		u.corrected = false
	case u.corrects:
		return broken(promiseUsage, "the correction of use %d was acknowledged, and its repetition is answered %d", s.Number+1, status)
	default: // a record was made of its window already
		u.corrected, u.booked = false, true
	}
	return nil
}

func (l *life) key(what string, n int) string { return fmt.Sprintf("%s-%s-%d", l.order.ID, what, n+1) }

// insistOnUsage repeats what the vendor's system does not know the outcome of, as it would, once it is known what was bought.
func (l *life) insistOnUsage() error {
	all, err := l.aggregate()
	if err != nil || all == nil || all.Order.QueryState == store.QueryPending {
		return err
	}
	l.said = all.Order.QueryState == store.QueryDone
	for n, u := range l.used {
		if u != nil && !u.booked && !u.refused {
			if err := l.report(Step{Number: n}); err != nil {
				return err
			}
		}
		if u != nil && u.corrected && !u.corrects {
			if err := l.correct(Step{Number: n}); err != nil {
				return err
			}
		}
	}
	return nil
}

// ledger holds the ledger of the instance to its proof, and tells whether all of it was told.
func (l *life) ledger() (told bool, err error) {
	if !l.metered || l.instance == "" {
		return true, nil
	}
	if b := l.market.bill(l.instance); b.broken != nil {
		return false, b.broken
	}
	if l.ledgerAfter == l.booked {
		return l.ledgerTold, nil
	}
	const page = 4 // windows; few lives have more
	after, told := store.UsageWindowKey{InstanceID: l.instance}, true
	for more := true; more; {
		windows, err := l.rows.ProveUsage(l.ctx, sellerName, after, page)
		if err != nil {
			return false, err
		}
		more = len(windows) == page
		for _, w := range windows {
			if w.InstanceID != l.instance {
				more = false
				break
			}
			if d := w.Difference(); d != 0 {
				return false, broken(promiseUsage, "the window of %s is off by %d", w.StartAt.Format(time.RFC3339), d)
			}
			told = told && w.Sending == 0 && w.Total == w.Settled
			after = w.UsageWindowKey
		}
	}
	l.ledgerTold, l.ledgerAfter = told, l.booked
	return told, nil
}

// billed holds the bill to what was used, hour by hour, once everything was told.
func (l *life) billed() error {
	if !l.metered {
		return nil
	}
	want := map[time.Time]store.Units{}
	for _, u := range l.used {
		if u != nil {
			want[u.at.Truncate(time.Hour)] += u.worth()
		}
	}
	b := l.market.bill(l.instance)
	for _, hour := range hours(want, b.taken, b.refused) {
		if told := b.taken[hour] + b.refused[hour]; told != want[hour] {
			return broken(promiseUsage, "in the hour of %s %d ten-thousandths were used, and the marketplace was told %d, of which it took %d",
				hour.Format(time.RFC3339), want[hour], told, b.taken[hour])
		}
	}
	return nil
}
