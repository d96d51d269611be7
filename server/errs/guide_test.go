// SPDX-License-Identifier: Apache-2.0

package errs_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/server/errs"
)

// reasons are those of the contract.
func reasons() []errs.Reason {
	var all []errs.Reason
	for _, name := range koogatev1.ErrorReason_name {
		if name = strings.TrimPrefix(name, "ERROR_REASON_"); name != "UNSPECIFIED" {
			all = append(all, errs.Reason(name))
		}
	}
	slices.Sort(all)
	return all
}

var fieldName = regexp.MustCompile(`[a-z]+_[a-z]+|[a-z]+[A-Z][a-z]+`)

func TestEveryReasonHasAGuide(t *testing.T) {
	for _, r := range reasons() {
		g, ok := errs.GuideTo(r)
		if !ok {
			t.Errorf("%s has no guide", r)
			continue
		}
		if !strings.HasSuffix(g.Remedy, ".") || fieldName.MatchString(g.Remedy) {
			t.Errorf("%s: %q is no sentence, or names a field, which REST and gRPC write in two ways", r, g.Remedy)
		}
		if !strings.HasSuffix(g.RemedyZH, "。") || strings.IndexFunc(g.RemedyZH, func(c rune) bool { return unicode.Is(unicode.Han, c) }) < 0 {
			t.Errorf("%s: %q is no Chinese sentence", r, g.RemedyZH)
		}
		for _, k := range g.Kinds {
			if temporary := k == errs.Unavailable || k == errs.Exhausted; temporary != g.Retryable {
				t.Errorf("%s: retryable is %v, but it comes as %s", r, g.Retryable, k.Code())
			}
		}
	}
	if _, ok := errs.GuideTo("NO_SUCH_REASON"); ok {
		t.Error("a reason that the contract does not list has a guide")
	}
}

// ofField finds the reasons of fields at fault, which are Invalid.
var ofField = regexp.MustCompile(`errs\.BadFieldOf\(errs\.([A-Z]\w+),`)

var made = regexp.MustCompile(`errs\.(Internal|Invalid|NotFound|Conflict|Precondition|Unauthorized|Unavailable|Forbidden|Exhausted|TooSlow|Unserved), (?:Reason: )?errs\.([A-Z]\w+)`)

// TestGuidesKnowTheKinds walks the source: a reason comes as the kinds that its guide names, and as no other.
func TestGuidesKnowTheKinds(t *testing.T) {
	source, err := os.ReadFile("errs.go")
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]errs.Reason{}
	for _, m := range regexp.MustCompile(`(?m)^\t(\w+)\s+Reason = "(\w+)"`).FindAllStringSubmatch(string(source), -1) {
		byName[m[1]] = errs.Reason(m[2])
	}
	kinds := map[string]errs.Kind{
		"Internal": errs.Internal, "Invalid": errs.Invalid, "NotFound": errs.NotFound, "Conflict": errs.Conflict,
		"Precondition": errs.Precondition, "Unauthorized": errs.Unauthorized, "Unavailable": errs.Unavailable,
		"Forbidden": errs.Forbidden, "Exhausted": errs.Exhausted, "TooSlow": errs.TooSlow, "Unserved": errs.Unserved,
	}
	found := map[errs.Reason][]errs.Kind{}
	err = filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range made.FindAllStringSubmatch(string(text), -1) {
			r, ok := byName[m[2]]
			if !ok {
				continue // a variable of the type
			}
			if k := kinds[m[1]]; !slices.Contains(found[r], k) {
				found[r] = append(found[r], k)
			}
		}
		for _, m := range ofField.FindAllStringSubmatch(string(text), -1) {
			if r := byName[m[1]]; !slices.Contains(found[r], errs.Invalid) {
				found[r] = append(found[r], errs.Invalid)
			}
		}
		return err
	})
	if err != nil || len(found) < 30 {
		t.Fatalf("%d reasons, %v", len(found), err)
	}
	found[errs.UnknownEnumValue] = []errs.Kind{errs.Invalid} // interceptor.Validate changes the reason of an INVALID_FIELD
	for _, r := range reasons() {
		g, _ := errs.GuideTo(r)
		slices.Sort(found[r])
		if want := slices.Sorted(slices.Values(g.Kinds)); !slices.Equal(want, found[r]) {
			t.Errorf("%s: the guide has the kinds %v, the source %v", r, want, found[r])
		}
	}
}

// mostGuide is how many bytes a guide may add to a status: the trailers of a gRPC answer are bounded, by Java's client at 8 KiB.
const mostGuide = 900

func TestGuided(t *testing.T) {
	for _, r := range reasons() {
		e := errs.New(errs.Invalid, r, "a text")
		e.Meta = map[string]string{"queue": "crm"}
		e.Fields = []errs.Field{{Path: "a", Msg: "b"}}
		e.Retry = time.Second
		plain := errs.ToStatus(e)
		before := proto.Size(plain.Proto())
		s := errs.Guided(plain)
		if added := proto.Size(s.Proto()) - before; added > mostGuide || proto.Size(plain.Proto()) != before {
			t.Errorf("%s: a guide of %d bytes; the most are %d, and the status itself must not change", r, added, mostGuide)
		}
		g, _ := errs.GuideTo(r)
		d := s.Details()
		if s.Code() != plain.Code() || s.Message() != plain.Message() || len(d) != 6 {
			t.Fatalf("%s: got %v", r, s)
		}
		info := d[0].(*errdetails.ErrorInfo)
		if want := map[bool]string{true: "true", false: "false"}[g.Retryable]; info.GetMetadata()[errs.MetaRetryable] != want || info.GetMetadata()["queue"] != "crm" {
			t.Errorf("%s: metadata %v", r, info.GetMetadata())
		}
		if links := d[3].(*errdetails.Help).GetLinks(); len(links) != 1 || links[0].GetUrl() != errs.Page+"#"+strings.ToLower(string(r)) {
			t.Errorf("%s: links %v", r, links)
		}
		for i, want := range []*errdetails.LocalizedMessage{{Locale: "en", Message: g.Remedy}, {Locale: "zh-CN", Message: g.RemedyZH}} {
			if !proto.Equal(d[4+i].(proto.Message), want) {
				t.Errorf("%s: got %v, want %v", r, d[4+i], want)
			}
		}
		if again := errs.Guided(s); !proto.Equal(again.Proto(), s.Proto()) {
			t.Errorf("%s: guided twice", r)
		}
	}
	foreign, err := status.New(codes.NotFound, "x").WithDetails(&errdetails.ErrorInfo{Domain: "elsewhere", Reason: "TASK_NOT_FOUND"})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []*status.Status{nil, status.New(codes.OK, ""), status.New(codes.Canceled, "x"), errs.ToStatus(errs.New(errs.Invalid, "NO_SUCH_REASON", "x")), foreign} {
		if got := errs.Guided(s); !proto.Equal(got.Proto(), s.Proto()) {
			t.Errorf("%v became %v", s, got)
		}
	}
}
