// SPDX-License-Identifier: Apache-2.0

package judge

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/koogate/koogate/koogallery/seal"
)

// open decrypts userName and password of the appInfo in element with the cipher
// that the answer names, and returns a digest of the access information in clear
// (saas-v1 §2.4).
func (c *judgement) open(answer, element Members) string {
	t := seal.AES256
	if answer.Has("encryptType") {
		name, ok := answer.Text("encryptType")
		if t = seal.EncryptType(name); !ok || t != seal.AES256 && t != seal.AES128 {
			c.fault(KindCipher, `encryptType 既不是 "1" 也不是 "2"`, `encryptType is neither "1" nor "2"`)
			return ""
		}
	}
	app, ok := Object(element["appInfo"])
	if !ok {
		return ""
	}
	clear := make(map[string]string, len(appFields))
	for _, field := range appFields {
		value, ok := app.Text(field.name)
		if ok && value != "" && (field.name == "userName" || field.name == "password") {
			plain, err := seal.Decrypt(c.Key, t, value)
			if err != nil {
				c.fault(KindCipher, "appInfo.%s 用该密钥和 encryptType %s 无法解密", "appInfo.%s cannot be decrypted with the key and encryptType %s", field.name, t)
			}
			value = plain
		}
		if field.name == "memo" && strings.ContainsFunc(value, func(r rune) bool { return r > utf8.RuneSelf }) && !escaped(app["memo"]) {
			c.fault(KindMemo, `appInfo.memo 含有未写成 \u 转义的字符`, `appInfo.memo has characters that are not \u-escaped`)
		}
		clear[field.name] = value
	}
	text, err := json.Marshal(clear) // names ascending
	if err != nil {
		return ""
	}
	return digest(string(text))
}

// escaped tells whether a JSON text is plain ASCII (saas-v1 §1.2: memo).
func escaped(raw json.RawMessage) bool {
	return !slices.ContainsFunc(raw, func(b byte) bool { return b >= utf8.RuneSelf })
}

// digest stands for a text that has to stay the same and is not kept.
func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
