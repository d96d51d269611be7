// SPDX-License-Identifier: Apache-2.0

package seller

import (
	"context"

	"github.com/koogate/koogate/server/errs/storefault"
)

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
