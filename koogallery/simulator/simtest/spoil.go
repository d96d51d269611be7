// SPDX-License-Identifier: Apache-2.0

package simtest

import (
	"github.com/koogate/koogate/koogallery/seal"
)

// At spoils call number n of an activity; 0 means every one.
func At(activity string, n int, change func(a *Said)) func(string, int, *Said) {
	return func(got string, m int, a *Said) {
		if got == activity && (n == 0 || n == m) {
			change(a)
		}
	}
}

// Code answers with another result code.
func Code(c string) func(a *Said) {
	return func(a *Said) { a.Body = map[string]any{"resultCode": c, "resultMsg": "no"} }
}

// Without leaves a member out.
func Without(name string) func(a *Said) {
	return func(a *Said) { delete(a.Body, name) }
}

// With answers with another member.
func With(name string, value any) func(a *Said) {
	return func(a *Said) { a.Body[name] = value }
}

// InApp answers with another member of appInfo.
func InApp(name string, value any) func(a *Said) {
	return func(a *Said) {
		app := a.Body["appInfo"].(map[string]any)
		if app[name] = value; value == nil {
			delete(app, name)
		}
	}
}

// Header answers with another Body-Sign.
func Header(value func(key string, body []byte) string) func(a *Said) {
	return func(a *Said) { a.BodySign = value }
}

// Sealed encrypts with another cipher or key than the answer says.
func Sealed(key string, t seal.EncryptType, plain string) string {
	text, err := seal.Encrypt(key, t, "0123456789abcdef", plain)
	if err != nil {
		panic(err)
	}
	return text
}
