// SPDX-License-Identifier: Apache-2.0

package v1

import (
	"context"
	"time"
	"unicode/utf8"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/server/licence"
)

// Licences is what LicenceService calls; *licence.Service is one.
type Licences interface {
	Activate(ctx context.Context, seller, code string, effect time.Time) (licence.Info, error)
	Query(ctx context.Context, seller, code string, fresh bool) (licence.Info, error)
	Use(ctx context.Context, seller, code, client string) (counted bool, err error)
}

// licences serves LicenceService.
type licences struct {
	koogatev1.UnimplementedLicenceServiceServer

	licences Licences
}

// ActivateLicence implements LicenceService.
func (s *licences) ActivateLicence(ctx context.Context, r *koogatev1.ActivateLicenceRequest) (*koogatev1.ActivateLicenceResponse, error) {
	seller, err := sellerOf(ctx)
	if err != nil {
		return nil, err
	}
	i, err := s.licences.Activate(ctx, seller, r.GetLicenceCode(), timeOf(r.GetEffectTime()))
	if err != nil {
		return nil, err
	}
	return &koogatev1.ActivateLicenceResponse{Licence: licenceInfo(i)}, nil
}

// QueryLicence implements LicenceService.
func (s *licences) QueryLicence(ctx context.Context, r *koogatev1.QueryLicenceRequest) (*koogatev1.QueryLicenceResponse, error) {
	seller, err := sellerOf(ctx)
	if err != nil {
		return nil, err
	}
	i, err := s.licences.Query(ctx, seller, r.GetLicenceCode(), r.GetFresh())
	if err != nil {
		return nil, err
	}
	return &koogatev1.QueryLicenceResponse{Licence: licenceInfo(i)}, nil
}

// ReportLicenceUse implements LicenceService.
func (s *licences) ReportLicenceUse(ctx context.Context, r *koogatev1.ReportLicenceUseRequest) (*koogatev1.ReportLicenceUseResponse, error) {
	seller, err := sellerOf(ctx)
	if err != nil {
		return nil, err
	}
	counted, err := s.licences.Use(ctx, seller, r.GetLicenceCode(), r.GetClientId())
	if err != nil {
		return nil, err
	}
	return &koogatev1.ReportLicenceUseResponse{Counted: counted}, nil
}

func licenceInfo(i licence.Info) *koogatev1.LicenceInfo {
	return &koogatev1.LicenceInfo{
		Status: licenceStatus(i.Status), ActivateTime: timestamp(i.ActivateAt), ExpireTime: timestamp(i.ExpireAt),
		ProductId: i.ProductID, OrderId: i.OrderID, Amount: i.Amount, CheckTime: timestamp(i.CheckedAt),
	}
}

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
