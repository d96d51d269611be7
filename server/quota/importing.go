// SPDX-License-Identifier: Apache-2.0

package quota

import (
	"context"

	"github.com/koogate/koogate/server/errs/storefault"
	"github.com/koogate/koogate/store"
)

// Import puts what a package that was imported holds of a fee item, and reports that it did. One that is there already is compared and left alone: differs
// names what is another than the row says, by the names of its fields in the internal API. With try nothing is put, and what is not there is only held to
// its own bounds, as the instances may be in the same file. Errors: as [Service.Put].
func (s *Service) Import(ctx context.Context, p Package, try bool) (put bool, differs []string, err error) {
	if err := p.check(); err != nil {
		return false, nil, err
	}
	items, err := s.Quotas.PackageQuotas(ctx, p.Seller, p.PackageID)
	if err != nil {
		return false, nil, storefault.Told(err)
	}
	for k := range items {
		if items[k].InstanceID == p.InstanceID {
			return false, p.differing(&items[k]), nil
		}
	}
	if !try {
		_, err = s.Put(ctx, p)
	}
	return err == nil, nil, err
}

// differing names the fields in which a quota is another than an imported one.
func (p *Package) differing(q *store.Quota) (names []string) {
	reset := store.ResetNone
	if p.Reset != nil {
		reset = *p.Reset
	}
	for _, f := range []struct {
		name    string
		differs bool
	}{
		{"quota", p.Quota != q.Quota},
		{"used", p.UsedElsewhere != q.UsedElsewhere},
		{"reset", reset != q.Reset},
		{"begin_time", !p.BeginAt.IsZero() && !p.BeginAt.Equal(q.BeginAt)},
		{"priority", p.Priority != q.Priority},
		{"keep_going", p.KeepGoing == q.Stop},
	} {
		if f.differs {
			names = append(names, f.name)
		}
	}
	return names
}
