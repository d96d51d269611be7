// SPDX-License-Identifier: Apache-2.0

package rowfile

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/koogallery/wiretime"
)

// column is one column that a file may have. Its name is that of the API's field.
type column struct {
	verbatim bool // blanks at the ends belong to the value
	set      func(row *koogatev1.ImportRow, text string, zone *time.Location) error
}

var (
	errState  = errors.New("is none of ACTIVE, FROZEN, EXPIRED and RELEASED")
	errNumber = errors.New("is no whole number")
	errTruth  = errors.New("is neither true nor false")
	errReset  = errors.New("is none of NONE, MONTH and YEAR")
	errTime   = errors.New("is no time: write 2027-11-23T15:59:59Z, or 20271123155959 as the marketplace does")
)

// text is a column whose text is the value.
func text(field func(row *koogatev1.ImportRow) *string) column {
	return column{set: func(row *koogatev1.ImportRow, text string, _ *time.Location) error { *field(row) = text; return nil }}
}

// exact is text with its outer blanks.
func exact(field func(row *koogatev1.ImportRow) *string) column {
	c := text(field)
	c.verbatim = true
	return c
}

func truth(field func(row *koogatev1.ImportRow) *bool) column {
	return column{set: func(row *koogatev1.ImportRow, text string, _ *time.Location) error {
		switch strings.ToLower(text) {
		case "true", "yes", "1":
			*field(row) = true
		case "false", "no", "0":
		default:
			return errTruth
		}
		return nil
	}}
}

func moment(field func(row *koogatev1.ImportRow) **timestamppb.Timestamp) column {
	return column{set: func(row *koogatev1.ImportRow, text string, zone *time.Location) error {
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			at, err = wiretime.ParseIn(text, zone)
		}
		if err != nil {
			return errTime
		}
		*field(row) = timestamppb.New(at)
		return nil
	}}
}

// accessOf is the access information of a row, which is there from its first field on.
func accessOf(row *koogatev1.ImportRow) *koogatev1.InstanceAccess {
	if row.Access == nil {
		row.Access = &koogatev1.InstanceAccess{}
	}
	return row.Access
}

// packageOf is what a package of a row holds, which is there from its first field on.
func packageOf(row *koogatev1.ImportRow) *koogatev1.ImportPackage {
	if row.Package == nil {
		row.Package = &koogatev1.ImportPackage{}
	}
	return row.Package
}

// columns are all that a file may have.
var columns = map[string]column{
	"endpoint":       text(func(r *koogatev1.ImportRow) *string { return &r.Endpoint }),
	"family":         text(func(r *koogatev1.ImportRow) *string { return &r.Family }),
	"order_id":       text(func(r *koogatev1.ImportRow) *string { return &r.OrderId }),
	"order_line_id":  text(func(r *koogatev1.ImportRow) *string { return &r.OrderLineId }),
	"instance_id":    text(func(r *koogatev1.ImportRow) *string { return &r.InstanceId }),
	"product_id":     text(func(r *koogatev1.ImportRow) *string { return &r.ProductId }),
	"product_in_key": truth(func(r *koogatev1.ImportRow) *bool { return &r.ProductInKey }),
	"sku_code":       text(func(r *koogatev1.ImportRow) *string { return &r.SkuCode }),
	"charging_mode":  text(func(r *koogatev1.ImportRow) *string { return &r.ChargingMode }),
	"quantity": {set: func(row *koogatev1.ImportRow, text string, _ *time.Location) (err error) {
		if row.Quantity, err = strconv.ParseInt(text, 10, 64); err != nil {
			return errNumber
		}
		return nil
	}},
	"trial": truth(func(r *koogatev1.ImportRow) *bool { return &r.Trial }),
	"state": {set: func(row *koogatev1.ImportRow, text string, _ *time.Location) error {
		row.State = koogatev1.ImportState(koogatev1.ImportState_value["IMPORT_STATE_"+strings.ToUpper(text)])
		if row.State == 0 {
			return errState
		}
		return nil
	}},
	"expire_time":   moment(func(r *koogatev1.ImportRow) **timestamppb.Timestamp { return &r.ExpireTime }),
	"create_time":   moment(func(r *koogatev1.ImportRow) **timestamppb.Timestamp { return &r.CreateTime }),
	"customer_id":   text(func(r *koogatev1.ImportRow) *string { return &r.CustomerId }),
	"front_end_url": text(func(r *koogatev1.ImportRow) *string { return &accessOf(r).FrontEndUrl }),
	"admin_url":     text(func(r *koogatev1.ImportRow) *string { return &accessOf(r).AdminUrl }),
	"user_name":     exact(func(r *koogatev1.ImportRow) *string { return &accessOf(r).UserName }),
	"password":      exact(func(r *koogatev1.ImportRow) *string { return &accessOf(r).Password }),
	"memo":          exact(func(r *koogatev1.ImportRow) *string { return &accessOf(r).Memo }),
	"licence":       exact(func(r *koogatev1.ImportRow) *string { return &r.Licence }),

	"package_instance_id": text(func(r *koogatev1.ImportRow) *string { return &packageOf(r).InstanceId }),
	"package_quota":       text(func(r *koogatev1.ImportRow) *string { return &packageOf(r).Quota }),
	"package_used":        text(func(r *koogatev1.ImportRow) *string { return &packageOf(r).Used }),
	"package_reset": {set: func(row *koogatev1.ImportRow, text string, _ *time.Location) error {
		reset := koogatev1.QuotaReset(koogatev1.QuotaReset_value["QUOTA_RESET_"+strings.ToUpper(text)])
		switch reset {
		case koogatev1.QuotaReset_QUOTA_RESET_UNSPECIFIED:
			return errReset
		case koogatev1.QuotaReset_QUOTA_RESET_NONE: // which rows may say that are no packages
		default:
			packageOf(row).Reset_ = reset
		}
		return nil
	}},
	"package_begin_time": moment(func(r *koogatev1.ImportRow) **timestamppb.Timestamp { return &packageOf(r).BeginTime }),
	"package_priority": {set: func(row *koogatev1.ImportRow, text string, _ *time.Location) error {
		n, err := strconv.ParseInt(text, 10, 32)
		if err != nil {
			return errNumber
		}
		if n != 0 {
			packageOf(row).Priority = int32(n)
		}
		return nil
	}},
	"package_keep_going": truth(func(r *koogatev1.ImportRow) *bool { return &packageOf(r).KeepGoing }),
}

// order is that in which the columns are told.
var order = []string{
	"endpoint", "family", "order_id", "order_line_id", "instance_id", "product_id", "product_in_key", "sku_code", "charging_mode", "quantity", "trial", "state",
	"expire_time", "create_time", "customer_id", "front_end_url", "admin_url", "user_name", "password", "memo", "licence",
	"package_instance_id", "package_quota", "package_used", "package_reset", "package_begin_time", "package_priority", "package_keep_going",
}

// Columns are the names of all columns.
func Columns() []string { return slices.Clone(order) }
