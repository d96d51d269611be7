// SPDX-License-Identifier: Apache-2.0

package v1

import (
	"context"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/directory"
	"github.com/koogate/koogate/store"
)

// Directory is what DirectoryService reads; *directory.Service is one.
type Directory interface {
	Tenants(ctx context.Context, q store.ListQuery) ([]store.Tenant, error)
	Applications(ctx context.Context, q store.ListQuery) ([]store.Application, error)
	Application(ctx context.Context, k store.TenantKey, appID string) (directory.Client, error)
	Users(ctx context.Context, q store.ListQuery) ([]directory.Member, error)
	Departments(ctx context.Context, q store.ListQuery) ([]store.Department, error)
}

// entries serves DirectoryService.
type entries struct {
	koogatev1.UnimplementedDirectoryServiceServer

	directory Directory
}

// ListTenants implements DirectoryService.
func (s *entries) ListTenants(ctx context.Context, r *koogatev1.ListTenantsRequest) (*koogatev1.ListTenantsResponse, error) {
	l := list[store.Tenant]{
		name: "tenants", fields: fields{"instance_id": nil, "tenant_id": nil}, read: s.directory.Tenants,
		place: func(t store.Tenant) store.Cursor { return store.Cursor{CreatedAt: t.CreatedAt, ID: t.ID()} },
	}
	rows, next, err := l.page(ctx, r)
	if err != nil {
		return nil, err
	}
	return &koogatev1.ListTenantsResponse{Tenants: each(rows, tenantOf), NextPageToken: next}, nil
}

// ListApplications implements DirectoryService.
func (s *entries) ListApplications(ctx context.Context, r *koogatev1.ListApplicationsRequest) (*koogatev1.ListApplicationsResponse, error) {
	l := list[store.Application]{
		name: "applications", fields: fields{"instance_id": nil, "tenant_id": nil, "app_id": nil}, read: s.directory.Applications,
		place: func(a store.Application) store.Cursor { return store.Cursor{CreatedAt: a.CreatedAt, ID: a.ID()} },
	}
	rows, next, err := l.page(ctx, r)
	if err != nil {
		return nil, err
	}
	return &koogatev1.ListApplicationsResponse{Applications: each(rows, applicationOf), NextPageToken: next}, nil
}

// GetApplication implements DirectoryService.
func (s *entries) GetApplication(ctx context.Context, r *koogatev1.GetApplicationRequest) (*koogatev1.GetApplicationResponse, error) {
	seller, err := sellerOf(ctx)
	if err != nil {
		return nil, err
	}
	k := store.TenantKey{Seller: seller, InstanceID: r.GetInstanceId(), TenantID: r.GetTenantId()}
	c, err := s.directory.Application(ctx, k, r.GetAppId())
	if err != nil {
		return nil, err
	}
	m := applicationOf(c.Application)
	m.ClientSecret = c.Secret
	return &koogatev1.GetApplicationResponse{Application: m}, nil
}

// ListUsers implements DirectoryService.
func (s *entries) ListUsers(ctx context.Context, r *koogatev1.ListUsersRequest) (*koogatev1.ListUsersResponse, error) {
	l := list[directory.Member]{
		name: "users",
		fields: fields{
			"instance_id": nil, "tenant_id": nil, "app_id": nil, "role": nil, "org_code": nil,
			"state": stored(koogatev1.UserState(0), prefixUserState),
		},
		read:  s.directory.Users,
		place: func(m directory.Member) store.Cursor { return store.Cursor{CreatedAt: m.CreatedAt, ID: m.ID()} },
	}
	rows, next, err := l.page(ctx, r)
	if err != nil {
		return nil, err
	}
	return &koogatev1.ListUsersResponse{Users: each(rows, userOf), NextPageToken: next}, nil
}

// ListDepartments implements DirectoryService.
func (s *entries) ListDepartments(ctx context.Context, r *koogatev1.ListDepartmentsRequest) (*koogatev1.ListDepartmentsResponse, error) {
	l := list[store.Department]{
		name: "departments", fields: fields{"instance_id": nil, "tenant_id": nil, "parent_code": nil}, read: s.directory.Departments,
		place: func(d store.Department) store.Cursor { return store.Cursor{CreatedAt: d.CreatedAt, ID: d.ID()} },
	}
	rows, next, err := l.page(ctx, r)
	if err != nil {
		return nil, err
	}
	return &koogatev1.ListDepartmentsResponse{Departments: each(rows, departmentOf), NextPageToken: next}, nil
}

func tenantOf(t store.Tenant) *koogatev1.Tenant {
	return &koogatev1.Tenant{
		InstanceId: t.InstanceID, TenantId: t.TenantID, TenantCode: t.TenantCode, Name: t.Name, DomainName: t.DomainName,
		OrderId: t.OrderID, SyncTime: timestamp(t.At),
	}
}

// applicationOf shows an application without its secret.
func applicationOf(a store.Application) *koogatev1.Application {
	return &koogatev1.Application{
		InstanceId: a.InstanceID, TenantId: a.TenantID, AppId: a.AppID, ClientId: a.ClientID, SyncTime: timestamp(a.At),
	}
}

func userOf(m directory.Member) *koogatev1.DirectoryUser {
	p := m.Known
	return &koogatev1.DirectoryUser{
		InstanceId: m.InstanceID, TenantId: m.TenantID, AppId: m.AppID, UserName: m.UserName, State: userState(m.State),
		Role: m.Role, OrgCode: m.OrgCode, Name: p.Name, Position: p.Position, EmployeeCode: p.EmployeeCode,
		EmployeeType: p.EmployeeType, Mobile: p.Mobile, Email: p.Email, WorkPlace: p.WorkPlace, EntryDate: p.EntryDate,
		ExtensionJson: p.Extension, SyncTime: timestamp(m.At), ProfileUnreadable: m.Unreadable,
	}
}

func departmentOf(d store.Department) *koogatev1.Department {
	return &koogatev1.Department{
		InstanceId: d.InstanceID, TenantId: d.TenantID, OrgCode: d.OrgCode, Name: d.Name, ParentCode: d.ParentCode,
		SyncTime: timestamp(d.At),
	}
}
