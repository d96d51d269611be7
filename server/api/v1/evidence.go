// SPDX-License-Identifier: Apache-2.0

package v1

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/access"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/evidence"
	"github.com/koogate/koogate/server/fulfil"
)

// proofs serves EvidenceService.
type proofs struct {
	koogatev1.UnimplementedEvidenceServiceServer

	core *fulfil.Service
	keys *evidence.Keys
	// What a pack is written from, besides the chain: it shows what these show.
	orders    *orders
	instances *instances
	tasks     *tasks
	calls     *calls
	audits    *audits
	usage     *ledger // nil when there is none
}

// ListEvidenceKeys implements EvidenceService.
func (p *proofs) ListEvidenceKeys(context.Context, *koogatev1.ListEvidenceKeysRequest) (*koogatev1.ListEvidenceKeysResponse, error) {
	m := &koogatev1.ListEvidenceKeysResponse{}
	for i, k := range p.keys.Public() {
		m.Keys = append(m.Keys, &koogatev1.EvidenceKey{KeyId: k.ID, PublicKey: k.PEM(), Signs: i == 0 && p.keys.Signs()})
	}
	return m, nil
}

// packPiece is how many bytes of a pack a message has at most.
const packPiece = 64 << 10

// ExportOrderEvidence implements EvidenceService.
func (p *proofs) ExportOrderEvidence(r *koogatev1.ExportOrderEvidenceRequest, stream grpc.ServerStreamingServer[koogatev1.ExportOrderEvidenceResponse]) error {
	ctx := stream.Context()
	seller, err := sellerOf(ctx)
	if err != nil {
		return err
	}
	order, err := p.orders.GetOrder(ctx, &koogatev1.GetOrderRequest{OrderId: r.GetOrderId()})
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(pieces{stream}, packPiece)
	caller, _ := access.From(ctx)
	m := evidence.Manifest{
		Seller: seller, OrderID: r.GetOrderId(), TraceID: order.GetOrder().GetTraceId(), MadeAt: p.core.Clock.Now().UTC(), MadeBy: caller.Actor(),
	}
	if err := p.core.WritePack(ctx, out, m, p.parts(order.GetOrder())); err != nil {
		return err
	}
	return out.Flush()
}

// pieces sends what is written as messages.
type pieces struct {
	stream grpc.ServerStreamingServer[koogatev1.ExportOrderEvidenceResponse]
}

// Write implements io.Writer.
func (p pieces) Write(b []byte) (n int, err error) {
	for len(b) > 0 {
		piece := b[:min(len(b), packPiece)]
		if err := p.stream.Send(&koogatev1.ExportOrderEvidenceResponse{Data: piece}); err != nil {
			return n, err
		}
		n, b = n+len(piece), b[len(piece):]
	}
	return n, nil
}

// parts are the files of an order's pack besides those that every pack has.
func (p *proofs) parts(o *koogatev1.Order) []evidence.Part {
	var account *koogatev1.Account // which the first of its two files reads
	parts := []evidence.Part{
		{Name: "order.json", What: "the order with its lines, as GET /v1/orders/{order_id} shows it", Write: func(_ context.Context, w io.Writer) error {
			return jsonLine(w, o)
		}},
		{Name: "account.en.txt", What: "what happened, in English", Write: func(ctx context.Context, w io.Writer) error {
			m, err := p.orders.ExplainOrder(ctx, &koogatev1.ExplainOrderRequest{OrderId: o.GetOrderId()})
			if err != nil {
				return err
			}
			account = m.GetAccount()
			_, err = fmt.Fprintln(w, account.GetText())
			return err
		}},
		{Name: "account.zh.txt", What: "what happened, in Chinese", Write: func(_ context.Context, w io.Writer) error {
			_, err := fmt.Fprintln(w, account.GetTextZh())
			return err
		}},
		{Name: "instances.jsonl", What: "the instances, as GET /v1/instances shows them", Write: func(ctx context.Context, w io.Writer) error {
			return p.eachInstance(ctx, o, func(i *koogatev1.Instance) error { return jsonLine(w, i) })
		}},
		{Name: "tasks.jsonl", What: "what was to be done, as GET /v1/tasks shows it", Write: func(ctx context.Context, w io.Writer) error {
			return pages(func(token string) ([]*koogatev1.Task, string, error) {
				r, err := p.tasks.ListTasks(ctx, &koogatev1.ListTasksRequest{Filter: orderIs(o), OrderBy: inTime, PageSize: packPage, PageToken: token})
				return r.GetTasks(), r.GetNextPageToken(), err
			}, func(t *koogatev1.Task) error { return jsonLine(w, t) })
		}},
		{Name: "calls.jsonl", What: "the calls of the marketplace and those to it, as GET /v1/calls shows them", Write: func(ctx context.Context, w io.Writer) error {
			return p.eachCall(ctx, o, func(c *koogatev1.Call) error { return jsonLine(w, c) })
		}},
		{Name: "bodies.jsonl", What: "what was said in those calls, as far as it is kept and may be shown", Write: func(ctx context.Context, w io.Writer) error {
			return p.eachCall(ctx, o, func(c *koogatev1.Call) error { return p.body(ctx, w, c) })
		}},
		{Name: "audit.jsonl", What: "what people and systems changed through the API, as GET /v1/audit shows it", Write: func(ctx context.Context, w io.Writer) error {
			return pages(func(token string) ([]*koogatev1.AuditEntry, string, error) {
				r, err := p.audits.ListAuditEntries(ctx, &koogatev1.ListAuditEntriesRequest{Filter: orderIs(o), OrderBy: inTime, PageSize: packPage, PageToken: token})
				return r.GetAuditEntries(), r.GetNextPageToken(), err
			}, func(a *koogatev1.AuditEntry) error { return jsonLine(w, a) })
		}},
	}
	if p.usage == nil {
		return parts
	}
	return append(parts,
		evidence.Part{Name: "usage-windows.jsonl", What: "the use of the instances by hour, as GET /v1/usage/windows shows it", Write: func(ctx context.Context, w io.Writer) error {
			return p.eachInstance(ctx, o, func(i *koogatev1.Instance) error {
				return pages(func(token string) ([]*koogatev1.UsageWindow, string, error) {
					r, err := p.usage.ListUsageWindows(ctx, &koogatev1.ListUsageWindowsRequest{Filter: instanceIs(i), OrderBy: inTime, PageSize: packPage, PageToken: token})
					return r.GetWindows(), r.GetNextPageToken(), err
				}, func(u *koogatev1.UsageWindow) error { return jsonLine(w, u) })
			})
		}},
		evidence.Part{Name: "usage-records.jsonl", What: "what the marketplace was told of it and what it answered, as GET /v1/usage/records shows it", Write: func(ctx context.Context, w io.Writer) error {
			return p.eachInstance(ctx, o, func(i *koogatev1.Instance) error {
				return pages(func(token string) ([]*koogatev1.UsageRecord, string, error) {
					r, err := p.usage.ListUsageRecords(ctx, &koogatev1.ListUsageRecordsRequest{Filter: instanceIs(i), OrderBy: inTime, PageSize: packPage, PageToken: token})
					return r.GetRecords(), r.GetNextPageToken(), err
				}, func(u *koogatev1.UsageRecord) error { return jsonLine(w, u) })
			})
		}},
	)
}

