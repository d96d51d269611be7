// SPDX-License-Identifier: Apache-2.0

package judge

import "fmt"

// Kind is what an objection is about.
type Kind string

// The kinds of objections.
const (
	KindTime        Kind = "time"         // the answer took too long
	KindStatus      Kind = "status"       // HTTP status
	KindContentType Kind = "content-type" // Content-Type
	KindLength      Kind = "length"       // of the whole answer
	KindJSON        Kind = "json"         // no JSON object in UTF-8
	KindCode        Kind = "code"         // resultCode
	KindMessage     Kind = "message"      // resultMsg
	KindMessageLong Kind = "message-long" // length of resultMsg
	KindID          Kind = "id"           // instanceId is missing
	KindIDLong      Kind = "id-long"      // length of instanceId
	KindInfo        Kind = "info"         // info of queryInstance
	KindShown       Kind = "shown"        // instances that info shows and was not asked for, or does not show and was
	KindAccess      Kind = "access"       // appInfo, or its front-end URL
	KindAccessLong  Kind = "access-long"  // length of a member of appInfo
	KindUsage       Kind = "usage"        // usageInfo
	KindCipher      Kind = "cipher"       // encryptType, or what cannot be decrypted
	KindMemo        Kind = "memo"         // memo that is not escaped
	KindBodySign    Kind = "body-sign"    // the header Body-Sign
	KindLicense     Kind = "license"      // license is missing
)

// Objection is one thing that is wrong with an answer.
type Objection struct {
	Kind    Kind
	Text    string // in English
	Chinese string
}

// In returns the objection in a language, in English for all but "zh".
func (o Objection) In(language string) string {
	if language == "zh" {
		return o.Chinese
	}
	return o.Text
}

// fault adds an objection of a kind, in both languages. Both name the same values in the same order.
func (v *Verdict) fault(k Kind, chinese, english string, args ...any) {
	v.Complain(english, args...)
	v.Objections = append(v.Objections, Objection{k, fmt.Sprintf(english, args...), fmt.Sprintf(chinese, args...)})
}
