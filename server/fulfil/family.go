package fulfil

import (
	"context"
	"time"

	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/store"
)

// The protocol families that create instances, as they stand in store.Instance.Family.
const (
	FamilySaasV2        = "saas_v2"
	FamilySaasV1        = "saas_v1"
	FamilyLicenseV1     = "license_v1"
	FamilyLicenseCode   = "license_code"
	FamilyLicenseOnline = "license_online"
)

// Input is what a call told beyond the product. It holds personal data: sealed at rest, shown to the worker that leases the
// task and to nobody else, and never logged.
type Input struct {
	CustomerID        string            `json:"customerId,omitempty"`
	CustomerName      string            `json:"customerName,omitempty"`
	UserID            string            `json:"userId,omitempty"`
	UserName          string            `json:"userName,omitempty"`
	MobilePhone       string            `json:"mobilePhone,omitempty"`
	Email             string            `json:"email,omitempty"`
	ExtendParams      map[string]string `json:"extendParams,omitempty"`
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

// Licence is an issued licence: a text or a file.
type Licence struct {
	Text     string `json:"text,omitempty"`
	FileName string `json:"fileName,omitempty"`
	File     []byte `json:"file,omitempty"`
}

// String hides the licence from every %v.
func (Licence) String() string { return "[licence]" }

// GoString hides the licence from every %#v.
func (Licence) GoString() string { return "[licence]" }

// InputOf opens what the call behind a task told; ok is false when it told nothing. It is for the worker that has leased
// the task and for nobody else.
func (s *Service) InputOf(ctx context.Context, t store.Task) (in Input, ok bool, err error) {
	return Input{}, false, nil
}

// IssueLicence is one getLicenseAsync call (saas-v1 §6).
type IssueLicence struct {
	Endpoint   *Endpoint
	InstanceID string
	EventID    string
	Input      Input // DeviceFingerprint, EffectiveAt, LicenceExpireAt
	Extra      string
	Arrived    time.Time
}

// IssueLicence admits the event once per fingerprint and answers 000000 when the licence was issued within the product's
// sync budget, 000004 when it follows by upload, 000901 to 000903 when it is refused, and the provisioner's code when that
// gave up. Errors: INSTANCE_NOT_FOUND, STATE_CONFLICT, STORE_UNAVAILABLE.
func (s *Service) IssueLicence(ctx context.Context, c IssueLicence) (Answer, error) {
	return Answer{}, errs.New(errs.Internal, errs.InternalFault, "internal error")
}

// OrderNotify is one orderNotify call (saas-v1 §9).
type OrderNotify struct {
	Endpoint             *Endpoint
	OrderID, OrderLineID string
	Extra                string
	Arrived              time.Time
}

// OrderNotify records the notification once per order line and queues the query of the order. Errors: STORE_UNAVAILABLE.
func (s *Service) OrderNotify(ctx context.Context, c OrderNotify) (Answer, error) {
	return Answer{}, errs.New(errs.Internal, errs.InternalFault, "internal error")
}

// LicenceCode returns the instance that stands for a licence code of the marketplace, adopting a code that was never seen
// unless the endpoint refuses those. Errors: INSTANCE_NOT_FOUND, STORE_UNAVAILABLE.
func (s *Service) LicenceCode(ctx context.Context, ep *Endpoint, code, productID string, arrived time.Time) (instanceID string, err error) {
	return "", errs.New(errs.Internal, errs.InternalFault, "internal error")
}

// LicenceInstanceID is the instance ID of a licence code: the code cannot be read from it.
func LicenceInstanceID(seller, code string) string { return "" }

// RecordDirectory merges a directory change and, when it alters something and the instance is known, appends an event to
// the order's chain in the same transaction. changed is false when everything was there already. Errors:
// STORE_UNAVAILABLE.
func (s *Service) RecordDirectory(ctx context.Context, seller, instanceID string, data map[string]any, c *store.DirectoryChange) (changed bool, err error) {
	return false, errs.New(errs.Internal, errs.InternalFault, "internal error")
}

// CompletionActivities are the activities for which Endpoint.OnCompletion can be set.
func CompletionActivities() []string { return nil }
