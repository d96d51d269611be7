// SPDX-License-Identifier: Apache-2.0

package store

import (
	"cmp"
	"context"
	"slices"
	"time"
)

// The directory is merged by time stamps: every row carries the time and the rank of the newest call about it, and a write
// with an older one changes nothing. So calls may arrive in any order and any number of times, and the result is the same.

// Directory is who may use what was bought. It changes by Change.Directory.
type Directory interface {
	// Tenant returns a tenant that is not deleted. Errors: ErrNotFound.
	Tenant(ctx context.Context, k TenantKey) (Tenant, error)
	// Application returns a tenant's application that is not deleted. Errors: ErrNotFound.
	Application(ctx context.Context, k TenantKey, appID string) (Application, error)
	// Department returns a tenant's department that is not deleted. Errors: ErrNotFound.
	Department(ctx context.Context, k TenantKey, orgCode string) (Department, error)
	// ListTenants, ListApplications, ListUsers and ListDepartments return one page, without tombstones; see ListQuery.
	ListTenants(ctx context.Context, q ListQuery) ([]Tenant, error)
	ListApplications(ctx context.Context, q ListQuery) ([]Application, error)
	ListUsers(ctx context.Context, q ListQuery) ([]User, error)
	ListDepartments(ctx context.Context, q ListQuery) ([]Department, error)
}

// TenantKey names an enterprise that an instance is bound to.
type TenantKey struct{ Seller, InstanceID, TenantID string }

// ID is the tenant's place among rows of the same creation time in a list; see [ListQuery].
func (k TenantKey) ID() string { return keyID(k.Seller, k.InstanceID, k.TenantID) }

// Stamp orders calls about one thing: by time, then by rank.
type Stamp struct {
	At   time.Time
	Rank int8 // 0 or more; of two calls of the same time the one with the higher rank counts: add, modify, withdraw, delete
}

// Compare orders stamps as the store keeps them, at microseconds' precision.
func (s Stamp) Compare(o Stamp) int {
	return cmp.Or(cmp.Compare(s.At.UnixMicro(), o.At.UnixMicro()), cmp.Compare(s.Rank, o.Rank))
}

// IsZero reports whether there is no stamp: no call has the zero time.
func (s Stamp) IsZero() bool { return s.At.IsZero() }

