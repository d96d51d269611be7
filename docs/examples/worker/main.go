// SPDX-License-Identifier: Apache-2.0

// Command worker is a provisioner in one file: it does Koogate's tasks with package client. Copy it and replace product.perform. See
// README.md next to it.
package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"sync"
	"syscall"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/koogate/koogate/client"
	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		slog.Error("the worker has ended", "error", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	conn, err := client.Dial(client.FromEnv())
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	p := &product{instances: make(map[string]*instance)}
	return client.Worker{Conn: conn, Queue: os.Getenv("KOOGATE_QUEUE"), Handler: p.perform, Lease: 30 * time.Second}.Run(ctx)
}

// purchase says who bought what for how long, from the task alone. The buyer is personal data: this line shows the account's
// ID and nothing else of it.
func purchase(t *koogatev1.Task) string {
	p, who := t.GetPurchase(), fmt.Sprintf("customer %q", t.GetInput().GetCustomerId())
	if t.GetInput().GetCustomerId() == "" && t.GetInput().GetLicenceCode() != "" {
		who = "the holder of a licence code"
	}
	text := fmt.Sprintf("%s %s by %s: %d x product %q, sku %q", p.GetOrderType(), p.GetOrderId(), who, p.GetLinearValue(),
		p.GetProductId(), p.GetSkuCode())
	if p.GetChargingMode() != "" {
		text += ", " + p.GetChargingMode()
	}
	if p.GetPeriodNumber() > 0 {
		text += fmt.Sprintf(", for %d %s", p.GetPeriodNumber(), p.GetPeriodType())
	}
	if p.GetExpireTime() != nil {
		text += ", until " + p.GetExpireTime().AsTime().Format(time.DateOnly)
	}
	return text
}

// product stands for yours. Its map is your database.
type product struct {
	mu        sync.Mutex
	instances map[string]*instance
}

type instance struct {
	order, line, product string // that created it
	sku, password        string
	frozen, released     bool
	expires              time.Time
}

// perform must be idempotent: the same task comes again after a crash or a lost answer. Everything is keyed by the
// instance ID and states what shall be, so twice is as good as once. A product that takes longer looks at ctx.
func (p *product) perform(_ context.Context, t *koogatev1.Task) (client.Result, error) {
	slog.Info("purchase", "what", purchase(t))
	p.mu.Lock()
	defer p.mu.Unlock()
	i := p.instances[t.GetInstanceId()]
	if t.GetKind() == koogatev1.TaskKind_TASK_KIND_IDENTIFY { // is it ours? Look, and make nothing
		return i.known(t.GetInstanceId()), nil
	}
	if i == nil {
		i = &instance{password: rand.Text()}
		p.instances[t.GetInstanceId()] = i
	}
	switch t.GetKind() {
	case koogatev1.TaskKind_TASK_KIND_CREATE:
		i.order, i.line, i.product = t.GetCauseOrderId(), t.GetOrderLineId(), t.GetProductId()
		i.sku, i.expires = t.GetSkuCode(), t.GetExpireTime().AsTime()
		return client.Ready(i.access(t.GetInstanceId())), nil
	case koogatev1.TaskKind_TASK_KIND_ISSUE_LICENCE: // for what t.GetInput() says; the same task must get the same licence
		return client.Licensed(&koogatev1.Licence{Text: i.password + "/" + t.GetTaskId()}), nil
	case koogatev1.TaskKind_TASK_KIND_REFRESH, koogatev1.TaskKind_TASK_KIND_UPGRADE:
		i.sku, i.expires = t.GetSkuCode(), t.GetExpireTime().AsTime()
	case koogatev1.TaskKind_TASK_KIND_FREEZE, koogatev1.TaskKind_TASK_KIND_UNFREEZE:
		i.frozen = t.GetKind() == koogatev1.TaskKind_TASK_KIND_FREEZE
	case koogatev1.TaskKind_TASK_KIND_RELEASE:
		i.released = true
	case koogatev1.TaskKind_TASK_KIND_CHECK_CHANGE:
		return client.Allowed(), nil
	default:
		return client.Result{}, fmt.Errorf("kind %s is newer than this worker", t.GetKind())
	}
	return client.Done(), nil
}

// access is how the customer gets in.
func (i *instance) access(id string) *koogatev1.AccessInfo {
	return &koogatev1.AccessInfo{FrontEndUrl: "https://app.example.com/" + id, UserName: "admin", Password: i.password}
}

// known answers whether an instance is ours, which Koogate does not know; nil is none.
func (i *instance) known(id string) client.Result {
	if i == nil || i.order == "" {
		return client.Unknown()
	}
	k := &koogatev1.KnownInstance{
		OrderId: i.order, OrderLineId: i.line, ProductId: i.product, SkuCode: i.sku, State: koogatev1.ImportState_IMPORT_STATE_ACTIVE, Access: i.access(id),
	}
	switch {
	case i.released:
		k.State, k.Access = koogatev1.ImportState_IMPORT_STATE_RELEASED, nil
	case i.frozen:
		k.State = koogatev1.ImportState_IMPORT_STATE_FROZEN
	}
	if !i.expires.IsZero() && i.expires.Unix() != 0 {
		k.ExpireTime = timestamppb.New(i.expires)
	}
	return client.Known(k)
}
