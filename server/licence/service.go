// SPDX-License-Identifier: Apache-2.0

package licence

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/koogate/koogate/server/call"
	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/errs/storefault"
	"github.com/koogate/koogate/store"
)

// Sealer encrypts what must not be readable at rest. Its context binds a ciphertext to its place.
type Sealer interface {
	Seal(plain []byte, context string) ([]byte, error)
	Open(sealed []byte, context string) ([]byte, error)
}

// Codes are the marketplace's licence APIs (saas-v1 §5). Every call is one attempt. Errors are *CallError.
type Codes interface {
	// ActivateCode activates a code; it is not idempotent. effect is when the service began, zero leaves it out.
	ActivateCode(ctx context.Context, seller, code string, effect time.Time) (Facts, error)
	// QueryCode tells status and expiry.
	QueryCode(ctx context.Context, seller, code string) (Facts, error)
	// ReportUse tells how many clients used each code on a day, at most 100 codes, none twice. Without an error all were
	// taken but those in refused; unread is how many more were refused that the answer does not let tell.
	ReportUse(ctx context.Context, seller string, uses []CodeUse) (refused []RefusedUse, unread int, err error)
}

// Facts are what the marketplace tells of a code. Everything but Status may be missing.
type Facts struct {
	Status     string // ALIVE, EXPIRED, RELEASED, or a word that is newer than this
	ActivateAt time.Time
	ExpireAt   time.Time
	ProductID  string
	OrderID    string
	Amount     int64
}

// CodeUse is the use of a code on a day.
type CodeUse struct {
	Code    string // in clear
	Clients int64
}

// String hides the code from every %v.
func (CodeUse) String() string { return "[licence use]" }

// GoString hides the code from every %#v.
func (CodeUse) GoString() string { return "[licence use]" }

// RefusedUse is a use that the marketplace refused.
type RefusedUse struct {
	Code   string // in clear
	Reason string // the marketplace's code
}

// String hides the code from every %v.
func (RefusedUse) String() string { return "[refused licence use]" }

// GoString hides the code from every %#v.
func (RefusedUse) GoString() string { return "[refused licence use]" }

// Refusal is why the marketplace does not do what it is asked.
type Refusal string

// The refusals. Away is not a refusal: the marketplace did not answer, or its answer says nothing about the code.
const (
	Away         Refusal = ""
	Unknown      Refusal = "UNKNOWN"       // there is no such code
	NotReceived  Refusal = "NOT_RECEIVED"  // the buyer has not collected it yet
	NotActivated Refusal = "NOT_ACTIVATED" // a query came before the activation
	WrongState   Refusal = "WRONG_STATE"   // as a rule it is activated already
	Other        Refusal = "OTHER"         // final, of another kind
)

// CallError is a failed call to the marketplace.
type CallError struct {
	Refusal Refusal
	Sent    bool   // the call may have had its effect
	Code    string // the marketplace's code or a class such as "NETWORK"; no licence code
	Cause   error
}

// Error implements error.
func (e *CallError) Error() string { return "marketplace: " + e.Code }

// Unwrap returns the cause.
func (e *CallError) Unwrap() error { return e.Cause }

// callError returns the *CallError in err. After any other error the call may have had any effect.
func callError(err error) *CallError {
	var e *CallError
	if errors.As(err, &e) {
		return e
	}
	return &CallError{Sent: true, Code: "UNKNOWN_ERROR", Cause: err}
}

// What a row's Status may be beside the marketplace's words. Only the first is a claim.
const (
	activating = "ACTIVATING" // a caller is calling; once the time claim is over, it is read as uncertain
	uncertain  = "UNCERTAIN"  // an activation may have had its effect: ask before activating again
	idle       = "IDLE"       // known here, not known to be activated
)

// The marketplace's words.
const (
	Alive    = "ALIVE"
	Expired  = "EXPIRED"
	Released = "RELEASED"
)

const (
	// callTime is how long a call to the marketplace may take, and claim how long an activation is left to whoever began it.
	callTime = 15 * time.Second
	claim    = 2 * callTime
	// finishTime is how long writing down an outcome may take once the caller has gone.
	finishTime = 5 * time.Second
	// MaxAge is how old the answer to a query may be while the marketplace is away.
	MaxAge = 72 * time.Hour
	// retryAfter is when a caller may try again while the marketplace is away.
	retryAfter = 5 * time.Second
)

