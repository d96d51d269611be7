// SPDX-License-Identifier: Apache-2.0

package life

import (
	"encoding/json"
	"strings"

	"github.com/koogate/koogate/koogallery/checker/probe"
	"github.com/koogate/koogate/koogallery/judge"
	"github.com/koogate/koogate/koogallery/seal"
)

// access is the access information that an answer of V1 shows of its only instance, in clear; empty when it shows none that can be read.
func access(p *probe.Probe, seen probe.Seen) string {
	answer, ok := judge.Object(seen.Answer.Body)
	if !ok || !seen.OK() {
		return ""
	}
	element := answer
	if info, ok := answer.List("info"); ok && len(info) == 1 {
		element = info[0]
	}
	app, ok := judge.Object(element["appInfo"])
	if !ok {
		return ""
	}
	cipher, _ := answer.Text("encryptType")
	var all strings.Builder
	for _, name := range []string{"frontEndUrl", "adminUrl", "userName", "password", "memo"} {
		value, _ := app.Text(name)
		if value != "" && (name == "userName" || name == "password") {
			plain, err := seal.Decrypt(p.Config().Key, seal.ParseEncryptType(cipher), value)
			if err != nil {
				return ""
			}
			value = plain
		}
		text, err := json.Marshal(value)
		if err != nil {
			return ""
		}
		all.Write(text)
	}
	return all.String()
}
