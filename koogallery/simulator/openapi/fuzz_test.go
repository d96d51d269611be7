// SPDX-License-Identifier: Apache-2.0

package openapi

import (
	"testing"

	"github.com/koogate/koogate/koogallery/simulator/billing"
)

// An upload never makes the simulator fall over, and one that is taken has a digest.
func FuzzReadUpload(f *testing.F) {
	f.Add("multipart/form-data; boundary=x", []byte("--x\r\nContent-Disposition: form-data; name=\"isvUpdateFileReq\"\r\n"+
		"Content-Type: application/json\r\n\r\n{\"type\":\"CHARACTERS\",\"characters\":\"a\"}\r\n--x--\r\n"))
	f.Add("multipart/form-data; boundary=x", []byte("--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nb\r\n--x--"))
	f.Add("", []byte{})
	f.Fuzz(func(t *testing.T, contentType string, body []byte) {
		if licence, ok := readUpload(contentType, body); ok && len(licence) != 64 {
			t.Errorf("digest %q", licence)
		}
	})
}

func FuzzReadUsage(f *testing.F) {
	f.Add([]byte(`{"usage_records":[{"instance_id":"i","metering_sn":"1","record_time":"20220809T091000Z","begin_time":"20220809T080000Z","end_time":"20220809T090000Z","usage_value":"99"}]}`))
	f.Add([]byte(`{"usage_records":[{"usage_value":1.5,"instance_id":null}]}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		list, ok := readUsage(body)
		if !ok {
			return
		}
		for _, p := range list {
			if a, err := billing.ParseAmount(p.Value); p.Number && (err != nil || a != p.Amount || p.Amount < 0 || p.Amount >= 100_000_000*billing.Unit) {
				t.Errorf("%q is %v", p.Value, p.Amount)
			}
			if p.Times && (p.Begin.Format(usageTime) != p.BeginTime || p.End.Format(usageTime) != p.EndTime) {
				t.Errorf("%q, %q", p.BeginTime, p.EndTime)
			}
		}
	})
}
