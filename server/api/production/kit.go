// SPDX-License-Identifier: Apache-2.0

package production

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"buf.build/go/protovalidate"

	productionv1 "github.com/koogate/koogate/gen/koogate/production/v1"
	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/koogallery/seal"
	"github.com/koogate/koogate/koogallery/wiretime"
	"github.com/koogate/koogate/server/directory"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/fulfil"
)

// kit implements KitService. While the seller debugs, or applies for a credential, which shows by an empty instance, calls
// are rehearsals: everything about them is checked and nothing is kept (kit §0.1).
type kit struct {
	productionv1.UnimplementedKitServiceServer
	shared
}

// NewKit returns the service of the joint-operation Kit.
func NewKit(d Deps) productionv1.KitServiceServer {
	return &kit{shared: shared{Deps: d, success: doneKit}}
}

// kitCall is what all synchronisations have.
type kitCall interface {
	request
	GetInstanceId() string
	GetTenantId() string
	GetTimeStamp() string
	GetExtraJson() string
}

// keep does what a synchronisation says, once nothing was found wrong in it.
type keep func() (changed bool, err error)

// coded is a refusal with a result code of its own instead of a reason.
type coded struct{ fulfil.Answer }

// Error implements error.
func (c coded) Error() string { return string(c.Code) + ": " + c.Message }

// sync runs one call. check says what is wrong with it, or returns what keeps it.
func (s *kit) sync(ctx context.Context, r kitCall, activity string, check func(*fulfil.Endpoint, directory.Scope) (keep, error)) (code, msg string) {
	return s.do(ctx, r, activity, func(ep *fulfil.Endpoint, twin *fulfil.Twin) (fulfil.Answer, error) {
		at, err := parseTime("timeStamp", r.GetTimeStamp(), wiretime.Beijing())
		if err != nil {
			return fulfil.Answer{}, err
		}
		keep, err := check(ep, directory.Scope{
			Seller: ep.Seller, InstanceID: r.GetInstanceId(), TenantID: r.GetTenantId(), At: at, Extra: r.GetExtraJson(),
		})
		if own := (coded{}); errors.As(err, &own) {
			return own.Answer, nil
		}
		if err == nil && twin == nil && r.GetInstanceId() != "" {
			if err = s.Core.Reach(ctx, ep, r.GetInstanceId()); err == nil {
				_, err = keep()
			}
		}
		return fulfil.Answer{Code: resultcode.Success}, err
	})
}

// flagOf reads a flag that passed validation.
func flagOf(text string) directory.Flag {
	switch text {
	case "1":
		return directory.Add
	case "2":
		return directory.Modify
	case "3":
		return directory.Withdraw
	}
	return directory.Delete
}

// TenantSync implements KitService.
func (s *kit) TenantSync(ctx context.Context, r *productionv1.TenantSyncRequest) (*productionv1.TenantSyncResponse, error) {
	code, msg := s.sync(ctx, r, activityTenant, func(_ *fulfil.Endpoint, scope directory.Scope) (keep, error) {
		return func() (bool, error) {
			return s.Directory.SyncTenant(ctx, directory.Tenant{
				Scope: scope, Flag: flagOf(r.GetFlag()), OrderID: r.GetOrderId(), TenantCode: r.GetTenantCode(), Name: r.GetName(),
				DomainName: r.GetDomainName(),
			})
		}, nil
	})
	return &productionv1.TenantSyncResponse{ResultCode: code, ResultMsg: msg}, nil
}

// ApplicationSync implements KitService.
func (s *kit) ApplicationSync(ctx context.Context, r *productionv1.ApplicationSyncRequest) (*productionv1.ApplicationSyncResponse, error) {
	code, msg := s.sync(ctx, r, activityApplication, func(ep *fulfil.Endpoint, scope directory.Scope) (keep, error) {
		flag := flagOf(r.GetFlag())
		set := s.settings(ep)
		secret, err := seal.DecryptSecret(set.Secrets, r.GetClientSecret())
		if err != nil && flag != directory.Delete {
			s.Log.WarnContext(ctx, "clientSecret cannot be decrypted; was the credential made with another key?", "endpoint", ep.Name,
				"app_id", r.GetAppId(), "keys", len(set.Secrets), "error", err)
			return nil, coded{fulfil.Answer{Code: set.SecretCode, Message: "clientSecret: cannot be decrypted"}}
		}
		return func() (bool, error) {
			return s.Directory.SyncApplication(ctx, directory.Application{
				Scope: scope, Flag: flag, AppID: r.GetAppId(), ClientID: r.GetClientId(), ClientSecret: secret,
			})
		}, nil
	})
	return &productionv1.ApplicationSyncResponse{ResultCode: code, ResultMsg: msg}, nil
}

