// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/koogate/koogate/cmd/koogate/internal/keyfile"
	"github.com/koogate/koogate/koogallery/authcentre"
	"github.com/koogate/koogate/koogallery/authcentre/delivery"
	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/simulator/wire"
	"github.com/koogate/koogate/server/clock"
)

// deliver tells a seller's Kit address of the world.
func (c *Centre) deliver(ctx context.Context, centre *authcentre.Centre, t *teller, now clock.Clock) error {
	key, err := keyfile.Secret(c.Key, c.KeyFile)
	if err != nil {
		return err
	}
	if key == "" {
		return errors.New("the Kit's key is missing: set KOOGATE_SIM_KIT_KEY, or give --key-file or --key")
	}
	public, err := publicKey(c.PublicKey)
	if err != nil {
		return err
	}
	caller, err := wire.New(wire.Config{FacadeURL: c.Kit, AccessKey: key, Clock: now, NewID: uuid.NewString})
	if err != nil {
		return fmt.Errorf("--kit: %w", err)
	}
	defer caller.Close()
	family := judge.FamilyKitV2
	if c.KitFamily == "kit_v1" {
		family = judge.FamilyKitV1
	}
	calls := 0
	err = delivery.Deliver(ctx, centre, delivery.Config{Caller: caller, Family: family, PublicKey: public, Told: func(delivery.Step) { calls++ }})
	if err != nil {
		return fmt.Errorf("after %d of the Kit's calls: %w", calls, err)
	}
	fmt.Fprintf(t.out.Err, t.say("商家接受了全部 %d 次联营Kit调用\n", "the seller has taken all %d of the Kit's calls\n"), calls)
	return nil
}