// Deps are what the service works with; all but Calls are required.
type Deps struct {
	Store  store.LicenceCodes
	Codes  Codes
	Calls  call.Journal // hears of the calls to the marketplace; nil for no records of them
	Sealer Sealer
	Clock  clock.Clock
}

// Service serves licence codes. Safe for concurrent use.
type Service struct {
	Deps
	asking singleflight.Group // queries under way, by seller and hash
}

// New returns a service.
func New(d Deps) *Service {
	if d.Calls != nil {
		d.Codes = noted{d.Codes, d.Calls, d.Clock}
	}
	return &Service{Deps: d}
}

func (s *Service) now() time.Time { return s.Clock.Now().UTC().Truncate(time.Microsecond) }

// Info is what is known of a code, without the code.
type Info struct {
	Status     string // ALIVE, EXPIRED, RELEASED or a newer word
	ActivateAt time.Time
	ExpireAt   time.Time // zero when it does not end, or is not known
	ProductID  string
	OrderID    string
	Amount     int64
	CheckedAt  time.Time // when the marketplace was last asked; zero when it never was
}

func infoOf(c store.LicenceCode) Info {
	return Info{
		Status: c.Status, ActivateAt: c.ActivateAt, ExpireAt: c.ExpireAt, ProductID: c.ProductID, OrderID: c.OrderID,
		Amount: c.Amount, CheckedAt: c.CheckedAt,
	}
}

// activated says that a row tells what the marketplace said of an activated code.
func activated(c store.LicenceCode) bool {
	return c.Status != "" && c.Status != activating && c.Status != uncertain && c.Status != idle
}

// take overwrites a row with what the marketplace told; what it did not tell stays.
func take(c *store.LicenceCode, f Facts) {
	c.Status = f.Status
	if !f.ActivateAt.IsZero() {
		c.ActivateAt = f.ActivateAt
	}
	if !f.ExpireAt.IsZero() {
		c.ExpireAt = f.ExpireAt
	}
	if f.ProductID != "" {
		c.ProductID = f.ProductID
	}
	if f.OrderID != "" {
		c.OrderID = f.OrderID
	}
	if f.Amount != 0 {
		c.Amount = f.Amount
	}
}

// row reads a row. A row that does not exist is returned as idle, with a zero UpdatedAt. The code is sealed into it.
func (s *Service) row(ctx context.Context, seller, code string) (store.LicenceCode, error) {
	h := hash(seller, code)
	c, err := s.Store.LicenceCode(ctx, seller, h)
	if errors.Is(err, store.ErrNotFound) {
		sealed, err := s.Sealer.Seal([]byte(code), sealContext(seller, h))
		if err != nil {
			return c, errs.Wrap(err, errs.Internal, errs.InternalFault, "internal error")
		}
		return store.LicenceCode{Seller: seller, Hash: h, Code: sealed, Status: idle}, nil
	}
	if err != nil {
		return c, storefault.Told(err)
	}
	return c, nil
}

// put writes a row that was as read. ErrStale passes through; other errors: STORE_UNAVAILABLE.
func (s *Service) put(ctx context.Context, c *store.LicenceCode) error {
	was := c.UpdatedAt
	now := s.now()
	if !now.After(was) { // every version of a row has a time of its own
		now = was.Add(time.Microsecond)
	}
	c.UpdatedAt = now
	if c.CreatedAt.IsZero() {
		c.CreatedAt = now
	}
	err := s.Store.PutLicenceCode(ctx, *c, was)
	if err != nil && !errors.Is(err, store.ErrStale) {
		return storefault.Told(err)
	}
	return err
}

// refusalError says what a failed call means to the caller.
func refusalError(e *CallError) error {
	var out *errs.Error
	switch e.Refusal {
	case Unknown:
		out = errs.New(errs.NotFound, errs.LicenceUnknown, "the marketplace does not know the licence code")
	case NotReceived:
		out = errs.New(errs.Precondition, errs.LicenceState, "the buyer has not collected the licence code yet")
	case NotActivated:
		out = errs.New(errs.Precondition, errs.LicenceState, "the licence code is not activated")
	case WrongState, Other:
		out = errs.New(errs.Precondition, errs.LicenceState, "the marketplace refuses the licence code")
	default:
		out = errs.New(errs.Unavailable, errs.MarketplaceUnavailable, "the marketplace did not answer; repeat the call")
		out.Retry = retryAfter
	}
	out.Cause = e
	if e.Code != "" {
		out.Meta = map[string]string{"code": e.Code}
	}
	return out
}
