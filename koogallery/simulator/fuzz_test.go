// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"testing"
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
