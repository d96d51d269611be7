// SPDX-License-Identifier: Apache-2.0

package fulfil

import (
	"context"
	"slices"
	"strconv"

	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/store"
)

// AccessUpdate changes how the customer of an instance gets in.
type AccessUpdate struct {
	Seller     string
	InstanceID string
	Access     Access
	Fields     []string // which fields of Access count, by their JSON names; at least one
	Etag       string   // of the version that the change is based on; empty changes whatever is there
	Reason     string   // why, for the order's events; no secrets, no personal data
	Who        string   // names the caller in the event
}

// AccessEtag is the version of an instance's access information; empty until it is provisioned.
func AccessEtag(i *store.Instance) string {
	if len(i.Access) == 0 {
		return ""
	}
	return "a" + strconv.FormatInt(i.AccessVersion, 10)
}

// UpdateAccess changes access information of an instance that has some, or gives an adopted one its first. The next queryInstance, or newInstance of V1, shows
// it. An update that changes nothing leaves no event. Errors: INSTANCE_NOT_FOUND, STATE_CONFLICT while there is none and
// after the release, ETAG_MISMATCH, RESULT_INVALID, INVALID_FIELD, STORE_UNAVAILABLE.
func (s *Service) UpdateAccess(ctx context.Context, u AccessUpdate) (store.Instance, error) {
	found, err := s.known(ctx, u.Seller, "UpdateInstanceAccess", u.InstanceID)
	if err != nil {
		return found, err
	}
	err = s.decide(ctx, u.Seller, found.OrderID, func(d *draft) error {
		i := d.instance(u.InstanceID)
		if i == nil {
			return errs.New(errs.NotFound, errs.InstanceNotFound, "instance %s does not exist", u.InstanceID)
		}
		found = *i
		switch {
		case i.State == store.InstanceReleased:
			return errs.New(errs.Precondition, errs.StateConflict, "instance %s is released", u.InstanceID)
		case len(i.Access) == 0 && !adopted(i):
			return errs.New(errs.Precondition, errs.StateConflict,
				"instance %s has no access information yet: its create task brings it", u.InstanceID)
		case u.Etag != "" && u.Etag != AccessEtag(i):
			return errs.New(errs.Conflict, errs.EtagMismatch, "the access information of instance %s has changed; its etag is %s now",
				u.InstanceID, AccessEtag(i))
		}
		var was Access
		if len(i.Access) > 0 {
			if was, err = s.openAccess(i); err != nil {
				return errs.Wrap(err, errs.Internal, errs.InternalFault, "internal error")
			}
		}
		now, changed, err := was.with(u)
		if err != nil {
			return err
		}
		if len(changed) == 0 {
			return nil
		}
		if err := s.checkAccessOf(i, now); err != nil {
			return err
		}
		if err := d.sealAccess(i, now); err != nil {
			return err
		}
		data := fields{"fields": changed, "version": i.AccessVersion}
		data.given("reason", u.Reason)
		data.given("who", u.Who)
		d.event(EventAccessChanged, i.InstanceID, data)
		found = *i
		return nil
	})
	return found, err
}

// with returns the access information after an update, and the names of the fields that the update changes.
func (a Access) with(u AccessUpdate) (now Access, changed []string, err error) {
	places := map[string][2]*string{
		"frontEndUrl": {&a.FrontEndURL, &u.Access.FrontEndURL}, "adminUrl": {&a.AdminURL, &u.Access.AdminURL},
		"userName": {&a.UserName, &u.Access.UserName}, "password": {&a.Password, &u.Access.Password}, "memo": {&a.Memo, &u.Access.Memo},
	}
	for _, name := range u.Fields {
		p, ok := places[name]
		switch {
		case !ok:
			return a, nil, errs.BadField("update_mask", "access information has no field %q", name)
		case name == "frontEndUrl" && *p[1] == "":
			return a, nil, errs.BadField("access.front_end_url", "cannot be cleared")
		case *p[0] != *p[1]:
			*p[0] = *p[1]
			changed = append(changed, name)
		}
	}
	slices.Sort(changed)
	return a, slices.Compact(changed), nil
}
