// SPDX-License-Identifier: Apache-2.0

package directory

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/evidence"
	"github.com/koogate/koogate/store"
)

// Flag is what a call does.
type Flag int8

// The flags as the wire numbers them (kit §A).
const (
	Delete   Flag = 0
	Add      Flag = 1
	Modify   Flag = 2
	Withdraw Flag = 3 // users only: the authorisation ends, the account stays
)

// String is the flag as events show it.
func (f Flag) String() string {
	switch f {
	case Delete:
		return "delete"
	case Add:
		return "add"
	case Modify:
		return "modify"
	case Withdraw:
		return "withdraw"
	}
	return "unknown"
}

// The ranks of calls of the same time: see store.Stamp.
const (
	rankAdd int8 = iota
	rankModify
	rankWithdraw
	rankDelete
)

func (f Flag) rank() int8 {
	switch f {
	case Delete:
		return rankDelete
	case Withdraw:
		return rankWithdraw
	case Modify:
		return rankModify
	default:
		return rankAdd
	}
}

// Sealer encrypts what must not be readable at rest. Its context binds a ciphertext to its place.
type Sealer interface {
	Seal(plain []byte, context string) ([]byte, error)
	Open(sealed []byte, context string) ([]byte, error)
}

// Recorder commits a directory change together with an event on the instance's order; *fulfil.Service is one.
type Recorder interface {
	RecordDirectory(ctx context.Context, seller, instanceID string, data map[string]any, c *store.DirectoryChange) (changed bool, err error)
}

// Deps are what the service works with; all are required.
type Deps struct {
	Store    store.Directory
	Recorder Recorder
	Sealer   Sealer
	Clock    clock.Clock
}

// Service is the directory. Safe for concurrent use.
type Service struct{ Deps }

// New returns a service.
func New(d Deps) *Service { return &Service{Deps: d} }

// MaxAhead is how far the time of a call may lie ahead of ours. A call whose time lies further ahead counts as of its first
// arrival. Otherwise it would win over every later call until its time has come.
const MaxAhead = 5 * time.Minute

// Scope is what every synchronisation names.
type Scope struct {
	Seller     string
	InstanceID string
	TenantID   string
	At         time.Time // the call's own time, in UTC
	Extra      string    // members of the call that the contract does not know, as JSON; kept sealed with the event
}

func (c Scope) key() store.TenantKey {
	return store.TenantKey{Seller: c.Seller, InstanceID: c.InstanceID, TenantID: c.TenantID}
}

func (c Scope) stamp(f Flag) store.Stamp { return store.Stamp{At: c.At, Rank: f.rank()} }

// Tenant is one tenantSync call (kit §A.1).
type Tenant struct {
	Scope
	Flag       Flag // Delete, Add, Modify
	OrderID    string
	TenantCode string
	Name       string
	DomainName string
}

// Application is one applicationSync call (kit §A.2).
type Application struct {
	Scope
	Flag         Flag // Delete, Add, Modify
	AppID        string
	ClientID     string
	ClientSecret string // in clear
}

// Users is one authSync call (kit §A.3).
type Users struct {
	Scope
	Flag  Flag
	AppID string
	Users []User

	Skipped []int // indexes of elements that could not be used
}

// User is one user of a call. Everything but UserName, Role, OrgCode and Enabled is sealed.
type User struct {
	UserName string  `json:"-"`
	Role     string  `json:"-"`
	OrgCode  string  `json:"-"`
	Enabled  bool    `json:"-"`
	Profile  Profile `json:"-"`
}

// Profile is a user's personal data; sealed at rest.
type Profile struct {
	Name         string `json:"name,omitempty"`
	Position     string `json:"position,omitempty"`
	EmployeeCode string `json:"employeeCode,omitempty"`
	EmployeeType string `json:"employeeType,omitempty"`
	Mobile       string `json:"mobile,omitempty"`
	Email        string `json:"email,omitempty"`
	WorkPlace    string `json:"workPlace,omitempty"`
	EntryDate    string `json:"entryDate,omitempty"`
	Extension    string `json:"extension,omitempty"` // JSON or a text
	Extra        string `json:"extra,omitempty"`     // members that the contract does not know, as JSON
}

