package fulfil

import (
	"context"
	"errors"

	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/store"
)

// RecordDirectory merges a directory change and, when it alters something and the instance is known, appends an event to
// the order's chain in the same transaction. changed is false when everything was there already. data holds strings and
// numbers, no secrets and no personal data. Errors: STORE_UNAVAILABLE.
func (s *Service) RecordDirectory(ctx context.Context, seller, instanceID string, data map[string]any, c *store.DirectoryChange) (changed bool, err error) {
	i, err := s.find(ctx, seller, instanceID)
	var e *errs.Error
	switch {
	case err == nil:
		err = s.decide(ctx, seller, i.OrderID, func(d *draft) error {
			d.event(EventDirectory, instanceID, fields(data))
			d.change.Directory = c
			return nil
		})
	case errors.As(err, &e) && e.Reason == errs.InstanceNotFound: // bound to something that was not bought through here
		err = s.apply(ctx, &store.Change{Directory: c})
	default:
		return false, err
	}
	switch {
	case errors.Is(err, store.ErrNoChange):
		return false, nil
	case err != nil:
		return false, s.storeError(ctx, err, errs.OrderNotFound, "")
	}
	return true, nil
}
