// SPDX-License-Identifier: Apache-2.0

package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/koogate/koogate/cmd/koogate/internal/keyfile"
	"github.com/koogate/koogate/cmd/koogate/internal/remote/contexts"
	"github.com/koogate/koogate/cmd/koogate/internal/remote/show"
	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
)

// Orders is koogate orders.
type Orders struct {
	List    List[koogatev1.ListOrdersRequest, browse]         `cmd:"" help:"Show orders; --filter by endpoint, order_type and query_state."`
	Get     Get[koogatev1.GetOrderRequest]                    `cmd:"" help:"Show an order with its lines."`
	Events  List[koogatev1.ListOrderEventsRequest, orderFeed] `cmd:"" help:"Show an order's chain of events, from the first on."`
	Explain ordersExplain                                     `cmd:"" help:"Say in plain words how an order stands, on whom it waits and what you can do."`
	Verify  Act[koogatev1.VerifyOrderRequest, verifiedOrder]  `cmd:"" help:"Check an order's chain, signatures and rows; exit code 1 when something does not hold."`

	Evidence ordersEvidence `cmd:"" help:"Write all that is recorded of an order as one signed ZIP file."`
}

// Help is shown by koogate orders --help.
func (Orders) Help() string {
	return `Examples:
  koogate orders list --filter 'query_state = "FAILED"' -o wide
  koogate orders explain CS2026112900000001 --language zh
  koogate orders list --watch`
}

type orderFeed struct {
	one
	limited
}

type verifiedOrder struct{ one }

func (verifiedOrder) judge(answer proto.Message) error {
	if !answer.(*koogatev1.VerifyOrderResponse).GetValid() {
		return ErrReported
	}
	return nil
}

// ordersExplain is koogate orders explain.
type ordersExplain struct {
	one
	Language string `help:"The account's language: zh or en." enum:"zh,en" default:"${language}"`
	show.Form
	contexts.Choice
}

// Asks names the rpc.
func (*ordersExplain) Asks() []protoreflect.FullName { return asks(&koogatev1.ExplainOrderRequest{}) }

// Run implements the command.
func (c *ordersExplain) Run(ctx context.Context, env *Env) error {
	return with(c.Choice, env, c.Output, func(s *service) error {
		answer, err := call[*koogatev1.ExplainOrderResponse](ctx, s, &koogatev1.ExplainOrderRequest{OrderId: c.ID})
		if err != nil {
			return err
		}
		account := answer.GetAccount()
		if !c.Table() {
			return show.One(env.Out, c.Output, account, env.Clock.Now())
		}
		text := account.GetText()
		if c.Language == "zh" {
			text = account.GetTextZh()
		}
		_, err = fmt.Fprintln(env.Out.Out, strings.TrimSuffix(text, "\n"))
		return err
	})
}

// ordersEvidence is koogate orders evidence.
type ordersEvidence struct {
	one
	File string `arg:"" help:"Where the pack goes, readable by you only; one that is there is replaced." type:"path" predictor:"file"`
	contexts.Choice
}

// Help is shown by koogate orders evidence --help.
func (*ordersEvidence) Help() string {
	return `The file is there when it is whole, and not before. koogate evidence verify checks it anywhere.

Example:
  koogate orders evidence CS2026112900000001 order.zip`
}

// Asks names the rpc.
func (*ordersEvidence) Asks() []protoreflect.FullName {
	return asks(&koogatev1.ExportOrderEvidenceRequest{})
}

// Run implements the command.
func (c *ordersEvidence) Run(ctx context.Context, env *Env) error {
	return with(c.Choice, env, "table", func(s *service) error {
		ctx, begun, end := s.begin(ctx)
		defer end()
		pack, err := koogatev1.NewEvidenceServiceClient(s.conn).ExportOrderEvidence(ctx, &koogatev1.ExportOrderEvidenceRequest{OrderId: c.ID})
		if err != nil {
			return s.lateOr(ctx, err)
		}
		size := 0
		err = keyfile.ReplaceWith(c.File, func(w io.Writer) error {
			for {
				piece, err := pack.Recv()
				if errors.Is(err, io.EOF) {
					return nil
				}
				if err != nil {
					return s.lateOr(ctx, err)
				}
				begun()
				size += len(piece.GetData())
				if _, err := w.Write(piece.GetData()); err != nil {
					return err
				}
			}
		})
		if err != nil {
			return err
		}
		fmt.Fprintf(env.Out.Err, "wrote %s, %d bytes\n", c.File, size)
		return nil
	})
}
