package store

import "time"

// The directory is merged, not decided: every row carries the time and the rank of the newest call about it, and a write
// with an older one changes nothing. So calls may arrive in any order and any number of times, and the result is the same.

// TenantKey names an enterprise that an instance is bound to.
type TenantKey struct{ Seller, InstanceID, TenantID string }

// Stamp orders calls about one thing: by time, then by rank.
type Stamp struct {
	At   time.Time
	Rank int8 // of two calls of the same time the one with the higher rank counts: add, modify, withdraw, delete
}

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

// DirectoryChange is what one synchronisation brings: rows of one tenant, merged by their stamps.
//
// A row is written when there is none of its key, or when its stamp is greater than that row's; a row that is a tombstone
// loses everything but its key. Of applications, users and departments those with a stamp not greater than the stamp of the
// tenant's newest deletion are dead: they are not written, and a deletion erases those that are there. The same holds for
// departments and Floor.
type DirectoryChange struct {
	Key          TenantKey
	Tenant       *Tenant // nil when the call is not about the tenant itself
	Applications []Application
	Users        []User
	Departments  []Department
	// Floor is the stamp of a full list of departments that deletes those it does not name; zero for none. Departments
	// below it are dead.
	Floor Stamp
	Now   time.Time
}
