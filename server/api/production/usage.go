// SPDX-License-Identifier: Apache-2.0

package production

import (
	"context"
	"time"

	productionv1 "github.com/koogate/koogate/gen/koogate/production/v1"
	"github.com/koogate/koogate/koogallery/wiretime"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/store"
)

// usageLimit is how long queryInstance waits for the ledger.
const usageLimit = 2 * time.Second

// usageOf returns the usage of the instances that queryInstance shows, by instance. What the ledger does not tell is left out:
// a buyer who waits for the access information must not be refunded because a number is missing.
func (s *shared) usageOf(ctx context.Context, r request, shown []fulfil.Shown) map[string][]*productionv1.UsageInfo {
	if s.Usage == nil || len(shown) == 0 || r.GetTestFlag() == testFlag {
		return nil
	}
	rows := make([]*store.Instance, len(shown))
	for i := range shown {
		rows[i] = shown[i].Row
	}
	ctx, cancel := context.WithTimeout(ctx, usageLimit)
	defer cancel()
	used, err := s.Usage.UsageOf(ctx, rows)
	if err != nil {
		s.Log.WarnContext(ctx, "the ledger did not answer for some instances; queryInstance is answered without their usage", "error", err)
	}
	if len(used) == 0 {
		return nil
	}
	all := make(map[string][]*productionv1.UsageInfo, len(used))
	for id, list := range used {
		for _, u := range list {
			all[id] = append(all[id], &productionv1.UsageInfo{
				RelatedInstanceId: u.RelatedInstanceID, UsageValueNumber: u.Value, StatisticalTime: wiretime.Format17(u.At),
			})
		}
	}
	return all
}
