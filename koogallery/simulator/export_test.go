// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"encoding/json"

	"github.com/koogate/koogate/koogallery/simulator/catalogue"
)

// ProductInfo is productInfo as it is sent.
func (s *Simulator) ProductInfo(p catalogue.Product) []byte {
	text, _ := json.Marshal(s.cfg.Readings.productInfo(p)) // texts and a number
	return text
}

// CodeTime is an expireTime of License 2.0 as it is sent.
func CodeTime(r Readings, text string) string { return r.codeTime(text) }
