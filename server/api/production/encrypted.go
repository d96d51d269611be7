// SPDX-License-Identifier: Apache-2.0

package production

import (
	"context"
	"strings"

	productionv1 "github.com/koogate/koogate/gen/koogate/production/v1"
	"github.com/koogate/koogate/koogallery/seal"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/fulfil"
)

// decrypt opens mobilePhone or email of a V1 call (saas-v1 §2.4). The call does not say how it was encrypted, so the
// configured key size is tried first, with all keys, and then the other. ok is false when no key opens it.
func (s *shared) decrypt(ctx context.Context, ep *fulfil.Endpoint, text string) (plain string, ok bool) {
	if text == "" {
		return "", true
	}
	text = base64Forms.Replace(text)
	set := s.settings(ep)
	other := seal.AES128
	if set.EncryptType == seal.AES128 {
		other = seal.AES256
	}
	for _, t := range []seal.EncryptType{set.EncryptType, other} {
		for _, key := range set.keys(ctx) {
			if plain, err := seal.Decrypt(key, t, text); err == nil {
				return plain, true
			}
		}
	}
	return "", false
}

// base64Forms brings the forms of Base64 into one: the alphabet of URLs, broken lines, and the blank that a plus sign
// becomes when it was not escaped. An initial vector consists of letters and digits, so it is never changed.
var base64Forms = strings.NewReplacer(" ", "+", "-", "+", "_", "/", "\r", "", "\n", "", "\t", "")

// encrypted is what a V1 answer shows of access information: the account is encrypted with the call's key. The initial
// vectors depend on what they hide, so a repeated answer is the same to the byte. Without a front-end address there is
// nothing to show: the customer gets the access by other means. Errors: INTERNAL.
func (s *shared) encrypted(ctx context.Context, ep *fulfil.Endpoint, instanceID string, a fulfil.Access) (*productionv1.AppInfo, error) {
	if a.FrontEndURL == "" {
		return nil, nil //nolint:nilnil // the answer leaves the member out
	}
	info := appInfo(a)
	set := s.settings(ep)
	keys := set.keys(ctx)
	for _, f := range []struct {
		name  string
		value *string
	}{{"userName", &info.UserName}, {"password", &info.Password}} {
		plain := *f.value
		if plain == "" {
			continue
		}
		if len(keys) == 0 {
			return nil, errs.New(errs.Internal, errs.InternalFault, "endpoint %s has no key to encrypt with", ep.Name)
		}
		if !seal.Fits(plain) {
			s.Log.WarnContext(ctx, "longer than the marketplace takes when encrypted", "instance_id", instanceID, "field", f.name,
				"bytes", len(plain), "max", seal.MaxPlain)
		}
		text, err := seal.Encrypt(keys[0], set.EncryptType, seal.StableIV(keys[0], instanceID, f.name, plain), plain)
		if err != nil {
			return nil, errs.Wrap(err, errs.Internal, errs.InternalFault, "%s cannot be encrypted", f.name)
		}
		*f.value = text
	}
	return info, nil
}
