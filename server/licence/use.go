// SPDX-License-Identifier: Apache-2.0

package licence

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/koogate/koogate/server/errs/storefault"
	"github.com/koogate/koogate/store"
)

// The bounds of a report, the marketplace's own (saas-v1 §5.2b).
const (
	reportBatch = 100
	maxClients  = 999_999_999
)

const (
	// reportPause is how long after the end of a day its report begins, so that the clocks of several machines agree that it
	// is over.
	reportPause = 5 * time.Minute
	// reportRetry is the pause after a failure.
	reportRetry = 5 * time.Minute
)

// The states of a day.
const (
	dayReported = "REPORTED"
	dayRefused  = "REFUSED"
)

// Use counts a client of a code for the Beijing day; counted is false when it was counted already. Errors:
// STORE_UNAVAILABLE.
func (s *Service) Use(ctx context.Context, seller, code, client string) (counted bool, err error) {
	c, err := s.row(ctx, seller, code)
	if err != nil {
		return false, err
	}
	if c.UpdatedAt.IsZero() { // the report needs the sealed code
		if err := s.put(ctx, &c); err != nil && !errors.Is(err, store.ErrStale) {
			return false, err
		}
	}
	now := s.now()
	day := dayOf(now)
	counted, err = s.Store.AddLicenceUse(ctx, store.LicenceUse{
		Seller: seller, Hash: c.Hash, Day: day, Client: clientHash(seller, code, day, client), At: now,
	})
	if err != nil {
		return false, storefault.Told(err)
	}
	return counted, nil
}

// ReportDays reports the days that are over and were not reported yet, oldest first, and returns when to come again. A day
// whose report got no answer is reported again with the same number. Errors: MARKETPLACE_UNAVAILABLE, STORE_UNAVAILABLE.
func (s *Service) ReportDays(ctx context.Context, seller string) (next time.Time, err error) {
	for {
		now := s.now()
		days, err := s.Store.LicenceDays(ctx, seller, dayOf(now.Add(-reportPause)), reportBatch)
		if err != nil {
			return now.Add(reportRetry), storefault.Told(err)
		}
		if len(days) == 0 {
			return midnight(now.Add(-reportPause)).Add(reportPause), nil
		}
		if err := s.reportAll(ctx, seller, days); err != nil {
			return s.now().Add(reportRetry), err
		}
	}
}

// reportAll reports days in calls that name no code twice: the number is not dated, so days of one code are told apart by
// their order alone.
func (s *Service) reportAll(ctx context.Context, seller string, days []store.LicenceDay) error {
	for len(days) > 0 {
		var batch, rest []store.LicenceDay
		seen := map[string]bool{}
		for _, d := range days {
			if seen[d.Hash] {
				rest = append(rest, d)
				continue
			}
			seen[d.Hash] = true
			batch = append(batch, d)
		}
		if err := s.report(ctx, seller, batch); err != nil {
			return err
		}
		days = rest
	}
	return nil
}

// report makes one call, and where its answer does not tell which days were refused, one for each.
func (s *Service) report(ctx context.Context, seller string, days []store.LicenceDay) error {
	days, codes, err := s.open(ctx, seller, days)
	if err != nil || len(days) == 0 {
		return err
	}
	uses := make([]CodeUse, len(days))
	for i, d := range days {
		uses[i] = CodeUse{Code: codes[i], Clients: min(d.Clients, maxClients)}
	}
	call, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	refused, unread, err := s.Codes.ReportUse(call, seller, uses)
	reason := ""
	if err != nil {
		e := callError(err)
		if e.Refusal == Away {
			return refusalError(e)
		}
		unread, reason = len(days), e.Code
	}
	if unread > 0 && len(days) > 1 {
		for i := range days {
			if err := s.report(ctx, seller, days[i:i+1]); err != nil {
				return err
			}
		}
		return nil
	}
	reasons := map[string]string{}
	for _, r := range refused {
		reasons[r.Code] = known(r.Reason)
	}
	for i, d := range days {
		d.State, d.Reason = dayReported, ""
		if r, no := reasons[codes[i]]; no || unread > 0 {
			d.State, d.Reason = dayRefused, known(cmp.Or(r, reason))
		}
		if err := s.Store.ReportedLicenceDay(ctx, d, s.now()); err != nil {
			return storefault.Told(err)
		}
	}
	return nil
}

func known(reason string) string { return cmp.Or(reason, "UNSPECIFIED") }

// open returns the days whose codes can be unsealed, and the codes. The other days end as refused, because they would hold
// up the rest.
func (s *Service) open(ctx context.Context, seller string, days []store.LicenceDay) (ok []store.LicenceDay, codes []string, err error) {
	for _, d := range days {
		c, err := s.Store.LicenceCode(ctx, seller, d.Hash)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return nil, nil, storefault.Told(err)
		}
		d.State = dayRefused
		if err != nil {
			d.Reason = "CODE_MISSING"
		} else if plain, err := s.Sealer.Open(c.Code, sealContext(seller, d.Hash)); err != nil {
			d.Reason = "CODE_SEALED" // sealed with a key that is no longer in the keyset
		} else {
			ok, codes = append(ok, d), append(codes, string(plain))
			continue
		}
		if err := s.Store.ReportedLicenceDay(ctx, d, s.now()); err != nil {
			return nil, nil, storefault.Told(err)
		}
	}
	return ok, codes, nil
}
