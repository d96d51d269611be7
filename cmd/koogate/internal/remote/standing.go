// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"context"
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/koogate/koogate/cmd/koogate/internal/remote/contexts"
	"github.com/koogate/koogate/cmd/koogate/internal/remote/show"
	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
)

// Standing is koogate standing.
type Standing struct {
	Language string `help:"The account's language: zh or en." enum:"zh,en" default:"${language}"`
	show.Form
	contexts.Choice
}

// Help is shown by koogate standing --help.
func (Standing) Help() string {
	return `Says how near you are to what the marketplace does when your interface fails: failed orders of the month of the five that a product may
have, orders at risk, days of failing test calls, refused calls.

Exit codes: 0 nothing counts or may still be saved; 1 the marketplace may act, or the service cannot be asked; 2 the command line is wrong.`
}

// Asks names the rpc.
func (*Standing) Asks() []protoreflect.FullName { return asks(&koogatev1.GetSanctionsRequest{}) }

// Run implements the command.
func (c *Standing) Run(ctx context.Context, env *Env) error {
	return with(c.Choice, env, c.Output, func(s *service) error {
		answer, err := call[*koogatev1.GetSanctionsResponse](ctx, s, &koogatev1.GetSanctionsRequest{})
		if err != nil {
			return err
		}
		if err := c.show(env, answer.GetSanctions()); err != nil {
			return err
		}
		if answer.GetSanctions().GetState() == koogatev1.SanctionState_SANCTION_STATE_DUE {
			return ErrReported
		}
		return nil
	})
}

func (c *Standing) show(env *Env, x *koogatev1.Sanctions) error {
	if !c.Table() {
		return show.One(env.Out, c.Output, x, env.Clock.Now())
	}
	text := x.GetText()
	if c.Language == "zh" {
		text = x.GetTextZh()
		for _, p := range x.GetProducts() {
			p.Text = p.GetTextZh()
		}
		for _, e := range x.GetEndpoints() {
			e.Text = e.GetTextZh()
		}
	}
	fmt.Fprintln(env.Out.Out, text)
	return errors.Join(tableOf(env, c.Output, x.GetProducts()), tableOf(env, c.Output, x.GetEndpoints()))
}

// tableOf writes messages of one kind as a table behind a blank line; nothing for none.
func tableOf[M proto.Message](env *Env, form string, of []M) error {
	if len(of) == 0 {
		return nil
	}
	fmt.Fprintln(env.Out.Out)
	list := show.NewList(env.Out, form, of[0].ProtoReflect().Descriptor(), env.Clock.Now(), false)
	for _, m := range of {
		if err := list.Add(m); err != nil {
			return err
		}
	}
	return list.End()
}

// Evidence are the commands of koogate evidence that ask a service.
type Evidence struct {
	Keys List[koogatev1.ListEvidenceKeysRequest, none] `cmd:"" help:"Show the public keys whose signatures on events count, as a service has them."`
}
