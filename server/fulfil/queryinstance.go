// SPDX-License-Identifier: Apache-2.0

package fulfil

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"unicode"

	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/store"
)

// MaxQueryIDs is how many instances one queryInstance may ask for (saas-v2 §5.2).
const MaxQueryIDs = 100

// Query is one queryInstance call.
type Query struct {
	Endpoint    *Endpoint
	InstanceIDs string // one ID or several separated by commas
	Family      string // of the instances; empty means what newInstance of V2 creates at the endpoint
}

// Shown is one instance as the customer sees it.
type Shown struct {
	InstanceID string
	Access     Access
	Row        *store.Instance // as it was read; nil for a debugging call, which has no instance behind it
}

// SplitIDs splits the wire's list of IDs, dropping blanks around them, repeats, and what is no ID. Errors: INVALID_FIELD for
// none or more than 100.
func SplitIDs(list string) ([]string, error) {
	ids, _, err := splitIDs(list)
	return ids, err
}

// splitIDs also says whether there was something that is no ID: a text with control characters names nothing that exists.
func splitIDs(list string) (ids []string, strange bool, err error) {
	seen := make(map[string]struct{})
	for id := range strings.SplitSeq(list, ",") {
		id = strings.TrimSpace(id)
		if _, dup := seen[id]; id == "" || dup {
			continue
		}
		if strings.ContainsFunc(id, unicode.IsControl) || !store.Sound(id) {
			strange = true
			continue
		}
		seen[id] = struct{}{}
		ids = append(ids, id)
		if len(ids) > MaxQueryIDs {
			return nil, strange, errs.BadField("instanceId", "more than %d IDs in one call", MaxQueryIDs)
		}
	}
	switch {
	case len(ids) > 0:
		return ids, strange, nil
	case strange:
		return nil, strange, errs.BadField("instanceId", "no ID has control characters")
	}
	return nil, strange, errs.BadField("instanceId", "required")
}

// QueryInstance shows instances that are provisioned, in the order asked for, and leaves out the others. When none can be shown
// it answers with the code of one that is not: 000004 while it is being provisioned, 000003 when unknown or released, its
// failure's code when it failed, 000005 when its access information cannot be read.
// Errors: INVALID_FIELD, RESTORE_GAP and INSTANCE_UNCONFIRMED instead of 000003 for what is not known while a gap is open or the provisioner is asked, STORE_UNAVAILABLE.
func (s *Service) QueryInstance(ctx context.Context, q Query) (Answer, []Shown, error) {
	ids, strange, err := splitIDs(q.InstanceIDs)
	if err != nil {
		return Answer{}, nil, err
	}
	found, err := s.Store.Instances(ctx, q.Endpoint.Seller, ids)
	if err != nil {
		return Answer{}, nil, s.storeError(ctx, err, errs.InstanceNotFound, "")
	}
	byID := make(map[string]*store.Instance, len(found))
	for k := range found {
		byID[found[k].InstanceID] = &found[k]
	}
	var shown []Shown
	var pending, unknown, broken *string
	var failure *store.Instance
	var lost []string // what the database does not know, or this endpoint may not
	for k := range ids {
		i := byID[ids[k]]
		if i != nil {
			switch err := s.reach(underOrder(ctx, i), q.Endpoint, i); {
			case err == nil:
			case errs.As(err).Reason == errs.InstanceNotFound:
				i = nil
			default: // the answer does not depend on the record
				s.Log.WarnContext(ctx, "a query by another endpoint could not be recorded", "instance_id", ids[k], "error", err)
			}
		}
		switch {
		case i == nil:
			unknown, lost = &ids[k], append(lost, ids[k])
		case i.State == store.InstanceReleased:
			unknown = &ids[k]
		case i.State == store.InstanceFailed:
			failure = i
		case len(i.Access) == 0:
			pending = &ids[k]
		default:
			a, err := s.openAccess(i)
			if err != nil {
				s.Log.ErrorContext(ctx, "access information cannot be decrypted; is the keyset complete?", "instance_id", ids[k], "error", err)
				broken = &ids[k]
				continue
			}
			shown = append(shown, Shown{ids[k], a, i})
		}
	}
	var retry error // inside a gap, and while somebody is asked, what is not known is not "not found"
	if len(lost) > 0 {
		if err := s.Gaps.Unknown(ctx, q.Endpoint.Seller, activityQuery, lost...); errs.As(err).Reason != errs.InstanceNotFound {
			retry = err
		}
	}
	if retry == nil && q.Endpoint.AskUnknown {
		retry = s.askAll(ctx, q, slices.DeleteFunc(lost, func(id string) bool { return byID[id] != nil }))
	}
	if strange && unknown == nil && q.Endpoint.RefuseUnknown {
		return Answer{Code: resultcode.InstanceNotFound, Message: "no instance has an ID with control characters"}, nil, nil
	}
	answer := Answer{Code: resultcode.Success}
	switch {
	case broken != nil && len(shown) == 0:
		answer = Answer{Code: resultcode.Internal, Message: "access information of " + *broken + " cannot be read"}
	case unknown != nil && (len(shown) == 0 && pending == nil && failure == nil || q.Endpoint.RefuseUnknown):
		if retry != nil {
			return Answer{}, nil, retry
		}
		answer = Answer{Code: resultcode.InstanceNotFound, Message: "instance " + *unknown + " does not exist"}
	case len(shown) > 0 || q.Endpoint.OmitPending && failure == nil:
	case pending != nil:
		answer = Answer{Code: resultcode.Processing, Message: "instance " + *pending + " is being provisioned"}
	case failure != nil:
		answer = failed(*failure)
	}
	if answer.Code != resultcode.Success {
		shown = nil
	}
	return answer, shown, nil
}

// askAll has the provisioner asked about each of the instances that nobody knows; the error is the first that lets the call come again.
func (s *Service) askAll(ctx context.Context, q Query, ids []string) (retry error) {
	for _, id := range ids {
		if err := s.unknown(ctx, q.Endpoint, Question{Activity: activityQuery, Family: q.Family}, id); retry == nil && errs.As(err).Reason != errs.InstanceNotFound {
			retry = err
		}
	}
	return retry
}

// openAccess decrypts an instance's access information.
func (s *Service) openAccess(i *store.Instance) (Access, error) {
	var a Access
	text, err := s.Sealer.Open(i.Access, accessContext(i.Seller, i.InstanceID))
	if err != nil {
		return a, err
	}
	err = json.Unmarshal(text, &a)
	return a.wire(), err
}
