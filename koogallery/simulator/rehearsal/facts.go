// SPDX-License-Identifier: Apache-2.0

package rehearsal

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/koogate/koogate/koogallery/judge"
)

// JointTenant is an enterprise as tenantSync describes it (kit §A.1).
type JointTenant struct {
	ID         string
	OrderID    string
	Code       string
	Name       string
	DomainName string
}

// JointDepartment is a department (kit §A.4, §A.5).
type JointDepartment struct {
	Code       string
	Name       string
	ParentCode string // "" for a top department
}

// JointUserState is whether a user may use the application.
type JointUserState string

// The states of a user.
const (
	JointActive   JointUserState = "ACTIVE"
	JointDisabled JointUserState = "DISABLED"
)

// JointUser is a user of authSync (kit §A.3). People and addresses are invented.
type JointUser struct {
	UserName string
	Name     string
	OrgCode  string
	Role     string // user or admin
	State    JointUserState
	Mobile   string
	Email    string
}

// JointStep is a call of a joint purchase that the seller answered, with what has
// to stand in the seller's directory then.
type JointStep struct {
	Name       string
	OrderID    string
	InstanceID string
	TenantID   string
	AppID      string

	// Tenant is nil if there is none, or none any more. An application, users and
	// departments can be there without it when calls come out of order.
	Tenant *JointTenant

	// ClientID and ClientSecret are those of the tenant's application, in clear;
	// both are empty if there is none.
	ClientID, ClientSecret string

	Departments []JointDepartment // by code
	Users       []JointUser       // by user name
}

// facts is a directory with one tenant.
type facts struct {
	tenant                 *JointTenant
	clientID, clientSecret string
	departments            map[string]JointDepartment
	users                  map[string]JointUser
}

// factsAfter returns what holds after calls that came in any order: of two about
// the same thing the later one counts, by its time stamp.
func factsAfter(calls []kitCall) facts {
	f := facts{departments: map[string]JointDepartment{}, users: map[string]JointUser{}}
	for _, c := range slices.SortedStableFunc(slices.Values(calls), func(a, b kitCall) int { return a.at.Compare(b.at) }) {
		c.apply(&f)
	}
	return f
}

// end is the deletion of the tenant: with it goes all that is about it.
func (f *facts) end() {
	*f = facts{departments: map[string]JointDepartment{}, users: map[string]JointUser{}}
}

// kitCall is one call of a joint purchase.
type kitCall struct {
	name   string
	act    judge.Activity
	scene  string
	at     time.Time // its time stamp
	params map[string]any
	apply  func(*facts)
}

// step returns what a caller is told after some calls.
func (j *joint) step(name string, calls []kitCall) JointStep {
	f := factsAfter(calls)
	return JointStep{
		Name: name, OrderID: j.root, InstanceID: j.life.report.InstanceID, TenantID: j.tenant.ID, AppID: j.appID,
		Tenant: f.tenant, ClientID: f.clientID, ClientSecret: f.clientSecret,
		Departments: slices.SortedFunc(maps.Values(f.departments), func(a, b JointDepartment) int { return cmp.Compare(a.Code, b.Code) }),
		Users:       slices.SortedFunc(maps.Values(f.users), func(a, b JointUser) int { return cmp.Compare(a.UserName, b.UserName) }),
	}
}