func (p *proofs) eachInstance(ctx context.Context, o *koogatev1.Order, do func(*koogatev1.Instance) error) error {
	return pages(func(token string) ([]*koogatev1.Instance, string, error) {
		r, err := p.instances.ListInstances(ctx, &koogatev1.ListInstancesRequest{Filter: orderIs(o), OrderBy: inTime, PageSize: packPage, PageToken: token})
		return r.GetInstances(), r.GetNextPageToken(), err
	}, do)
}

// eachCall tells the calls that name the order, then those about its instances that name another, such as that of a renewal, or none.
func (p *proofs) eachCall(ctx context.Context, o *koogatev1.Order, do func(*koogatev1.Call) error) error {
	calls := func(filter string, do func(*koogatev1.Call) error) error {
		return pages(func(token string) ([]*koogatev1.Call, string, error) {
			r, err := p.calls.ListCalls(ctx, &koogatev1.ListCallsRequest{Filter: filter, OrderBy: inTime, PageSize: packPage, PageToken: token})
			return r.GetCalls(), r.GetNextPageToken(), err
		}, do)
	}
	if err := calls(orderIs(o), do); err != nil {
		return err
	}
	return p.eachInstance(ctx, o, func(i *koogatev1.Instance) error {
		return calls(instanceIs(i), func(c *koogatev1.Call) error {
			if c.GetOrderId() == o.GetOrderId() {
				return nil
			}
			return do(c)
		})
	})
}

// said is what was said in a call, as a pack has it.
type said struct {
	CallID  string          `json:"callId"`
	Request json.RawMessage `json:"request,omitempty"`
	Answer  json.RawMessage `json:"answer,omitempty"`
}

// body writes what was said in a call, if it is kept.
func (p *proofs) body(ctx context.Context, w io.Writer, c *koogatev1.Call) error {
	m, err := p.calls.GetCallBody(ctx, &koogatev1.GetCallBodyRequest{CallId: c.GetCallId()})
	if err != nil {
		if r := errs.As(err).Reason; r == errs.CallNotKept || r == errs.CallNotFound { // it is forgotten
			return nil
		}
		return err
	}
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	return out.Encode(said{c.GetCallId(), json.RawMessage(m.GetRequest()), json.RawMessage(m.GetAnswer())})
}

const (
	inTime   = "create_time asc"
	packPage = 500
)

// orderIs and instanceIs are filters.
func orderIs(o *koogatev1.Order) string { return `order_id = ` + quotedTerm(o.GetOrderId()) }

func instanceIs(i *koogatev1.Instance) string {
	return `instance_id = ` + quotedTerm(i.GetInstanceId())
}

func quotedTerm(value string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(value) + `"`
}

// pages does something with every element of a list.
func pages[M any](read func(token string) (elements []M, next string, err error), do func(M) error) error {
	for token := ""; ; {
		elements, next, err := read(token)
		if err != nil {
			return err
		}
		for _, e := range elements {
			if err := do(e); err != nil {
				return err
			}
		}
		if next == "" {
			return nil
		}
		token = next
	}
}

// jsonLine writes a message as a line of the JSON that REST shows.
func jsonLine(w io.Writer, m proto.Message) error {
	text, err := asREST(m)
	if err != nil {
		return err
	}
	_, err = w.Write(append(text, '\n'))
	return err
}
