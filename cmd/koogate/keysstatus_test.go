// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"strings"
	"testing"
)

// The command tells of each key as a table and as JSON, and shows no secret.
func TestKeysStatus(t *testing.T) {
	config, _ := evidenceFile(t)
	run := func(want int, args ...string) string {
		t.Helper()
		code, out, errs := koogate(t, append([]string{"keys", "status", "--config", config}, args...)...)
		if code != want || strings.Contains(out+errs, cliKey) {
			t.Fatalf("keys status %v: %d\n%s%s", args, code, out, errs)
		}
		return out + errs
	}
	if out := run(exitOK); !strings.HasPrefix(out, "SELLER  ENDPOINT") {
		t.Errorf("%s", out)
	}
	if code, _, errs := koogate(t, "config", "apply", "--config", config); code != exitOK {
		t.Fatal(errs)
	}
	lines := strings.Split(strings.TrimSpace(run(exitOK)), "\n")
	if len(lines) != 2 {
		t.Fatalf("%q", lines)
	}
	words := strings.Fields(lines[1])
	if got := strings.Join(append(words[:3:3], words[4:]...), " "); got != "acme main BASE FILE ACTIVE - - LAST -" {
		t.Errorf("%s", got)
	}
	var line map[string]any
	if err := json.Unmarshal([]byte(run(exitOK, "--seller", "acme", "-o", "json")), &line); err != nil {
		t.Fatal(err)
	}
	if line["keyId"] != words[3] || line["verdict"] != "LAST" || line["createTime"] == nil || line["lastUseTime"] != nil {
		t.Errorf("%v", line)
	}
	if out := run(exitFailed, "--seller", "nobody"); !strings.Contains(out, "no such seller") {
		t.Errorf("%s", out)
	}
}