// AuthSync implements KitService. The time of the synchronisation counts, and that of the call when it has none.
func (s *kit) AuthSync(ctx context.Context, r *productionv1.AuthSyncRequest) (*productionv1.AuthSyncResponse, error) {
	code, msg := s.sync(ctx, r, activityAuth, func(_ *fulfil.Endpoint, scope directory.Scope) (keep, error) {
		if at, err := parseTime("currentSyncTime", r.GetCurrentSyncTime(), wiretime.Beijing()); err == nil && !at.IsZero() {
			scope.At = at
		}
		users, skipped, err := usersOf(r.GetUserList())
		if err != nil {
			return nil, err
		}
		return func() (bool, error) {
			s.tellSkipped(ctx, activityAuth, scope, "userList", skipped)
			return s.Directory.SyncUsers(ctx, directory.Users{
				Scope: scope, Flag: flagOf(r.GetFlag()), AppID: r.GetAppId(), Users: users, Skipped: skipped,
			})
		}, nil
	})
	return &productionv1.AuthSyncResponse{ResultCode: code, ResultMsg: msg}, nil
}

// usersOf reads the users of a call. One that breaks a rule of the contract is skipped, since the others must not wait for
// it. When no user is left, the call is refused. Errors: INVALID_FIELD.
func usersOf(list []*productionv1.KitUser) (users []directory.User, skipped []int, err error) {
	if len(list) == 0 {
		return nil, nil, errs.BadField("userList", "required")
	}
	users = make([]directory.User, 0, len(list))
	for i, u := range list {
		if protovalidate.Validate(u) != nil {
			skipped = append(skipped, i)
			continue
		}
		users = append(users, directory.User{
			UserName: u.GetUserName(), Role: u.GetRole(), OrgCode: u.GetOrgCode(), Enabled: enabled(u.GetEnable()), Profile: profileOf(u),
		})
	}
	if len(users) == 0 {
		return nil, nil, errs.BadField("userList", "no element can be used")
	}
	return users, skipped, nil
}

// profileOf reads what stands beside the other members in one reading of the pages and in extension in another
// (third-reading T48); a member beside the others wins.
func profileOf(u *productionv1.KitUser) directory.Profile {
	inside := make(map[string]any)
	numbers := json.NewDecoder(strings.NewReader(u.GetExtensionJson()))
	numbers.UseNumber()
	if numbers.Decode(&inside) != nil { // a text, or nothing
		inside = nil
	}
	either := func(beside, name string, most int) string {
		if beside != "" {
			return beside
		}
		switch v := inside[name].(type) {
		case string:
			beside = v
		case json.Number:
			beside = v.String()
		}
		if utf8.RuneCountInString(beside) > most {
			return "" // it stays in extension
		}
		return beside
	}
	return directory.Profile{
		Name: u.GetName(), Position: u.GetPosition(), EmployeeCode: u.GetEmployeeCode(), EmployeeType: either(u.GetEmployeeType(), "employeeType", 11),
		Mobile: u.GetMobile(), Email: u.GetEmail(), WorkPlace: either(u.GetWorkPlace(), "workPlace", 255),
		EntryDate: either(u.GetEntryDate(), "entryDate", 32), Extension: u.GetExtensionJson(), Extra: u.GetExtraJson(),
	}
}

// tellSkipped says which elements of a list had no effect: by index, never by value.
func (s *kit) tellSkipped(ctx context.Context, activity string, c directory.Scope, field string, skipped []int) {
	if len(skipped) == 0 {
		return
	}
	s.Metrics.Directory(activity, "skipped")
	s.Log.WarnContext(ctx, "elements of a list cannot be used and were skipped; the others took effect", "activity", activity,
		"instance_id", c.InstanceID, "field", field, "skipped", len(skipped), "first", skipped[:min(len(skipped), 20)])
}

