// SPDX-License-Identifier: Apache-2.0

package fulfil

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"time"

	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/store"
)

// activityCode stands for the activities of licence codes where nothing is known but the code.
const activityCode = "license"

// LicenceCode returns the instance that stands for a licence code of the marketplace (saas-v1 §5), adopting a code that was
// never seen unless the endpoint refuses those: the marketplace sells and shows the code by itself, so the first call that
// names the code is a change. Errors: INSTANCE_NOT_FOUND, RESTORE_GAP, STORE_UNAVAILABLE.
func (s *Service) LicenceCode(ctx context.Context, ep *Endpoint, code, productID string, arrived time.Time) (instanceID string, err error) {
	id := LicenceInstanceID(ep.Seller, code)
	_, err = s.find(ctx, ep.Seller, id)
	switch {
	case err == nil || errs.As(err).Reason != errs.InstanceNotFound:
		return id, err
	case ep.RefuseCodes:
		return id, s.Gaps.Unknown(ctx, ep.Seller, activityCode, id)
	}
	err = s.begin(ctx, ep, id, arrived, func(d *draft) error { return d.adopted(ep, id, code, productID) })
	if err == nil {
		return id, nil
	}
	// Another call was faster, or the commit has happened although its answer was lost.
	if _, ferr := s.find(ctx, ep.Seller, id); ferr == nil {
		return id, nil
	}
	return "", s.storeError(ctx, err, errs.InstanceNotFound, "")
}

// adopted drafts the instance of a licence code and the order that carries its chain.
func (d *draft) adopted(ep *Endpoint, id, code, productID string) error {
	o := &d.agg.Order
	o.QueryState = store.QueryDone // no order query is possible: the code's order is not known
	i := store.Instance{
		Seller: ep.Seller, InstanceID: id, Endpoint: ep.Name, Family: FamilyLicenseCode, OrderID: id,
		State: store.InstanceActive, Product: store.Product{ProductID: productID}, CreatedAt: d.now, UpdatedAt: d.now,
	}
	d.change.NewInstances = append(d.change.NewInstances, i)
	d.agg.Instances = append(d.agg.Instances, i)
	if err := d.sealAccess(d.instance(id), Access{Licence: code}); err != nil {
		return err
	}
	d.event(EventAdopted, id, fields{"endpoint": ep.Name, "productId": productID})
	return nil
}

// LicenceInstanceID is the instance ID of a licence code: the code cannot be read from it.
func LicenceInstanceID(seller, code string) string {
	h := sha256.New()
	var n [8]byte
	for _, text := range []string{"koogate/licence-code/1", seller, code} {
		binary.BigEndian.PutUint64(n[:], uint64(len(text)))
		h.Write(n[:])
		h.Write([]byte(text))
	}
	return "licence-" + hex.EncodeToString(h.Sum(nil))[:40]
}
