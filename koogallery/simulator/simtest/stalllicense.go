// SPDX-License-Identifier: Apache-2.0

package simtest

import (
	"encoding/json"

	"github.com/koogate/koogate/koogallery/simulator/market"
)

// Call posts a JSON text to an API about codes.
func (s *Stall) Call(path string, body any) (int, string, map[string]any) {
	s.T.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		s.T.Fatal(err)
	}
	status, a := s.Signed("POST", path, "application/json", text)
	code, _ := a["error_code"].(string)
	return status, code, a
}

// Want calls an API about codes and wants a status and a code.
func (s *Stall) Want(what, path string, body any, status int, code string) map[string]any {
	s.T.Helper()
	got, gotCode, a := s.Call(path, body)
	if got != status || gotCode != code || a["error_msg"] == "" {
		s.T.Errorf("%s: %d %v", what, got, a)
	}
	return a
}

// Issue issues a code.
func (s *Stall) Issue(opts market.LicenseOptions) string {
	s.T.Helper()
	o, err := s.Sim.IssueLicense(opts)
	if err != nil {
		s.T.Fatal(err)
	}
	return o.InstanceID
}