// enabled reads a truth value in the forms that pass validation; a user is enabled unless the call says otherwise.
func enabled(text string) bool { return !strings.EqualFold(text, "false") && text != "0" }

// SingleOrgSync implements KitService.
func (s *kit) SingleOrgSync(ctx context.Context, r *productionv1.SingleOrgSyncRequest) (*productionv1.SingleOrgSyncResponse, error) {
	code, msg := s.sync(ctx, r, activityOrg, func(_ *fulfil.Endpoint, scope directory.Scope) (keep, error) {
		return func() (bool, error) {
			return s.Directory.SyncDepartment(ctx, directory.Department{
				Scope: scope, Flag: flagOf(r.GetFlag()),
				Unit: directory.Unit{OrgCode: r.GetOrgCode(), Name: r.GetOrgName(), ParentCode: r.GetParentCode()},
			})
		}, nil
	})
	return &productionv1.SingleOrgSyncResponse{ResultCode: code, ResultMsg: msg}, nil
}

// AllOrgSync implements KitService. The list comes under V2's name or under V1's; V2's wins.
func (s *kit) AllOrgSync(ctx context.Context, r *productionv1.AllOrgSyncRequest) (*productionv1.AllOrgSyncResponse, error) {
	code, msg := s.sync(ctx, r, activityAllOrg, func(ep *fulfil.Endpoint, scope directory.Scope) (keep, error) {
		field, list := "orgInfoList", r.GetOrgInfoList()
		if len(list) == 0 && len(r.GetOrgInfo()) > 0 {
			field, list = "orgInfo", r.GetOrgInfo()
		}
		units, skipped, extra, err := unitsOf(field, list)
		if err != nil {
			return nil, err
		}
		if extra != "" { // the members of the call itself are an object, those of its departments a list behind it
			scope.Extra = strings.TrimPrefix(scope.Extra+"\n"+extra, "\n")
		}
		return func() (bool, error) {
			s.tellSkipped(ctx, activityAllOrg, scope, field, skipped)
			return s.Directory.SyncDepartments(ctx, directory.Departments{
				Scope: scope, Units: units, Skipped: skipped,
				// A skipped element may name a department, so an incomplete list does not end the departments that it does not name.
				DeleteMissing: s.settings(ep).DeleteMissingDepartments && len(skipped) == 0,
			})
		}, nil
	})
	return &productionv1.AllOrgSyncResponse{ResultCode: code, ResultMsg: msg}, nil
}

// maxUnitExtra bounds what is kept of the departments' unknown members, in bytes: they ride on an event.
const maxUnitExtra = 64 << 10

// unitsOf reads a list of departments; the member that holds a department's name has one of three names. A department that
// breaks a rule of the contract or has no name is skipped. When none is left, the call is refused. extra are the members
// that the contract does not know, one department a line, as far as they fit into maxUnitExtra. Errors: INVALID_FIELD.
func unitsOf(field string, list []*productionv1.KitDepartment) (units []directory.Unit, skipped []int, extra string, err error) {
	if len(list) == 0 {
		return nil, nil, "", errs.BadField(field, "required")
	}
	units = make([]directory.Unit, 0, len(list))
	var more strings.Builder
	for i, d := range list {
		name := cmp.Or(d.GetOrgName(), d.GetOrgNameOld(), d.GetName())
		if name == "" || protovalidate.Validate(d) != nil {
			skipped = append(skipped, i)
			continue
		}
		units = append(units, directory.Unit{OrgCode: d.GetOrgCode(), Name: name, ParentCode: d.GetParentCode()})
		if x := d.GetExtraJson(); x != "" && more.Len()+len(x)+80 < maxUnitExtra {
			fmt.Fprintf(&more, "%q: %s\n", d.GetOrgCode(), x)
		}
	}
	if len(units) == 0 {
		return nil, nil, "", errs.BadField(field, "no element can be used")
	}
	return units, skipped, more.String(), nil
}
