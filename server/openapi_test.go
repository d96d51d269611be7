// SPDX-License-Identifier: Apache-2.0

package server_test

import (
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"go.yaml.in/yaml/v3"
	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	openapidoc "github.com/koogate/koogate/gen/openapi"
	"github.com/koogate/koogate/server/config"
)

// apiDocument is the document as far as the tests read it.
type apiDocument struct {
	OpenAPI    string                          `yaml:"openapi"`
	Paths      map[string]map[string]operation `yaml:"paths"`
	Components struct {
		Schemas map[string]any `yaml:"schemas"`
	} `yaml:"components"`

	patterns []callPattern
}

type operation struct {
	ID          string                `yaml:"operationId"`
	Description string                `yaml:"description"`
	Security    []map[string][]string `yaml:"security"`
	RequestBody *struct {
		Content map[string]struct{ Schema any }
	} `yaml:"requestBody"`
	Responses map[string]struct {
		Description string
		Content     map[string]struct{ Schema any }
	}
}

func document(t *testing.T) *apiDocument {
	t.Helper()
	d, err := documentOnce()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// documentOnce reads the document once: every case over REST asks for it, and reading it takes longer than the case.
var documentOnce = sync.OnceValues(func() (*apiDocument, error) {
	var d apiDocument
	if err := yaml.Unmarshal(openapidoc.YAML, &d); err != nil {
		return nil, err
	}
	for call, op := range d.calls() {
		pattern := "^" + pathVariable.ReplaceAllString(regexp.MustCompile(`[.$]`).ReplaceAllString(call, `\$0`), `[^/]+`) + "$"
		d.patterns = append(d.patterns, callPattern{regexp.MustCompile(pattern), op})
	}
	return &d, nil
})

// callPattern is what the calls of an operation look like, method and path.
type callPattern struct {
	*regexp.Regexp
	op operation
}

// calls are the operations without the one that returns the document.
func (d *apiDocument) calls() map[string]operation {
	all := map[string]operation{}
	for path, item := range d.Paths {
		for method, op := range item {
			if path != "/openapi.yaml" {
				all[strings.ToUpper(method)+" "+path] = op
			}
		}
	}
	return all
}

var pathVariable = regexp.MustCompile(`\{[^}]+\}`)

// TestOpenAPI walks every path and method of the document over the real listener, and every path of the protos over the document.
func TestOpenAPI(t *testing.T) {
	r := start(t, withoutJobs)
	d := document(t)
	if code, body, header := r.http(config.ListenerAPI, http.MethodGet, "/openapi.yaml", "", ""); code != 200 || body != string(openapidoc.YAML) ||
		header.Get("Content-Type") != "application/yaml" || d.OpenAPI != "3.1.0" {
		t.Errorf("got %d %s, OpenAPI %q", code, header, d.OpenAPI)
	}
	if code, body, header := r.http(config.ListenerAPI, http.MethodGet, "/docs/", "", ""); code != 200 || !strings.Contains(body, "../openapi.yaml") ||
		!strings.HasPrefix(header.Get("Content-Security-Policy"), "default-src 'none'") || header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("the document's page: got %d %s %s", code, header, body)
	}
	for call, op := range d.calls() {
		method, path, _ := strings.Cut(pathVariable.ReplaceAllString(call, "x"), " ")
		if code, body, _ := r.http(config.ListenerAPI, method, path, "", ""); code != 401 {
			t.Errorf("%s without a token: got %d %s, want 401", call, code, body)
		}
		if _, endless := op.Responses["200"].Content["text/event-stream"]; endless {
			path += "?heartbeat=0s" // which is refused
		}
		code, body, _ := r.http(config.ListenerAPI, method, path, acmeToken, "")
		if code == http.StatusMethodNotAllowed || strings.Contains(body, "no such path") {
			t.Errorf("%s is in the document and is not served: %d %s", call, code, body)
		}
		d.judge(t, method, path, code, body)
		if len(op.Security) != 1 || op.Security[0]["bearer"] == nil {
			t.Errorf("%s: security %v, want the bearer token", call, op.Security)
		}
		if op.ID == "" || op.Description == "" {
			t.Errorf("%s has no operationId or no description", call)
		}
		for _, status := range []string{"200", "400", "401", "500", "503", "504"} {
			if op.Responses[status].Description == "" {
				t.Errorf("%s: no response %s", call, status)
			}
		}
	}
	served := servedPaths()
	for _, call := range served {
		if _, ok := d.calls()[call]; !ok {
			t.Errorf("%s is served and not in the document", call)
		}
	}
	if len(served) != len(d.calls()) || len(served) < 30 {
		t.Errorf("%d calls are served, the document has %d", len(served), len(d.calls()))
	}
}

// servedPaths are the methods and paths that the protos give to the internal API, with the JSON names of their variables.
func servedPaths() []string {
	var served []string
	protoregistry.GlobalFiles.RangeFilesByPackage("koogate.v1", func(f protoreflect.FileDescriptor) bool {
		for i := range f.Services().Len() {
			methods := f.Services().Get(i).Methods()
			for j := range methods.Len() {
				rule := proto.GetExtension(methods.Get(j).Options(), annotations.E_Http).(*annotations.HttpRule)
				for _, r := range append([]*annotations.HttpRule{rule}, rule.GetAdditionalBindings()...) {
					for method, path := range map[string]string{
						"GET": r.GetGet(), "PUT": r.GetPut(), "POST": r.GetPost(), "PATCH": r.GetPatch(), "DELETE": r.GetDelete(),
					} {
						if path != "" {
							served = append(served, method+" "+pathVariable.ReplaceAllStringFunc(path, camel))
						}
					}
				}
			}
		}
		return true
	})
	return served
}

// judge holds an answer to the document: its status must be there, and its body must be what the schema says.
func (d *apiDocument) judge(t *testing.T, method, path string, status int, body string) {
	t.Helper()
	op, ok := d.find(method, path)
	if !ok {
		t.Fatalf("the document has no %s %s", method, path)
	}
	response, ok := op.Responses[itoa(status)]
	if !ok {
		t.Errorf("%s %s answers %d, which the document does not have: %s", method, path, status, body)
		return
	}
	var v any
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		t.Fatal(err)
	}
	for _, fault := range d.faults("", response.Content["application/json"].Schema, v) {
		t.Errorf("%s %s answers %d: %s\nin %s", method, path, status, fault, body)
	}
}

// judgeRequest holds a body that was accepted to the document.
func (d *apiDocument) judgeRequest(t *testing.T, method, path, body string) {
	t.Helper()
	op, _ := d.find(method, path)
	if op.RequestBody == nil {
		return
	}
	var v any
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		t.Fatal(err)
	}
	for _, media := range op.RequestBody.Content {
		for _, fault := range d.faults("", media.Schema, v) {
			t.Errorf("%s %s takes a body that the document does not allow: %s\nin %s", method, path, fault, body)
		}
	}
}

func (d *apiDocument) find(method, path string) (operation, bool) {
	path, _, _ = strings.Cut(path, "?")
	var found []operation
	for _, p := range d.patterns {
		if p.MatchString(method + " " + path) {
			found = append(found, p.op)
		}
	}
	if len(found) > 1 { // a variable takes the verb, too
		found = slices.DeleteFunc(found, func(op operation) bool { return strings.HasPrefix(op.ID, "get") })
	}
	if len(found) != 1 {
		return operation{}, false
	}
	return found[0], true
}
