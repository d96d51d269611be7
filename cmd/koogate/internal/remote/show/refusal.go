// SPDX-License-Identifier: Apache-2.0

package show

import (
	"encoding/json"
	"fmt"
	"strings"

	"google.golang.org/grpc/codes"

	"github.com/koogate/koogate/client"
	"github.com/koogate/koogate/cmd/koogate/internal/terminal"
)

// refusal is an error of a call as JSON.
type refusal struct {
	Code              string            `json:"code"`
	Reason            string            `json:"reason,omitempty"`
	Message           string            `json:"message"`
	Fields            []field           `json:"fields,omitempty"`
	Retryable         bool              `json:"retryable"`
	RetryAfterSeconds float64           `json:"retryAfterSeconds,omitempty"`
	Remedy            string            `json:"remedy,omitempty"`
	Page              string            `json:"page,omitempty"`
	Metadata          map[string]string `json:"metadata,omitempty"`
}

type field struct {
	Path    string `json:"path"`
	Message string `json:"message"`
}

// codeNames are the names of gRPC's codes as its documents and REST write them.
var codeNames = map[codes.Code]string{
	codes.Canceled: "CANCELLED", codes.Unknown: "UNKNOWN", codes.InvalidArgument: "INVALID_ARGUMENT", codes.DeadlineExceeded: "DEADLINE_EXCEEDED",
	codes.NotFound: "NOT_FOUND", codes.AlreadyExists: "ALREADY_EXISTS", codes.PermissionDenied: "PERMISSION_DENIED", codes.ResourceExhausted: "RESOURCE_EXHAUSTED",
	codes.FailedPrecondition: "FAILED_PRECONDITION", codes.Aborted: "ABORTED", codes.OutOfRange: "OUT_OF_RANGE", codes.Unimplemented: "UNIMPLEMENTED",
	codes.Internal: "INTERNAL", codes.Unavailable: "UNAVAILABLE", codes.DataLoss: "DATA_LOSS", codes.Unauthenticated: "UNAUTHENTICATED",
}

// Refusal says why a call failed and what can be done about it: for people in several lines, in the language, with -o json as one
// object. address is where the service was looked for.
func Refusal(out *terminal.Console, form, language, address string, e *client.Error) {
	code := codeNames[e.Code]
	remedy := e.Remedy
	if strings.HasPrefix(language, "zh") && e.RemedyZH != "" {
		remedy = e.RemedyZH
	}
	if remedy == "" {
		remedy = unreached(address, e)
	}
	if form == "json" {
		r := refusal{
			Code: code, Reason: e.ReasonName, Message: e.Message, Retryable: e.Retryable, RetryAfterSeconds: e.RetryAfter.Seconds(), Remedy: remedy, Page: e.Page,
			Metadata: e.Metadata,
		}
		for _, f := range e.Fields {
			r.Fields = append(r.Fields, field(f))
		}
		text, err := json.Marshal(r)
		if err != nil { // a struct of texts; nothing in it fails
			text = []byte(err.Error())
		}
		fmt.Fprintf(out.Err, "%s\n", text)
		return
	}
	name := e.ReasonName
	if name == "" {
		name = code
	}
	fmt.Fprint(out.Err, "koogate: ")
	out.Alarm(name)
	fmt.Fprintf(out.Err, ": %s\n", e.Message)
	for _, f := range e.Fields {
		if f.Message == e.Message || f.Path+": "+f.Message == e.Message {
			continue // it has been said
		}
		fmt.Fprintf(out.Err, "  %s: %s\n", f.Path, f.Message)
	}
	if e.RetryAfter > 0 {
		fmt.Fprintf(out.Err, "  again after %s\n", e.RetryAfter)
	}
	if remedy != "" {
		fmt.Fprintf(out.Err, "  %s\n", remedy)
	}
	if e.Page != "" {
		fmt.Fprintf(out.Err, "  %s\n", e.Page)
	}
}

// unreached is what can be done when Koogate has not answered itself, so that there is no reason.
func unreached(address string, e *client.Error) string {
	switch {
	case e.ReasonName != "":
		return ""
	case strings.Contains(e.Message, "first record does not look like a TLS handshake"):
		return fmt.Sprintf("%s speaks without TLS: koogate login --clear, or KOOGATE_CLEAR=true, where everybody on the way may read along", address)
	case strings.Contains(e.Message, "certificate"):
		return fmt.Sprintf("the certificate of %s does not hold: koogate login --ca FILE, or KOOGATE_CA_FILE, names the authority that has signed it", address)
	case e.Code == codes.Unavailable:
		return fmt.Sprintf("nobody answers at %s: is that the gRPC listener (listen.grpc) of a service that runs? One with TLS beyond loopback takes --ca", address)
	case e.Code == codes.DeadlineExceeded:
		return fmt.Sprintf("%s has not answered in time: try again, or give it longer with --timeout", address)
	case e.Code == codes.Unimplemented:
		return fmt.Sprintf("%s is not Koogate, or an older release", address)
	}
	return ""
}
