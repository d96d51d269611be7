// SPDX-License-Identifier: Apache-2.0

package openapi_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/sign"
	"github.com/koogate/koogate/koogallery/simulator/fault"
	"github.com/koogate/koogate/koogallery/simulator/rehearsal"
	"github.com/koogate/koogate/koogallery/simulator/simtest"
)

func sum(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}

// Uploads in the order given, all for one event that is expected.
func TestUpload(t *testing.T) {
	file := []byte("a licence file\x00\xff")
	named := func(more ...string) map[string]any {
		form := map[string]any{"type": "FILE", "sha256": sum(file), "file_name": "l.lic"}
		for i := 0; i+1 < len(more); i += 2 {
			form[more[i]] = more[i+1]
		}
		return form
	}
	var event string
	p := simtest.NewPartner(t, nil)
	p.Upload = func(id string) { event = id }
	sim := simtest.Rehearsal(t, p, nil)
	if _, err := sim.LifeOf(context.Background(), judge.FamilyLicenseOnline); err != nil || event == "" {
		t.Fatal(err, event)
	}
	for _, tc := range []struct {
		name   string
		event  string
		form   any
		file   []byte
		status int
		code   string
	}{
		{"unknown event", "other", simtest.Characters("x"), nil, 200, "91381034"},
		{"long event", strings.Repeat("e", 65), simtest.Characters("x"), nil, 400, "CBC.0101"},
		{"no type", event, map[string]any{"characters": "x"}, nil, 400, "CBC.0101"},
		{"other type", event, map[string]any{"type": "TEXT", "characters": "x"}, nil, 400, "CBC.0101"},
		{"no object", event, "text", nil, 400, "CBC.0101"},
		{"no characters", event, simtest.Characters(""), nil, 400, "CBC.0101"},
		{"long characters", event, simtest.Characters(strings.Repeat("字", 1025)), nil, 400, "CBC.0101"},
		{"characters and a file", event, simtest.Characters("x"), file, 400, "CBC.0101"},
		{"no file", event, named(), nil, 400, "CBC.0101"},
		{"other hash", event, named("sha256", sum([]byte("other"))), file, 400, "CBC.0101"},
		{"no hash", event, named("sha256", ""), file, 400, "CBC.0101"},
		{"file", event, named(), file, 200, "CBC.0000"},
		{"file again", event, named("sha256", strings.ToUpper(sum(file)), "file_name", ""), file, 200, "CBC.0000"},
		{"other file", event, named("sha256", sum(file[1:])), file[1:], 200, "91381034"},
		{"characters after a file", event, simtest.Characters(string(file[:5])), nil, 200, "91381034"},
	} {
		if status, code := p.SendLicence(tc.event, tc.form, tc.file); status != tc.status || code != tc.code {
			t.Errorf("%s: %d %s", tc.name, status, code)
		}
	}

	good := sign.Credentials{AccessKey: simtest.OpenAK, SecretKey: simtest.OpenSK}
	body := []byte("--x\r\nContent-Disposition: form-data; name=\"isvUpdateFileReq\"\r\nContent-Type: application/json\r\n\r\n{}\r\n--x--\r\n")
	part := body[:len(body)-len("--x--\r\n")]
	for _, tc := range []struct {
		name        string
		contentType string
		body        []byte
		keys        sign.Credentials
		status      int
		code        string
	}{
		{"other key", "multipart/form-data; boundary=x", body, sign.Credentials{AccessKey: "other", SecretKey: simtest.OpenSK}, 403, "CBC.0150"},
		{"other secret", "multipart/form-data; boundary=x", body, sign.Credentials{AccessKey: simtest.OpenAK, SecretKey: "other"}, 401, "APIGW.0301"},
		{"no multipart", "application/json", body, good, 400, "CBC.0101"},
		{"no boundary", "multipart/form-data", body, good, 400, "CBC.0101"},
		{"cut off", "multipart/form-data; boundary=x", part, good, 400, "CBC.0101"},
		{"no parts", "multipart/form-data; boundary=x", []byte("--x--\r\n"), good, 400, "CBC.0101"},
		{"twice", "multipart/form-data; boundary=x", append(bytes.Clone(part), body...), good, 400, "CBC.0101"},
		{"many", "multipart/form-data; boundary=x", append(bytes.Repeat([]byte("--x\r\nContent-Disposition: form-data; name=\"y\"\r\n\r\n\r\n"), 9), body...), good, 400, "CBC.0101"},
		{"huge", "multipart/form-data; boundary=x", make([]byte, 13<<20), good, 400, "CBC.0101"},
		{"part of another type", "multipart/form-data; boundary=x", bytes.Replace(body, []byte("application/json"), []byte("text/plain"), 1), good, 400, "CBC.0101"},
	} {
		if status, code := p.Post(event, tc.contentType, tc.body, tc.keys); status != tc.status || code != tc.code {
			t.Errorf("%s: %d %s", tc.name, status, code)
		}
	}
}

// Two different licences for one event: the second is refused and reported.
func TestTwoLicencesForOneEvent(t *testing.T) {
	p := simtest.NewPartner(t, nil)
	sim := simtest.Rehearsal(t, p, nil)
	n := 0
	p.Upload = func(id string) {
		n++
		p.SendLicence(id, simtest.Characters("licence "+strings.Repeat("I", n)), nil)
	}
	report, err := sim.LifeOf(context.Background(), judge.FamilyLicenseOnline)
	if err != nil || report.Result != rehearsal.Failed || n != 2 {
		t.Fatalf("%+v, %v", report, err)
	}
	for _, step := range report.Steps {
		if (step.Err != "") != (step.Name == "one licence") {
			t.Errorf("step %+v", step)
		}
	}
}

func TestUploadFaults(t *testing.T) {
	p := simtest.NewPartner(t, nil)
	sim := simtest.Rehearsal(t, p, nil)
	sim.SetFaults(fault.Plan{RateLimit: 1})
	if status, code := p.SendLicence("e", simtest.Characters("x"), nil); status != 406 || code != "CBC.0250" {
		t.Errorf("%d %s", status, code)
	}
}