// Tenant is an enterprise. Key: TenantKey.
type Tenant struct {
	TenantKey
	OrderID    string
	TenantCode string
	Name       string
	DomainName string
	Stamp
	Deleted   bool // a tombstone: only the key, the stamp and CreatedAt are kept
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Application is the OAuth client of a tenant's application. Key: TenantKey, AppID.
type Application struct {
	TenantKey
	AppID        string
	ClientID     string
	ClientSecret []byte // sealed
	Stamp
	Deleted   bool
	CreatedAt time.Time
	UpdatedAt time.Time
}

// ID is the application's place in a list, as [TenantKey.ID].
func (a Application) ID() string { return keyID(a.Seller, a.InstanceID, a.TenantID, a.AppID) }

// UserState is whether a user may use an application.
type UserState string

// The states of a user. A deleted user is a tombstone.
const (
	UserActive    UserState = "ACTIVE"
	UserDisabled  UserState = "DISABLED"
	UserWithdrawn UserState = "WITHDRAWN"
)

// User is one user of a tenant's application. Key: TenantKey, AppID, UserName.
type User struct {
	TenantKey
	AppID    string
	UserName string
	State    UserState
	Role     string
	OrgCode  string
	Profile  []byte // personal data as JSON, sealed
	Stamp
	Deleted   bool
	CreatedAt time.Time
	UpdatedAt time.Time
}

// ID is the user's place in a list, as [TenantKey.ID].
func (u User) ID() string { return keyID(u.Seller, u.InstanceID, u.TenantID, u.AppID, u.UserName) }

// Department is a department of a tenant. Key: TenantKey, OrgCode.
type Department struct {
	TenantKey
	OrgCode    string
	Name       string
	ParentCode string
	Stamp
	Deleted   bool
	CreatedAt time.Time
	UpdatedAt time.Time
}

// ID is the department's place in a list, as [TenantKey.ID].
func (d Department) ID() string { return keyID(d.Seller, d.InstanceID, d.TenantID, d.OrgCode) }

// DirectoryChange is what one synchronisation brings: rows of one tenant, merged by their stamps at microseconds' precision.
//
// A row is written when there is none of its key, or when its stamp is greater than that row's; a row that is a tombstone
// loses everything but its key, its stamp and its creation time. Of applications, users and departments those with a stamp
// not greater than the stamp of the tenant's newest deletion are dead: they are not written, and a deletion makes
// tombstones of those that are there, also when the tenant itself stays because a newer call about it came before. In the
// same way departments are dead when their stamp is less than Floor.
//
// Rows that are dead stay dead: a tenant that is added again does not get its old rows back. Children need no tenant row.
// When a change holds several rows of one key, the first one with the greatest stamp counts.
type DirectoryChange struct {
	Key          TenantKey // of every row below, whatever the row says itself
	Tenant       *Tenant   // nil when the call is not about the tenant itself
	Applications []Application
	Users        []User
	Departments  []Department
	// Floor is the stamp of a full list of departments that deletes those it does not name; zero for none. Departments
	// below it are dead; those of the list carry this stamp or a greater one.
	Floor Stamp
	// Claimed is the time that the call itself names, and Ahead says that it lies too far in the future to be trusted. Then the
	// stamps are replaced by the time of the call's first arrival, which is Now unless the same call came before. A call that
	// was ahead when it first came keeps the time of its first arrival, even after the time that it names. Zero means that the
	// stamps are taken as they are.
	Claimed time.Time
	Ahead   bool
	Now     time.Time // becomes UpdatedAt of every row that is written, and CreatedAt of new ones

	// Full says that Departments is a full list, which is worth comparing.
	Full bool
	// Compared is for a full list of departments: Apply calls it inside its transaction, when the list is merged and the rest of
	// the change is not written yet, with what the list differed by, so that the change's events can tell it. It is called again
	// when the transaction is tried again, and not when nothing changed. Nil for none.
	Compared func(Difference)

	// Ignored is set by Apply, also with ErrNoChange: how many of the rows above were not written because a later call had
	// written them.
	Ignored int
}

// Difference is what a full list of departments differed by from those that were there; codes in order.
type Difference struct {
	Added   []string // alive by the list, and not before
	Changed []string // alive before, and of another name or parent by the list
	Absent  []string // alive before, not named by the list, and not told of by a later call
}

// Compare compares the departments of a change, which is a full list, with those that were there before it was merged.
func (c *DirectoryChange) Compare(merged *Merge, before []Department) (d Difference) {
	var list Stamp
	named := make(map[string]bool, len(c.Departments))
	for _, u := range c.Departments {
		named[u.OrgCode] = true
		if u.Compare(list) > 0 {
			list = u.Stamp
		}
	}
	had := make(map[string]*Department, len(before))
	for i := range before {
		b := &before[i]
		if had[b.OrgCode] = b; !b.Deleted && !named[b.OrgCode] && b.Compare(list) < 0 {
			d.Absent = append(d.Absent, b.OrgCode)
		}
	}
	for _, u := range merged.Departments {
		switch b := had[u.OrgCode]; {
		case u.Deleted || b != nil && b.Compare(u.Stamp) >= 0: // not a department, or a later call has told of it
		case b == nil || b.Deleted:
			d.Added = append(d.Added, u.OrgCode)
		case b.Name != u.Name || b.ParentCode != u.ParentCode:
			d.Changed = append(d.Changed, u.OrgCode)
		}
	}
	for _, codes := range [][]string{d.Added, d.Changed, d.Absent} {
		slices.Sort(codes)
	}
	return d
}

// Arrived replaces every stamp's time by that of the call's first arrival.
func (c *DirectoryChange) Arrived(at time.Time) {
	if c.Tenant != nil {
		t := *c.Tenant
		t.At = at
		c.Tenant = &t
	}
	c.Applications, c.Users, c.Departments = slices.Clone(c.Applications), slices.Clone(c.Users), slices.Clone(c.Departments)
	for i := range c.Applications {
		c.Applications[i].At = at
	}
	for i := range c.Users {
		c.Users[i].At = at
	}
	for i := range c.Departments {
		c.Departments[i].At = at
	}
	if !c.Floor.IsZero() {
		c.Floor.At = at
	}
}

// Stamped is a row that a change would write, by its ID.
type Stamped struct {
	ID    string
	Stamp Stamp
}

// StampedIDs are the IDs of rows.
func StampedIDs(rows []Stamped) []string {
	ids := make([]string, len(rows))
	for i := range rows {
		ids[i] = rows[i].ID
	}
	return ids
}

// Newer counts the rows for which the store has a row with a greater stamp.
func Newer(rows []Stamped, have map[string]Stamp) (n int) {
	for _, r := range rows {
		if h, ok := have[r.ID]; ok && h.Compare(r.Stamp) > 0 {
			n++
		}
	}
	return n
}
