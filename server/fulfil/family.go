// SPDX-License-Identifier: Apache-2.0

package fulfil

import (
	"encoding/json"
	"time"

	"github.com/koogate/koogate/koogallery/deadline"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/store"
)

// The protocol families that create instances, as they stand in store.Instance.Family.
const (
	FamilySaasV2        = string(deadline.SaasV2)
	FamilySaasV1        = string(deadline.SaasV1)
	FamilyLicenseV1     = string(deadline.LicenseV1)
	FamilyLicenseCode   = string(deadline.LicenseCode)
	FamilyLicenseOnline = string(deadline.LicenseOnline)
)

// Input is what the marketplace told beyond the purchase, by its call or by its answer to the order query. It holds personal
// data: sealed at rest, shown to the worker that leases the task and to whoever may read personal data, and never logged.
type Input struct {
	CustomerID        string            `json:"customerId,omitempty"`
	CustomerName      string            `json:"customerName,omitempty"`
	UserID            string            `json:"userId,omitempty"`
	UserName          string            `json:"userName,omitempty"`
	MobilePhone       string            `json:"mobilePhone,omitempty"`
	Email             string            `json:"email,omitempty"`
	ExtendParams      map[string]string `json:"extendParams,omitempty"`
	DiskSize          int64             `json:"diskSize,omitempty"`  // GB; 0 when the call names none
	BandWidth         int64             `json:"bandWidth,omitempty"` // Mbps; 0 when the call names none
	EventID           string            `json:"eventId,omitempty"`
	DeviceFingerprint string            `json:"deviceFingerprint,omitempty"`
	EffectiveAt       time.Time         `json:"effectiveAt,omitzero"`
	LicenceExpireAt   time.Time         `json:"licenceExpireAt,omitzero"`
	LicenceCode       string            `json:"licenceCode,omitempty"`
}

// String hides the data from every %v.
func (Input) String() string { return "[task input]" }

// GoString hides the data from every %#v.
func (Input) GoString() string { return "[task input]" }

// lineOf returns the line that caused a task; nil when no line caused it. An empty action stands for whatever the order and
// line ID name; a line with an input comes first. A later call that names the order of the purchase, as the calls of V1 do,
// does not belong to the purchase's line.
func lineOf(agg *store.Aggregate, t store.Task, action string) *store.Line {
	var found *store.Line
	for k := range agg.Lines {
		l := &agg.Lines[k]
		if l.InstanceID != t.InstanceID || l.OrderID != t.LineOrderID || l.OrderLineID != t.LineID || action != "" && l.Action != action {
			continue
		}
		if l.Action == ActionNew && !creates(t) {
			continue
		}
		if len(l.Input) > 0 {
			return l
		}
		if found == nil {
			found = l
		}
	}
	return found
}

// sealInput keeps what only the provisioner may see, bound to its line.
func (s *Service) sealInput(l *store.Line, in Input) error {
	text, err := json.Marshal(in)
	if err != nil {
		return errs.Wrap(err, errs.Internal, errs.InternalFault, "internal error")
	}
	if string(text) == "{}" {
		return nil
	}
	l.Input, err = s.seal(text, lineContext("input", l.LineKey))
	return err
}

// unseal decrypts JSON. A failure is an internal error.
func (s *Service) unseal(sealed []byte, context string, v any) error {
	text, err := s.Sealer.Open(sealed, context)
	if err == nil {
		err = json.Unmarshal(text, v)
	}
	if err != nil {
		return errs.Wrap(err, errs.Internal, errs.InternalFault, "internal error")
	}
	return nil
}

// lineContext binds a ciphertext to its line.
func lineContext(what string, k store.LineKey) string {
	return what + "/" + k.Seller + "/" + k.OrderID + "/" + k.OrderLineID + "/" + k.ProductID + "/" + k.Action
}
