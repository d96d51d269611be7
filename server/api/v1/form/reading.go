// SPDX-License-Identifier: Apache-2.0

package form

import (
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/koogate/koogate/server/errs"
)

// reading gathers what cannot be read.
type reading struct {
	at  string // the path of the settings in the request
	bad []errs.Field
}

// duration reads a duration; absent is 0, which stands for the default.
func (r *reading) duration(path string, d *durationpb.Duration) time.Duration {
	if d == nil {
		return 0
	}
	if d.CheckValid() != nil {
		r.bad = append(r.bad, errs.Field{Path: r.at + "." + path, Msg: "is no duration"})
	}
	return d.AsDuration()
}

// err is what could not be read. Errors: INVALID_FIELD.
func (r *reading) err() error {
	if len(r.bad) == 0 {
		return nil
	}
	texts := make([]string, len(r.bad))
	for i, f := range r.bad {
		texts[i] = f.Path + ": " + f.Msg
	}
	e := errs.New(errs.Invalid, errs.InvalidField, "%s", strings.Join(texts, "; "))
	e.Fields = r.bad
	return e
}

// duration shows a duration; 0 is the default and absent.
func duration(d time.Duration) *durationpb.Duration {
	if d == 0 {
		return nil
	}
	return durationpb.New(d)
}
