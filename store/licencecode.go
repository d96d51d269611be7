// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"time"
)

// LicenceCodes keep what is known of licence codes, and who used them.
type LicenceCodes interface {
	// LicenceCode returns what is known of a licence code by its hash. Errors: ErrNotFound.
	LicenceCode(ctx context.Context, seller, hash string) (LicenceCode, error)
	// PutLicenceCode inserts or replaces what is known of a code; it is refused with ErrStale when the row's UpdatedAt is not
	// the one in was (zero for a code that is not there yet).
	PutLicenceCode(ctx context.Context, c LicenceCode, was time.Time) error
	// AddLicenceUse counts a client of a code on a day, once per client.
	AddLicenceUse(ctx context.Context, u LicenceUse) (added bool, err error)
	// LicenceDays returns days before a day whose uses were not reported yet, oldest first, at most limit.
	LicenceDays(ctx context.Context, seller, before string, limit int) ([]LicenceDay, error)
	// ReportedLicenceDay marks a day as reported or, with a reason, as refused.
	ReportedLicenceDay(ctx context.Context, d LicenceDay, now time.Time) error
}

// LicenceCode is what is known of a licence code. Key: Seller, Hash.
type LicenceCode struct {
	Seller     string
	Hash       string // of the code; the code cannot be read from it
	Code       []byte // sealed
	Status     string // ACTIVATING, ALIVE, EXPIRED, RELEASED
	ActivateAt time.Time
	ExpireAt   time.Time
	ProductID  string
	OrderID    string
	Amount     int64
	CheckedAt  time.Time // when the marketplace was last asked
	CreatedAt  time.Time
	UpdatedAt  time.Time
}

// LicenceUse is one client of a code on a day.
type LicenceUse struct {
	Seller string
	Hash   string
	Day    string // yyyyMMdd, Beijing time
	Client string // hash of the client's ID
	At     time.Time
}

// LicenceDay is the use of a code on a day.
type LicenceDay struct {
	Seller  string
	Hash    string
	Day     string
	Clients int64
	State   string // "", REPORTED, REFUSED
	Reason  string
}

// Mark is the state that a reported day gets: its State; when that is empty, REFUSED if there is a reason and otherwise REPORTED.
func (d *LicenceDay) Mark() string {
	switch {
	case d.State != "":
		return d.State
	case d.Reason != "":
		return "REFUSED"
	}
	return "REPORTED"
}

// Altered describes what is known of a licence code now, for the audit. The row holds the code's hash and nothing of the code.
func (c LicenceCode) Altered() Altered {
	return Altered{Seller: c.Seller, Resources: map[string][]string{"licence": {c.Hash}}, After: Digest(c)}
}

// Altered says for the audit that a client of a code was counted, but not which one.
func (u LicenceUse) Altered() Altered {
	return Altered{Seller: u.Seller, Resources: map[string][]string{"licence": {u.Hash}}, After: Digest(u)}
}
