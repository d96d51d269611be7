// SPDX-License-Identifier: Apache-2.0

package rest

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/koogate/koogate/server/errs"
)

// answers writes the gateway's errors.
type answers struct {
	names     names
	marshaler runtime.Marshaler
}

// route answers a path or method that no rpc has. A wrong method is answered with 405 and not with the gateway's 501.
func (a answers) route(ctx context.Context, mux *runtime.ServeMux, m runtime.Marshaler, w http.ResponseWriter, r *http.Request, code int) {
	e := errs.New(errs.Invalid, errs.InvalidField, "the request cannot be read")
	switch code {
	case http.StatusNotFound:
		e = errs.New(errs.NotFound, errs.PathNotFound, "no such path")
	case http.StatusMethodNotAllowed:
		e = errs.New(errs.Unserved, errs.MethodNotAllowed, "no such method at this path")
	default:
		code = http.StatusBadRequest
	}
	a.fault(ctx, mux, m, w, r, &runtime.HTTPStatusError{HTTPStatus: code, Err: guided(e)})
}

// refuse answers a request that the gateway is not given.
func (a answers) refuse(w http.ResponseWriter, r *http.Request, err error) {
	retryAfter(w, status.Convert(guided(err)))
	runtime.DefaultHTTPErrorHandler(r.Context(), runtime.NewServeMux(), a.marshaler, w, r, guided(err))
}

// retryAfter says in the header what RetryInfo says in the body, in whole seconds and never too early.
func retryAfter(w http.ResponseWriter, s *status.Status) {
	for _, d := range s.Details() {
		if info, ok := d.(*errdetails.RetryInfo); ok {
			w.Header().Set("Retry-After", strconv.FormatInt(int64((info.GetRetryDelay().AsDuration()+time.Second-1)/time.Second), 10))
		}
	}
}

// guided is an error of the gateway's own as those of the calls behind it are.
func guided(err error) error { return errs.Guided(errs.ToStatus(err)).Err() }

var position = regexp.MustCompile(`\(line [0-9]+:[0-9]+\)`)

// fault answers an error with the names that REST has for its fields. An error that the gateway found itself, in reading the
// request, carries no reason and quotes what it read, which may be a password: a text of Koogate's replaces it.
func (a answers) fault(ctx context.Context, mux *runtime.ServeMux, m runtime.Marshaler, w http.ResponseWriter, r *http.Request, err error) {
	var routing *runtime.HTTPStatusError
	if !errors.As(err, &routing) {
		s := status.Convert(err)
		if ended := refused(r.Context()); ended != nil {
			s = errs.Guided(errs.ToStatus(ended))
		} else if s.Code() == codes.InvalidArgument && len(s.Details()) == 0 {
			text := "the request cannot be read as JSON of this call"
			if at := position.FindString(s.Message()); at != "" {
				text += " " + at
			}
			s = errs.Guided(errs.ToStatus(errs.New(errs.Invalid, errs.InvalidField, "%s", text)))
		}
		retryAfter(w, s)
		err = status.FromProto(a.names.status(r, s.Proto())).Err()
	}
	runtime.DefaultHTTPErrorHandler(ctx, mux, m, w, r, err)
}