// String hides the data from every %v.
func (Profile) String() string { return "[profile]" }

// GoString hides the data from every %#v.
func (Profile) GoString() string { return "[profile]" }

// Department is one singleOrgSync call (kit §A.4).
type Department struct {
	Scope
	Flag Flag // Delete, Add, Modify
	Unit
}

// Departments is one allOrgSync call (kit §A.5).
type Departments struct {
	Scope
	Units   []Unit
	Skipped []int // indexes of elements that could not be used
	// DeleteMissing ends the departments that the list does not name; the documents do not say that it should (kit §A.5).
	DeleteMissing bool
}

// Unit is a department.
type Unit struct{ OrgCode, Name, ParentCode string }

// SyncTenant merges a tenant. A modification carries everything, as an addition does, and also makes a tenant that is not
// there; a deletion also ends what belongs to the tenant. changed is false when nothing was new. Errors: STORE_UNAVAILABLE.
func (s *Service) SyncTenant(ctx context.Context, c Tenant) (changed bool, err error) {
	t := store.Tenant{
		OrderID: c.OrderID, TenantCode: c.TenantCode, Name: c.Name, DomainName: c.DomainName,
		Stamp: c.stamp(c.Flag), Deleted: c.Flag == Delete,
	}
	return s.record(ctx, c.Scope, map[string]any{"activity": "tenantSync", "flag": c.Flag.String()}, store.DirectoryChange{Tenant: &t})
}

// SyncApplication merges an application. Errors: STORE_UNAVAILABLE.
func (s *Service) SyncApplication(ctx context.Context, c Application) (changed bool, err error) {
	a := store.Application{TenantKey: c.key(), AppID: c.AppID, Stamp: c.stamp(c.Flag), Deleted: c.Flag == Delete}
	if !a.Deleted && !c.rehearsal() {
		a.ClientID = c.ClientID
		if a.ClientSecret, err = s.seal([]byte(c.ClientSecret), secretContext(a)); err != nil {
			return false, err
		}
	}
	data := map[string]any{"activity": "applicationSync", "flag": c.Flag.String(), "appId": c.AppID}
	return s.record(ctx, c.Scope, data, store.DirectoryChange{Applications: []store.Application{a}})
}

// SyncUsers merges users. A withdrawal keeps the row with what the call tells of the user, since a call replaces the call
// before whole; only then does the order of arrival not matter. When a user is named twice, the last element counts. Errors:
// STORE_UNAVAILABLE.
func (s *Service) SyncUsers(ctx context.Context, c Users) (changed bool, err error) {
	if c.rehearsal() {
		return false, nil
	}
	change := store.DirectoryChange{}
	for _, u := range lastOf(c.Users, func(u User) string { return u.UserName }) {
		row := store.User{TenantKey: c.key(), AppID: c.AppID, UserName: u.UserName, Stamp: c.stamp(c.Flag), Deleted: c.Flag == Delete}
		if !row.Deleted {
			row.State, row.Role, row.OrgCode = stateOf(c.Flag, u.Enabled), u.Role, u.OrgCode
			if row.Profile, err = s.sealProfile(row, u.Profile); err != nil {
				return false, err
			}
		}
		change.Users = append(change.Users, row)
	}
	data := map[string]any{"activity": "authSync", "flag": c.Flag.String(), "appId": c.AppID, "users": len(change.Users)}
	skipped(data, c.Skipped)
	return s.record(ctx, c.Scope, data, change)
}

func stateOf(f Flag, enabled bool) store.UserState {
	switch {
	case f == Withdraw:
		return store.UserWithdrawn
	case enabled:
		return store.UserActive
	default:
		return store.UserDisabled
	}
}

