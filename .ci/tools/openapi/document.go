// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/compiler/protogen"
)

// object is a part of the document; its members come out sorted.
type object = map[string]any

// document is an OpenAPI document, in the order of its members.
type document struct {
	OpenAPI    string   `yaml:"openapi"`
	Info       object   `yaml:"info"`
	Servers    []object `yaml:"servers"`
	Tags       []object `yaml:"tags"`
	Paths      object   `yaml:"paths"`
	Components object   `yaml:"components"`
}

const description = `The seller's side of KooGallery as one service: this is its internal API, for the vendor's own workers and operators.

Members of bodies, names of parameters and fields in errors are lowerCamelCase. A member or parameter that a call does not know is
refused by name. 64-bit numbers are texts, times are RFC 3339 in UTC, durations are seconds with their unit ("30s"). A member of an
answer whose value is an object is null when there is none. The marketplace's production interface is not part of this document.`

// builder collects the document.
type builder struct {
	reasons map[string]string    // an ErrorReason's text by its name without prefix
	words   map[string]string    // the JSON names of all fields by their proto names, where the two differ
	alone   map[string]bool      // the messages of lists whose elements are judged one by one, so that no bound rejects the call
	scopes  *protogen.Extension  // the option that declares the scopes of a method
	owner   map[string]direction // what the schema of each name describes
	schemas object
}

func newDocument(files []*protogen.File) (*document, error) {
	b := &builder{
		reasons: map[string]string{}, words: map[string]string{}, alone: map[string]bool{}, owner: map[string]direction{},
		schemas: fixedSchemas(),
	}
	files = slices.DeleteFunc(slices.Clone(files), func(f *protogen.File) bool { return f.Desc.Package() != pkg })
	for _, f := range files {
		b.read(f)
		for _, x := range f.Extensions {
			if x.Desc.Name() == "scopes" {
				b.scopes = x
			}
		}
	}
	doc := &document{
		OpenAPI: "3.1.0",
		Info: object{
			"title": "Koogate", "version": "v1", "description": description,
			"license": object{"name": "Apache-2.0", "identifier": "Apache-2.0"},
		},
		Servers: []object{{"url": "/", "description": "The address of listen.api."}},
		Paths:   object{"/openapi.yaml": object{"get": ownOperation()}},
	}
	var err error
	for _, f := range files {
		for _, s := range f.Services {
			doc.Tags = append(doc.Tags, object{"name": s.GoName, "description": b.text(s.Comments)})
			for _, m := range s.Methods {
				if err = b.operation(doc.Paths, s, m); err != nil {
					return nil, err
				}
			}
		}
	}
	slices.SortFunc(doc.Tags, func(x, y object) int { return strings.Compare(x["name"].(string), y["name"].(string)) })
	doc.Tags = append(doc.Tags, object{"name": "Document", "description": "This document itself."})
	doc.Components = object{
		"securitySchemes": object{"bearer": object{
			"type": "http", "scheme": "bearer", "description": "An API token of the seller: sellers[].tokens or sellers[].api_tokens of the configuration.",
		}},
		"schemas": b.schemas,
	}
	return doc, unique(doc.Paths)
}

// ownOperation is the one path that is no rpc.
func ownOperation() object {
	return object{
		"operationId": "getOpenapi", "tags": []string{"Document"}, "security": []object{},
		"summary": "Returns this document.", "description": "Returns this document. It is the same for everybody and needs no token.",
		"responses": object{"200": object{
			"description": "The document.",
			"content":     object{"application/yaml": object{"schema": object{"type": "string"}}},
		}},
	}
}

// unique checks that no two operations have the same ID.
func unique(paths object) error {
	seen := map[string]string{}
	for path, item := range paths {
		for method, op := range item.(object) {
			id := op.(object)["operationId"].(string)
			if other, ok := seen[id]; ok {
				return fmt.Errorf("openapi: %s %s and %s have the same operationId %s", method, path, other, id)
			}
			seen[id] = method + " " + path
		}
	}
	return nil
}
