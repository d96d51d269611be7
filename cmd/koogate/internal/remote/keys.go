// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"context"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/koogate/koogate/cmd/koogate/internal/remote/contexts"
	"github.com/koogate/koogate/cmd/koogate/internal/remote/show"
	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
)

// Keys are the commands of koogate keys about the keys of endpoints.
type Keys struct {
	List   List[koogatev1.ListKeysRequest, browse] `cmd:"" help:"Show the keys of endpoints; --filter by endpoint, purpose and managed_by."`
	Get    Get[koogatev1.GetKeyRequest]            `cmd:"" help:"Show a key of an endpoint, without its secret."`
	Create Act[koogatev1.CreateKeyRequest, newKey] `cmd:"" help:"Add a key to an endpoint; one that Koogate makes is shown this once."`
	Delete Act[koogatev1.DeleteKeyRequest, gone]   `cmd:"" help:"End a retired key of an endpoint for good."`
}

type newKey struct {
	Endpoint   string     `arg:"" api:"1" help:"The endpoint." predictor:"name"`
	Purpose    string     `api:"purpose" help:"What it is for: base, kit or kit_private." default:"base" placeholder:"WORD"`
	SecretFile secretFile `api:"secret" help:"The file of the key as the seller centre has it, - for the standard input; without it Koogate makes one." placeholder:"FILE" predictor:"file"`
	StartTime  string     `api:"start_time" help:"From when on it counts; at once without it." placeholder:"TIME"`
	EndTime    string     `api:"end_time" help:"Until when it counts; for ever without it." placeholder:"TIME"`
	why
}

type gone struct {
	one
	why
	based
	sure
}

// RetireKey makes the call of koogate keys retire KEY.
type RetireKey struct {
	EndTime string `api:"end_time" help:"Until when the endpoint's key counts; until now without it." placeholder:"TIME"`
	forced
	why
	based
	sure
	show.Form
	contexts.Choice
}

// Asks names the rpc.
func (*RetireKey) Asks() []protoreflect.FullName { return asks(&koogatev1.RetireKeyRequest{}) }

// Retire retires a key of an endpoint.
func (c *RetireKey) Retire(ctx context.Context, env *Env, id string) error {
	request := &koogatev1.RetireKeyRequest{KeyId: id}
	if err := env.fill(request, *c); err != nil {
		return err
	}
	return with(c.Choice, env, c.Output, func(s *service) error { return s.act(ctx, env, c.Form, request, c.sure) })
}

// KeyStatus asks for the status of an endpoint's keys, of all endpoints without a name.
func KeyStatus(ctx context.Context, env *Env, choice contexts.Choice, form, endpoint string) (all []*koogatev1.KeyStatus, err error) {
	err = with(choice, env, form, func(s *service) error {
		endpoints := []string{endpoint}
		if endpoint == "" {
			endpoints = nil
			_, err := s.list(ctx, &koogatev1.ListEndpointsRequest{OrderBy: "create_time asc"}, 0, func(m proto.Message) error {
				endpoints = append(endpoints, m.(*koogatev1.Endpoint).GetEndpoint())
				return nil
			}, func() error { return nil })
			if err != nil {
				return err
			}
		}
		for _, name := range endpoints {
			answer, err := call[*koogatev1.GetKeyStatusResponse](ctx, s, &koogatev1.GetKeyStatusRequest{Endpoint: name})
			if err != nil {
				return err
			}
			all = append(all, answer.GetKeys()...)
		}
		return nil
	})
	return all, err
}

// Tokens is koogate tokens.
type Tokens struct {
	List   List[koogatev1.ListTokensRequest, browse]     `cmd:"" help:"Show bearer tokens without their secrets; --filter by name and managed_by."`
	Get    Get[koogatev1.GetTokenRequest]                `cmd:"" help:"Show a token without its secret."`
	Create Act[koogatev1.CreateTokenRequest, newToken]   `cmd:"" help:"Make a token; it is shown this once."`
	Delete Act[koogatev1.DeleteTokenRequest, endedToken] `cmd:"" help:"End a token."`
}

// Help is shown by koogate tokens --help.
func (Tokens) Help() string {
	return `Examples:
  (umask 077; koogate tokens create reporter --scope read --end-time 2030-01-01 --reason 'monthly reports' > reporter-token)
  koogate tokens list -o wide
  koogate tokens delete 0193a1c2-… --reason left`
}

type newToken struct {
	Name    string   `arg:"" api:"name" help:"How records name its bearer."`
	Scope   []string `api:"scopes" required:"" help:"What its bearer may do: worker, usage, read, operate, directory, secrets, personal_data, configure, tokens, installation, login; several separated by commas." placeholder:"SCOPE"`
	Queue   []string `api:"queues" help:"From which queues its bearer may lease; all of workers without it." placeholder:"QUEUE"`
	EndTime string   `api:"end_time" help:"Until when it counts; for ever without it." placeholder:"TIME"`
	why
	dry
}

type endedToken struct {
	one
	why
	based
	forced
	dry
	sure
}