// SyncDepartment merges one department. Errors: STORE_UNAVAILABLE.
func (s *Service) SyncDepartment(ctx context.Context, c Department) (changed bool, err error) {
	d := c.row(c.stamp(c.Flag))
	d.Deleted = c.Flag == Delete
	data := map[string]any{"activity": "singleOrgSync", "flag": c.Flag.String(), "orgCode": c.OrgCode}
	return s.record(ctx, c.Scope, data, store.DirectoryChange{Departments: []store.Department{d}})
}

// SyncDepartments merges a full list, and its event tells by what the list differed from the departments that were there. Its
// departments carry the call's time and the lowest rank, as additions do; with DeleteMissing every department with a lesser
// stamp ends. A department that another call of the same time, or a later call, has told of does not end. When a department
// is named twice, the last element counts. Errors: STORE_UNAVAILABLE.
func (s *Service) SyncDepartments(ctx context.Context, c Departments) (changed bool, err error) {
	stamp := c.stamp(Add)
	change := store.DirectoryChange{Full: true}
	for _, u := range lastOf(c.Units, func(u Unit) string { return u.OrgCode }) {
		change.Departments = append(change.Departments, u.row(stamp))
	}
	data := map[string]any{"activity": "allOrgSync", "departments": len(change.Departments)}
	skipped(data, c.Skipped)
	if c.DeleteMissing {
		change.Floor = stamp
		data["missing"] = "deleted"
	}
	return s.record(ctx, c.Scope, data, change)
}

// maxSkipped is how many skipped elements an event names; it counts all.
const maxSkipped = 20

// skipped says in an event which elements of a list had no effect.
func skipped(data map[string]any, indexes []int) {
	if len(indexes) == 0 {
		return
	}
	text := make([]string, 0, maxSkipped)
	for _, i := range indexes[:min(len(indexes), maxSkipped)] {
		text = append(text, strconv.Itoa(i))
	}
	data["skipped"], data["skippedAt"] = len(indexes), strings.Join(text, ",")
}

func (u Unit) row(stamp store.Stamp) store.Department {
	return store.Department{OrgCode: u.OrgCode, Name: u.Name, ParentCode: u.ParentCode, Stamp: stamp}
}

// rehearsal reports a call without an instance: while the seller applies for the credential (kit §0.1) there is nothing to
// keep.
func (c Scope) rehearsal() bool { return c.InstanceID == "" }

// record commits a change with its event. The data never names people.
func (s *Service) record(ctx context.Context, c Scope, data map[string]any, change store.DirectoryChange) (changed bool, err error) {
	if c.rehearsal() {
		return false, nil
	}
	data["tenantId"] = c.TenantID
	if c.Extra != "" {
		sealed, err := evidence.Seal(s.Sealer, []byte(c.Extra), extraContext(c.key()))
		if err != nil {
			return false, fault(err)
		}
		data[evidence.FieldExtra] = sealed
	}
	change.Key, change.Now = c.key(), s.Clock.Now()
	change.Claimed = c.At.UTC().Truncate(time.Microsecond)
	if change.Ahead = c.At.After(change.Now.Add(MaxAhead)); change.Ahead {
		data["ahead"] = c.At.Sub(change.Now).Round(time.Second).String()
	}
	if changed, err = s.Recorder.RecordDirectory(ctx, c.Seller, c.InstanceID, data, &change); err != nil {
		return false, storeError(err, "")
	}
	return changed, nil
}

// lastOf keeps the last of the rows with the same key.
func lastOf[T any](rows []T, key func(T) string) []T {
	places := make(map[string]int, len(rows))
	out := make([]T, 0, len(rows))
	for _, r := range rows {
		k := key(r)
		if i, seen := places[k]; seen {
			out[i] = r
			continue
		}
		places[k] = len(out)
		out = append(out, r)
	}
	return out
}
