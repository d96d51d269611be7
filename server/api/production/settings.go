// SPDX-License-Identifier: Apache-2.0

package production

import (
	"context"
	"crypto/rsa"
	"time"

	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/koogallery/seal"
	"github.com/koogate/koogate/koogallery/wiretime"
	"github.com/koogate/koogate/server/call"
	"github.com/koogate/koogate/server/fulfil"
)

// Settings are what the handlers need to know of an endpoint beyond the core's rules.
type Settings struct {
	// Keys is the endpoint's ring of base keys. The first encrypts the answers to calls that no key has verified, those of
	// gRPC callers; all of them are tried on what such a call encrypted.
	Keys []string
	// EncryptType is how userName and password are encrypted in V1 answers, and how mobilePhone and email most likely are in
	// V1 calls. Default AES256.
	EncryptType seal.EncryptType
	// Location is the zone of V1's expireTime, which the documents do not name. Default UTC+8 (saas-v1 §12).
	Location *time.Location
	// CodeLocation is the zone of License 2.0's expireTime, which its page does not name. Default UTC (third-reading T30).
	CodeLocation *time.Location
	// CreateAppInfo says whether newInstance of V2 answers with the front-end address.
	CreateAppInfo CreateAppInfo
	// Secrets decrypt the Kit's clientSecret and are tried in order.
	Secrets []*rsa.PrivateKey
	// SecretCode is the answer when none of the Secrets decrypts it: 000101 as in the marketplace's sample, the default, or
	// 000002 (kit §F.7).
	SecretCode resultcode.Code
	// DeleteMissingDepartments ends the departments that a full list does not name; the documents do not say that it should
	// (kit §A.5).
	DeleteMissingDepartments bool
}

// CreateAppInfo says when newInstance of V2 answers with appInfo.frontEndUrl: the table has no such member, and the
// debugging FAQ of guides that describe V2 alone demands it (third-reading T8).
type CreateAppInfo int

// The choices.
const (
	AppInfoDebug  CreateAppInfo = iota // in debugging calls only
	AppInfoOff                         // never
	AppInfoAlways                      // whenever the instance is there
)

// String hides the keys from every %v.
func (Settings) String() string { return "[endpoint settings]" }

// GoString hides the keys from every %#v.
func (Settings) GoString() string { return "[endpoint settings]" }

// settings returns the endpoint's settings with their defaults.
func (s *shared) settings(ep *fulfil.Endpoint) Settings {
	set := Settings{}
	if s.Settings != nil {
		set = s.Settings()[ep.Name]
	}
	if set.EncryptType == "" {
		set.EncryptType = seal.AES256
	}
	if set.Location == nil {
		set.Location = wiretime.Beijing()
	}
	if set.CodeLocation == nil {
		set.CodeLocation = time.UTC
	}
	if set.SecretCode == "" {
		set.SecretCode = resultcode.MobileInvalid
	}
	return set
}

// keys returns the keys for the encrypted fields of a call, the one that verified it first.
func (set *Settings) keys(ctx context.Context) []string {
	known, ok := call.From(ctx)
	if !ok || known.Key == "" {
		return set.Keys
	}
	return append([]string{known.Key}, set.Keys...)
}
