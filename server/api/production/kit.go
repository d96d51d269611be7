package production

import (
	"context"
	"errors"
	"fmt"
	"strings"

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
			_, err = keep()
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
		users, err := usersOf(r.GetUserList())
		if err != nil {
			return nil, err
		}
		return func() (bool, error) {
			return s.Directory.SyncUsers(ctx, directory.Users{Scope: scope, Flag: flagOf(r.GetFlag()), AppID: r.GetAppId(), Users: users})
		}, nil
	})
	return &productionv1.AuthSyncResponse{ResultCode: code, ResultMsg: msg}, nil
}

// usersOf reads the users of a call. Errors: INVALID_FIELD.
func usersOf(list []*productionv1.KitUser) ([]directory.User, error) {
	if len(list) == 0 {
		return nil, errs.New(errs.Invalid, errs.InvalidField, "userList: required")
	}
	users := make([]directory.User, len(list))
	for i, u := range list {
		users[i] = directory.User{
			UserName: u.GetUserName(), Role: u.GetRole(), OrgCode: u.GetOrgCode(), Enabled: enabled(u.GetEnable()),
			Profile: directory.Profile{
				Name: u.GetName(), Position: u.GetPosition(), EmployeeCode: u.GetEmployeeCode(), EmployeeType: u.GetEmployeeType(),
				Mobile: u.GetMobile(), Email: u.GetEmail(), WorkPlace: u.GetWorkPlace(), EntryDate: u.GetEntryDate(),
				Extension: u.GetExtensionJson(), Extra: u.GetExtraJson(),
			},
		}
	}
	return users, nil
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
		units, extra, err := unitsOf(field, list)
		if err != nil {
			return nil, err
		}
		if extra != "" { // the members of the call itself are an object, those of its departments a list behind it
			scope.Extra = strings.TrimPrefix(scope.Extra+"\n"+extra, "\n")
		}
		return func() (bool, error) {
			return s.Directory.SyncDepartments(ctx, directory.Departments{
				Scope: scope, Units: units, DeleteMissing: s.settings(ep).DeleteMissingDepartments,
			})
		}, nil
	})
	return &productionv1.AllOrgSyncResponse{ResultCode: code, ResultMsg: msg}, nil
}

// maxUnitExtra bounds what is kept of the departments' unknown members, in bytes: they ride on an event.
const maxUnitExtra = 64 << 10

// unitsOf reads a list of departments, whose names have one of two names themselves. extra are the members that the
// contract does not know, one department a line, as far as they fit. Errors: INVALID_FIELD.
func unitsOf(field string, list []*productionv1.KitDepartment) (units []directory.Unit, extra string, err error) {
	if len(list) == 0 {
		return nil, "", errs.New(errs.Invalid, errs.InvalidField, "%s: required", field)
	}
	units = make([]directory.Unit, len(list))
	var more strings.Builder
	for i, d := range list {
		name := d.GetOrgName()
		if name == "" {
			name = d.GetName()
		}
		if name == "" {
			return nil, "", errs.New(errs.Invalid, errs.InvalidField, "%s[%d].orgName: required", field, i)
		}
		units[i] = directory.Unit{OrgCode: d.GetOrgCode(), Name: name, ParentCode: d.GetParentCode()}
		if x := d.GetExtraJson(); x != "" && more.Len()+len(x)+80 < maxUnitExtra {
			fmt.Fprintf(&more, "%q: %s\n", d.GetOrgCode(), x)
		}
	}
	return units, more.String(), nil
}
