// SPDX-License-Identifier: Apache-2.0

package v1

import (
	"unicode/utf8"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/fulfil"
)

// The bounds of a licence; what an online licence may be at most is the core's to check.
const (
	maxLicenceText = 8192 // characters
	maxFileName    = 255  // characters
	maxLicenceFile = 512 << 10
)

// licenceOf reads a licence: a text, or a file with its name. Errors: RESULT_INVALID; the messages never quote the licence.
func licenceOf(l *koogatev1.Licence) (*fulfil.Licence, error) {
	text, name, file := l.GetText(), l.GetFileName(), l.GetFile()
	switch {
	case text != "" && (name != "" || len(file) > 0):
		return nil, badLicence("", "is a text or a file, not both")
	case text == "" && len(file) == 0:
		return nil, badLicence("", "is neither a text nor a file")
	case text == "" && name == "":
		return nil, badLicence(".file_name", "is required with a file")
	case utf8.RuneCountInString(text) > maxLicenceText:
		return nil, badLicence(".text", "is longer than 8192 characters")
	case utf8.RuneCountInString(name) > maxFileName:
		return nil, badLicence(".file_name", "is longer than 255 characters")
	case len(file) > maxLicenceFile:
		return nil, badLicence(".file", "is larger than 524288 bytes")
	}
	return &fulfil.Licence{Text: text, FileName: name, File: file}, nil
}

func badLicence(field, msg string) error {
	e := errs.New(errs.Invalid, errs.ResultInvalid, "licence%s %s", field, msg)
	e.Fields = []errs.Field{{Path: "licence" + field, Msg: msg}}
	return e
}

// inputOf shows what a call told to the worker that has leased its task.
func inputOf(in fulfil.Input) *koogatev1.TaskInput {
	return &koogatev1.TaskInput{
		CustomerId: in.CustomerID, CustomerName: in.CustomerName, UserId: in.UserID, UserName: in.UserName,
		MobilePhone: in.MobilePhone, Email: in.Email, ExtendParams: in.ExtendParams, EventId: in.EventID,
		DeviceFingerprint: in.DeviceFingerprint, EffectiveTime: timestamp(in.EffectiveAt),
		LicenceExpireTime: timestamp(in.LicenceExpireAt), LicenceCode: in.LicenceCode, DiskSize: in.DiskSize, BandWidth: in.BandWidth,
	}
}
