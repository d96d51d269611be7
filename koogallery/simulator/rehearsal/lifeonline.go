// SPDX-License-Identifier: Apache-2.0

package rehearsal

import (
	"context"
	"errors"
	"fmt"

	"github.com/koogate/koogate/koogallery/clock"
	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/simulator/catalogue"
	"github.com/koogate/koogate/koogallery/simulator/market"
)

// onlineTime is how the documents' example prints a time (saas-v1 §6).
const onlineTime = "2006-01-02 15:04:05 z"

// Errors of a life about what the seller did not do.
var (
	errNoUpload = errors.New("no licence was uploaded for the event")
	errNoQuery  = errors.New("the seller did not query the order")
	errNoUsage  = errors.New("no usageInfo for a metered instance")
)

// licenseOnline is the life of an instance with one licence by upload.
func (l *life) licenseOnline(ctx context.Context) error {
	root, err := l.begin(judge.FamilyLicenseOnline)
	if err != nil {
		return err
	}
	if _, err := l.opened(ctx, "create", root); err != nil {
		return err
	}
	l.queried(ctx, root)
	event := catalogue.UUID(l.s.cfg.NewID())
	l.call(ctx, "licence", false, l.licence(root, event))
	l.step(ctx, "upload", noCall, func(market.Call) error { return l.s.awaitUpload(ctx, event) })
	l.call(ctx, "licence again", false, l.licence(root, event))
	l.call(ctx, "renew", true, l.building(l.s.market.Renewal, root))
	l.freezing(ctx, l.order(root))
	l.release(ctx, root, "")
	l.step(ctx, "one licence", noCall, func(market.Call) error { return l.s.market.OneUpload(event) })
	return nil
}

// noCall is a step in which the marketplace only looks.
func noCall() (market.Call, error) { return market.Call{}, nil }

// licence is a getLicenseAsync for one device. The same event has the same
// fingerprint and so gets the same licence.
func (l *life) licence(key, event string) func() (*market.Errand, error) {
	l.s.market.Expect(event)
	return func() (*market.Errand, error) {
		o := l.order(key)
		if o.Present == nil {
			return nil, market.ErrOrder
		}
		return l.s.market.Errand(key, judge.ActivityLicenseAsync, "", map[string]any{
			"eventId": event, "deviceFingerprint": fingerprint(event),
			"effectiveTime": o.CreateTime.UTC().Format(onlineTime), "expireTime": o.Present.ExpireTime.UTC().Format(onlineTime),
		})
	}
}

// awaitUpload waits for the licence of an event.
func (s *Stage) awaitUpload(ctx context.Context, id string) error {
	done, err := s.until(ctx, func() bool { return s.market.Uploaded(id) })
	if err == nil && !done {
		err = errNoUpload
	}
	return err
}

// fingerprint has the form that the SDK builds: MAC, disk, mainboard and CPU
// (saas-v1 §7).
func fingerprint(seed string) string {
	t := catalogue.Token("device\x00" + seed)
	return fmt.Sprintf("02-%s-%s-%s-%s-%s|%s|%s|%s", t[0:2], t[2:4], t[4:6], t[6:8], t[8:10], t[10:22], t[22:34], t[34:50])
}

// orderNotify is the life of a notification.
func (l *life) orderNotify(ctx context.Context) error {
	root, err := l.begin(judge.FamilyOrderNotify)
	if err != nil {
		return err
	}
	m, err := l.s.market.Notification(root)
	if err != nil {
		return err
	}
	l.call(ctx, "notify", false, func() (*market.Errand, error) { return m, nil })
	l.queried(ctx, root)
	l.call(ctx, "notify again", false, func() (*market.Errand, error) { return m.Again(), nil })
	return nil
}

// queried waits until the seller has asked for the order, and reports how often
// it has.
func (l *life) queried(ctx context.Context, root string) {
	before := len(l.report.Steps)
	l.step(ctx, "query order", noCall, func(market.Call) error {
		done, err := l.s.until(ctx, func() bool { return l.order(root).Queries > 0 })
		if err == nil && !done {
			err = errNoQuery
		}
		return err
	})
	if len(l.report.Steps) > before {
		l.report.Steps[before].Queries = l.order(root).Queries
	}
}

// until looks again and again, as often as the market's Poll says.
func (s *Stage) until(ctx context.Context, ready func() bool) (bool, error) {
	for n := 1; ; n++ {
		if ready() {
			return true, nil
		}
		if n >= s.market.Poll().Attempts() {
			return false, nil
		}
		if err := clock.Sleep(ctx, s.cfg.Clock, s.market.Poll().Interval); err != nil {
			return false, err
		}
	}
}
