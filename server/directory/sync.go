package directory

import (
	"context"
	"time"

	"github.com/koogate/koogate/server/clock"
	"github.com/koogate/koogate/server/errs"
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
	Store    store.Store
	Recorder Recorder
	Sealer   Sealer
	Clock    clock.Clock
}

// Service is the directory. Safe for concurrent use.
type Service struct{ Deps }

// New returns a service.
func New(d Deps) *Service { return &Service{Deps: d} }

// Scope is what every synchronisation names.
type Scope struct {
	Seller     string
	InstanceID string
	TenantID   string
	At         time.Time // the call's own time, in UTC
}

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
	Units []Unit
	// DeleteMissing ends the departments that the list does not name; the documents do not say that it should (kit §A.5).
	DeleteMissing bool
}

// Unit is a department.
type Unit struct{ OrgCode, Name, ParentCode string }

// SyncTenant merges a tenant. changed is false when nothing was new. Errors: STORE_UNAVAILABLE.
func (s *Service) SyncTenant(ctx context.Context, c Tenant) (changed bool, err error) {
	return false, errs.New(errs.Internal, errs.InternalFault, "internal error")
}

// SyncApplication merges an application. Errors: STORE_UNAVAILABLE.
func (s *Service) SyncApplication(ctx context.Context, c Application) (changed bool, err error) {
	return false, errs.New(errs.Internal, errs.InternalFault, "internal error")
}

// SyncUsers merges users. Errors: STORE_UNAVAILABLE.
func (s *Service) SyncUsers(ctx context.Context, c Users) (changed bool, err error) {
	return false, errs.New(errs.Internal, errs.InternalFault, "internal error")
}

// SyncDepartment merges one department. Errors: STORE_UNAVAILABLE.
func (s *Service) SyncDepartment(ctx context.Context, c Department) (changed bool, err error) {
	return false, errs.New(errs.Internal, errs.InternalFault, "internal error")
}

// SyncDepartments merges a full list. Errors: STORE_UNAVAILABLE.
func (s *Service) SyncDepartments(ctx context.Context, c Departments) (changed bool, err error) {
	return false, errs.New(errs.Internal, errs.InternalFault, "internal error")
}
