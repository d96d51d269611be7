// SPDX-License-Identifier: Apache-2.0

package remote

import koogatev1 "github.com/koogate/koogate/gen/koogate/v1"

// Directory is koogate directory.
type Directory struct {
	Tenants      List[koogatev1.ListTenantsRequest, browse]        `cmd:"" help:"Show enterprises; --filter by instance_id and tenant_id."`
	Applications List[koogatev1.ListApplicationsRequest, browse]   `cmd:"" help:"Show applications without their secrets; --filter by instance_id, tenant_id and app_id."`
	Application  Act[koogatev1.GetApplicationRequest, application] `cmd:"" help:"Show an application with its OAuth client's secret."`
	Users        List[koogatev1.ListUsersRequest, browse]          `cmd:"" help:"Show users; --filter by instance_id, tenant_id, app_id, state, role and org_code."`
	Departments  List[koogatev1.ListDepartmentsRequest, browse]    `cmd:"" help:"Show departments; --filter by instance_id, tenant_id and parent_code."`
}

// Help is shown by koogate directory --help.
func (Directory) Help() string {
	return `What the marketplace's joint-operation Kit has synchronised. Users are personal data, and take a token that may read it.

Examples:
  koogate directory tenants
  koogate directory users --filter 'state = "ACTIVE"' --limit 0 -o json`
}

type application struct {
	Instance    string `arg:"" api:"1" help:"The instance."`
	Tenant      string `arg:"" api:"2" help:"The enterprise."`
	Application string `arg:"" api:"3" help:"The application."`
}
