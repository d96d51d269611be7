// SPDX-License-Identifier: Apache-2.0

package simulator

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/koogallery/seal"
	"github.com/koogate/koogate/koogallery/sign"
)

// bodySignForm is the form of the header Body-Sign: both values in double
// quotes, the blanks where the documents have them or not at all (saas-v1 §2.3).
var bodySignForm = regexp.MustCompile(`^sign_type="HMAC-SHA256", ?signature= ?"[A-Za-z0-9+/]{43}="$`)

// judgePlain judges the answer of a call that returns a result code and nothing
// else.
func (c *Call) judgePlain(a answer) {
	if _, ok := c.read(a.contentType(), a.body, a.timeout); ok && c.succeeded() {
		c.Outcome = OutcomeOK
	}
}

func (c *Call) succeeded() bool { return resultcode.Code(c.ResultCode) == resultcode.Success }

// judgeOnline: newInstance is repeated while it answers 000004; getLicenseAsync
// may answer 000004 for good, as the licence is uploaded (saas-v1 §6).
func (c *Call) judgeOnline(a answer) {
	answer, ok := c.read(a.contentType(), a.body, a.timeout)
	if !ok {
		return
	}
	processing := resultcode.Code(c.ResultCode) == resultcode.Processing
	switch {
	case c.act == ActivityNew:
		c.judgeNew(answer)
		if c.Outcome == OutcomeOK && processing {
			c.Outcome = OutcomePending
		}
	case c.succeeded(), processing && c.act == ActivityLicenseAsync:
		c.Outcome = OutcomeOK
	}
}

// readSigned reads the answer of a V1 call that succeeded: with a Body-Sign over
// its very bytes, and 000000, as V1 knows no asynchronous answer (saas-v1 §1, §3).
func (c *Call) readSigned(key string, a answer) (members, bool) {
	signed := c.HTTPStatus != http.StatusOK || c.judgeBodySign(key, a)
	members, ok := c.read(a.contentType(), a.body, a.timeout)
	return members, ok && signed && c.succeeded()
}

// judgeBodySign checks the header Body-Sign (saas-v1 §2.3).
func (c *Call) judgeBodySign(key string, a answer) bool {
	values := a.header.Values(sign.BodySignHeader)
	switch {
	case len(values) == 0 || values[0] == "":
		c.complain("the header Body-Sign is missing (响应头缺少Body-Sign)")
	case len(values) != 1 || !bodySignForm.MatchString(values[0]):
		c.complain("the header Body-Sign is malformed (Body-Sign格式错误)")
	case !sign.VerifyBodySign(key, values[0], a.body):
		c.complain("the Body-Sign does not fit the body (响应Http Body签名校验失败)")
	default:
		return true
	}
	return false
}

// judgeAccess: newInstance has to return instanceId and a front-end URL (saas-v1
// §1, §1.2).
func (c *Call) judgeAccess(key string, answer members) {
	if !c.judgeID(answer) {
		return
	}
	if !answer.has("appInfo") {
		c.complain("appInfo is missing")
		return
	}
	c.judgeApp(answer)
	c.shows.digest = c.open(key, answer, answer)
	if c.shows.access {
		c.Outcome = OutcomeOK
	}
}

// judgeLicense: getLicense has to return license and instanceId (saas-v1 §4.1).
func (c *Call) judgeLicense(answer members) {
	license, ok := answer.text("license")
	if !c.judgeID(answer) {
		return
	}
	if !ok || license == "" {
		c.complain("license is missing or no string")
		return
	}
	c.shows.digest = digest(license)
	c.Outcome = OutcomeOK
}

// judgeID reads a mandatory instanceId.
func (c *Call) judgeID(answer members) bool {
	id, _ := answer.text("instanceId")
	c.InstanceIDReturned = shorten(id, maxInstanceID)
	switch {
	case id == "":
		c.complain("instanceId is missing or no string")
	case id != c.InstanceIDReturned:
		c.complain("instanceId is longer than %d characters", maxInstanceID)
	default:
		return true
	}
	return false
}

// judgeList: queryInstance of V1 has to show every instance asked for, each
// element with its instanceId (saas-v1 §1, §1.8).
func (c *Call) judgeList(key string, answer members) {
	info, ok := answer.list("info")
	if !ok {
		c.complain("info is missing or no array of objects")
		return
	}
	asked := strings.Split(c.InstanceID, ",")
	shown := make([]string, 0, len(asked))
	complete, usage := true, true
	for _, element := range info {
		id, ok := element.text("instanceId")
		if !ok || id == "" {
			c.complain("info without instanceId")
			complete = false
			continue
		}
		if !slices.Contains(asked, id) || slices.Contains(shown, id) {
			c.complain("info shows %s, which was not asked for or is there twice", shorten(id, maxInstanceID))
			continue
		}
		shown = append(shown, id)
		c.judgeApp(element)
		c.open(key, answer, element)
		c.shows.usage = false
		c.judgeUsage(element)
		usage = usage && c.shows.usage
	}
	c.shows.usage = usage
	if len(shown) != len(asked) {
		c.complain("info shows %d of %d instances", len(shown), len(asked))
		complete = false
	}
	if complete {
		c.Outcome, c.InstanceIDReturned = OutcomeOK, c.InstanceID
	}
}

// open decrypts userName and password of the appInfo in element with the cipher
// that the answer names, and returns a digest of the access information in clear
// (saas-v1 §2.4).
func (c *Call) open(key string, answer, element members) string {
	t := seal.AES256
	if answer.has("encryptType") {
		name, ok := answer.text("encryptType")
		if t = seal.EncryptType(name); !ok || t != seal.AES256 && t != seal.AES128 {
			c.complain(`encryptType is neither "1" nor "2"`)
			return ""
		}
	}
	app, ok := object(element["appInfo"])
	if !ok {
		return ""
	}
	clear := make(map[string]string, len(appFields))
	for _, field := range appFields {
		value, ok := app.text(field.name)
		if ok && value != "" && (field.name == "userName" || field.name == "password") {
			plain, err := seal.Decrypt(key, t, value)
			if err != nil {
				c.complain("appInfo.%s cannot be decrypted with the key and encryptType %s", field.name, t)
			}
			value = plain
		}
		if field.name == "memo" && strings.ContainsFunc(value, func(r rune) bool { return r > utf8.RuneSelf }) && !escaped(app["memo"]) {
			c.complain(`appInfo.memo has characters that are not \u-escaped`)
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
