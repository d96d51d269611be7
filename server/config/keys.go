// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"
	"strings"

	"github.com/koogate/koogate/server/evidence"
	"github.com/koogate/koogate/server/vault"
)

// checkKeyset opens the keyset as the server will.
func (c *Config) checkKeyset(f *findings) {
	if c.KeysetFile == "" {
		f.add("keyset_file", msgRequired, "`koogate keys new FILE`")
		return
	}
	v, err := vault.OpenFile(c.KeysetFile)
	if err != nil {
		f.add("keyset_file", msgKeyset, c.KeysetFile, strings.TrimPrefix(reason(err), "vault: "))
		return
	}
	if _, err := v.Digest(); err == nil {
		return
	}
	for i, e := range c.Endpoints {
		if e.InstanceID == "" || e.InstanceID == InstanceDerived {
			f.add(fmt.Sprintf("endpoints[%d].instance_id", i), msgNoDigest)
		}
	}
}

// checkSigning opens the signing key as the server will.
func (c *Config) checkSigning(f *findings) {
	if c.SigningFile == "" {
		return
	}
	keys, err := evidence.OpenFile(c.SigningFile)
	switch {
	case err != nil:
		f.add("signing_key_file", msgSigning, c.SigningFile, strings.TrimPrefix(reason(err), "evidence: "))
	case !keys.Signs():
		f.add("signing_key_file", msgSigning, c.SigningFile, "it has no private key")
	}
}
