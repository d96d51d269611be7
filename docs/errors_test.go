// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"os"
	"strings"
	"testing"

	"github.com/koogate/koogate/docs"
	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
)

// TestErrorsPage: errors.md is what the contract and the guides say, and every reason has the heading that errors link to.
func TestErrorsPage(t *testing.T) {
	list, err := os.ReadFile("../" + docs.ReasonsFile)
	if err != nil {
		t.Fatal(err)
	}
	want, err := docs.Errors(string(list))
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("errors.md")
	if err != nil {
		t.Fatal(err)
	}
	if want != string(page) {
		t.Error("errors.md is not what the contract and server/errs/guides.go say: run make generate-docs")
	}
	headings := map[string]bool{}
	for _, m := range heading.FindAllStringSubmatch(string(page), -1) {
		headings[anchor(m[1])] = true
	}
	for _, name := range koogatev1.ErrorReason_name {
		reason := strings.TrimPrefix(name, "ERROR_REASON_")
		if reason != "UNSPECIFIED" && !headings[strings.ToLower(reason)] {
			t.Errorf("errors.md has no heading %s", reason)
		}
	}
}
