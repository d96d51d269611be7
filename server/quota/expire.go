package quota

import (
	"context"
	"time"
)

const (
	// Sweep is the longest pause between two runs of Expire.
	Sweep = 30 * time.Second
	// expireBatch is how many reservations one transaction frees.
	expireBatch = 500
)

// Expire frees the reservations whose time is over and returns when to come again. Nothing depends on how late it comes: a
// Reserve that would be refused frees them itself. Errors: STORE_UNAVAILABLE.
func (s *Service) Expire(ctx context.Context, seller string) (next time.Time, err error) {
	_, err = s.expire(ctx, seller)
	s.catchUpAll(ctx, seller)
	return s.now().Add(Sweep), err
}

// expire frees all that is due and catches up with what follows for their instances.
func (s *Service) expire(ctx context.Context, seller string) (freed int, err error) {
	touched := map[string]bool{}
	for {
		list, err := s.Ledger.ExpireQuota(ctx, seller, s.now(), expireBatch)
		if err != nil {
			return freed, storeError(err)
		}
		freed += len(list)
		for _, r := range list {
			touched[r.InstanceID] = true
		}
		if len(list) < expireBatch {
			break
		}
	}
	for id := range touched {
		s.catchUp(ctx, seller, id)
	}
	return freed, nil
}
