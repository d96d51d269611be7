// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"context"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/koogate/koogate/cmd/koogate/internal/remote/contexts"
	"github.com/koogate/koogate/cmd/koogate/internal/remote/show"
	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
)

// Instances is koogate instances.
type Instances struct {
	List     List[koogatev1.ListInstancesRequest, browse]                                                  `cmd:"" help:"Show instances; --filter by state, order_id, product_id, endpoint and charging_mode."`
	Get      Get[koogatev1.GetInstanceRequest]                                                             `cmd:"" help:"Show an instance."`
	Freeze   Act[koogatev1.FreezeInstanceRequest, bySomebody]                                              `cmd:"" help:"Freeze an instance by hand; the marketplace is told nothing."`
	Unfreeze Act[koogatev1.UnfreezeInstanceRequest, explained]                                             `cmd:"" help:"Lift a freeze by hand."`
	Release  instancesRelease                                                                              `cmd:"" help:"End an instance for good; the buyer goes on paying until you refund."`
	Access   Update[koogatev1.UpdateInstanceAccessRequest, koogatev1.GetInstanceRequest, namedWithAReason] `cmd:"" help:"Change how an instance's customer gets in."`
}

// Help is shown by koogate instances --help.
func (Instances) Help() string {
	return `Examples:
  koogate instances list --filter 'state = "FROZEN"'
  koogate instances freeze 0193a1c2-… --reason 'abuse, ticket 4711'
  koogate instances access 0193a1c2-… --set front_end_url=https://new.example.com/ --reason 'moved'
  koogate instances access 0193a1c2-… -f access.yaml      a password comes from a file or, with -, from the standard input`
}

type explained struct {
	one
	because
}

type bySomebody struct {
	one
	because
	sure
}

type namedWithAReason struct {
	one
	why
}

// instancesRelease is koogate instances release. It has no --yes: its confirmation is the instance's ID once more.
type instancesRelease struct {
	Flags released `embed:""`
	show.Form
	contexts.Choice
}

type released struct {
	one
	because
	Confirm string `api:"confirm" help:"The instance's ID once more, so that no slip releases another; on a terminal it is asked for." placeholder:"ID"`
	forced
}

// Asks names the rpc.
func (*instancesRelease) Asks() []protoreflect.FullName {
	return asks(&koogatev1.ReleaseInstanceRequest{})
}

// Run implements the command.
func (c *instancesRelease) Run(ctx context.Context, env *Env) error {
	if c.Flags.Confirm == "" {
		again, err := env.prompt(ctx, "This deletes the instance's data for good. Its ID once more: ", "--confirm")
		if err != nil {
			return err
		}
		c.Flags.Confirm = again
	}
	request := &koogatev1.ReleaseInstanceRequest{}
	if err := env.fill(request, c.Flags); err != nil {
		return err
	}
	return with(c.Choice, env, c.Output, func(s *service) error { return s.act(ctx, env, c.Form, request, c.Flags) })
}

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
