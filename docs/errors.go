// SPDX-License-Identifier: Apache-2.0

package docs

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/koogate/koogate/server/errs"
)

// ReasonsFile is the contract's list of reasons, from the project's directory.
const ReasonsFile = "proto/koogate/v1/error_reason.proto"

const errorsBegin = `# Errors

<!-- Made by "make generate-docs" from proto/koogate/v1/error_reason.proto and server/errs/guides.go. -->

Every error of the internal API is a google.rpc.Status: over REST it is the body, over gRPC the status. Besides a code and a message it has

- **ErrorInfo**: the reason, one of those below. Its metadata says under "retryable" whether the same call may succeed when it is sent again
  later without anything else being changed, and what else the reason tells;
- **BadRequest**, where fields are at fault: their paths, over REST with the JSON names, and what is wrong with each, at most 20;
- **RetryInfo**, where Koogate knows how long to wait;
- **Help**: a link to the reason on this page;
- **LocalizedMessage**, twice: what you can do, in English (en) and Chinese (zh-CN).

A program decides by the reason and by "retryable"; messages are for people and may change. A call that was cancelled, or was not done within its
deadline, has its code alone. A member that a call does not know is refused over REST; over gRPC it is ignored, as protobuf wants it.

The marketplace's calls are answered with the marketplace's own result codes, and with none of this.

`

// Errors is the page of all reasons, docs/errors.md. list is the text of [ReasonsFile]. A reason without a guide is an error.
func Errors(list string) (string, error) {
	var b strings.Builder
	b.WriteString(errorsBegin)
	example, err := exampleError()
	if err != nil {
		return "", err
	}
	b.WriteString("```json\n" + example + "\n```\n")
	for _, m := range listedReason.FindAllStringSubmatch(list, -1) {
		reason := errs.Reason(m[2])
		if reason == "UNSPECIFIED" {
			continue
		}
		g, ok := errs.GuideTo(reason)
		if !ok {
			return "", fmt.Errorf("no guide to %s in server/errs/guides.go", reason)
		}
		again := "Sending the same call again does not help."
		if g.Retryable {
			again = "The same call may be sent again."
		}
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n%s %s\n\n- %s\n- %s\n", reason, comment(m[1]), answeredAs(reason, g.Kinds), again, g.Remedy, g.RemedyZH)
	}
	return b.String(), nil
}

// listedReason is a value of the enum with the comment above it.
var listedReason = regexp.MustCompile(`((?:  // .*\n)+)  ERROR_REASON_([A-Z_]+) = `)

func comment(lines string) string {
	return strings.Join(strings.Fields(strings.ReplaceAll(lines, "  // ", " ")), " ")
}

// answeredAs says with which statuses a reason comes.
func answeredAs(r errs.Reason, kinds []errs.Kind) string {
	switch r {
	case errs.PathNotFound:
		return "REST 404, gRPC UNIMPLEMENTED."
	case errs.MethodNotAllowed:
		return fmt.Sprintf("REST %d.", http.StatusMethodNotAllowed)
	}
	list := make([]string, len(kinds))
	for i, k := range kinds {
		list[i] = fmt.Sprintf("REST %d, gRPC %s", runtime.HTTPStatusFromCode(k.Code()), code.Code(k.Code()))
	}
	return strings.Join(list, "; or ") + "."
}

// exampleError is an error as REST answers it.
func exampleError() (string, error) {
	e := errs.New(errs.NotFound, errs.QueueNotFound, "no provisioner of type worker has the queue crn")
	e.Meta = map[string]string{"queue": "crn"}
	text, err := protojson.Marshal(errs.Guided(errs.ToStatus(e)).Proto())
	if err != nil {
		return "", err
	}
	var out bytes.Buffer
	if err := json.Indent(&out, text, "", "  "); err != nil {
		return "", err
	}
	return out.String(), nil
}
