// SPDX-License-Identifier: Apache-2.0

package seller

import (
	"context"
	"strconv"
	"time"

	"github.com/koogate/koogate/server/errs/storefault"
	"github.com/koogate/koogate/store"
)

// Stored reads what counts at a time, without secrets, for commands that only look.
func Stored(ctx context.Context, st store.Sellers, now time.Time) (*Snapshot, error) {
	rows, err := st.Sellers(ctx)
	if err != nil {
		return nil, err
	}
	return stateOf(rows, nil).snapshot(now, (&uses{}).of)
}

// Of is the snapshot of what is declared, without a store.
func Of(w Declared) (*Snapshot, error) {
	n := 0
	d := &Draft{state: stateOf(store.SellerRows{}, unsealed{}), by: store.ManagedByFile, now: time.UnixMicro(1), sealer: unsealed{}, newID: func() string {
		n++
		return strconv.Itoa(n)
	}}
	if err := d.seed(w); err != nil {
		return nil, err
	}
	return d.state.snapshot(d.now, (&uses{}).of)
}

// unsealed is the sealer of what never leaves the memory.
type unsealed struct{}

// Seal implements Sealer.
func (unsealed) Seal(plain []byte, _ string) ([]byte, error) { return plain, nil }

// Open implements Sealer.
func (unsealed) Open(sealed []byte, _ string) ([]byte, error) { return sealed, nil }

// Stored returns what the rows say, of the file and of the API, with the secrets in clear but those of tokens, of which only digests are
// kept. Tokens without a name are left out. Errors: STORE_UNAVAILABLE.
func (k *Keeper) Stored(ctx context.Context) (Declared, error) {
	rows, err := k.Store.Sellers(ctx)
	if err != nil {
		return Declared{}, storefault.Of(err)
	}
	d, err := stateOf(rows, k.Sealer).declared()
	for i := range d.Sellers {
		x := &d.Sellers[i]
		x.APITokens = nil
		for n := range x.Tokens {
			x.Tokens[n].Secret = ""
		}
	}
	return d, err
}
