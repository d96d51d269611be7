// SPDX-License-Identifier: Apache-2.0

// Package vaulttest makes vaults for tests.
package vaulttest

import "github.com/koogate/koogate/server/vault"

// New returns a vault over a key of its own that ends with the process.
func New() (*vault.Vault, error) {
	keyset, err := vault.Generate()
	if err != nil {
		return nil, err
	}
	return vault.Open(keyset)
}
