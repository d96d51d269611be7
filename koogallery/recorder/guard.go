// SPDX-License-Identifier: Apache-2.0

package recorder

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"github.com/koogate/koogate/koogallery/recorder/tape"
)

// guard looks once more before a call is written: a key that a plain member holds, in whatever spelling, must not get into the file.
func (r *Recorder) guard(c *tape.Call) {
	line, err := json.Marshal(c)
	if err != nil || !r.betrays(string(line)) {
		return
	}
	*c = tape.Call{
		N: c.N, At: c.At, Took: c.Took, Method: "POST", Err: c.Err, Verdict: c.Verdict,
		Withheld: "it holds an access key in a member that is plain",
	}
	c.Verdict.InstanceID, c.Verdict.ResultCode, c.Verdict.Problem, c.Verdict.Shows.Related = "", "", "", nil
}

// shortest is the length of a key that can be looked for.
const shortest = 8

// betrays tells whether a text holds one of the keys.
func (r *Recorder) betrays(text string) bool {
	for _, key := range slices.Concat(r.cfg.Keys, r.cfg.KitKeys) {
		if len(key) < shortest { // it would be found in everything
			continue
		}
		for _, spelling := range spellings(key) {
			if strings.Contains(text, spelling) {
				return true
			}
		}
	}
	return false
}

// spellings are the ways to write a key down. Base64 has three, after how many bytes stand in front.
func spellings(key string) []string {
	quoted, _ := json.Marshal(key) // a string cannot fail
	list := []string{
		key, strings.Trim(string(quoted), `"`), url.QueryEscape(key), url.PathEscape(key), hex.EncodeToString([]byte(key)),
		strings.ToUpper(hex.EncodeToString([]byte(key))),
	}
	for shift := range 3 {
		raw := base64.RawStdEncoding.EncodeToString(append(make([]byte, shift), key...))
		if from, to := 4*min(shift, 1), len(raw)-2; from < to {
			list = append(list, raw[from:to], strings.NewReplacer("+", "-", "/", "_").Replace(raw[from:to]))
		}
	}
	return list
}
