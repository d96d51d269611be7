// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/compiler/protogen"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

var variable = regexp.MustCompile(`\{([a-z0-9_]+)\}`)

// operation adds a method's operation to the paths.
func (b *builder) operation(paths object, s *protogen.Service, m *protogen.Method) error {
	rule, _ := proto.GetExtension(m.Desc.Options(), annotations.E_Http).(*annotations.HttpRule)
	verb, path, err := verbAndPath(rule)
	if err != nil || len(rule.GetAdditionalBindings()) > 0 {
		return fmt.Errorf("openapi: %s has not exactly one path: %w", m.Desc.FullName(), err)
	}
	scopes, err := b.scopesOf(m)
	if err != nil || len(scopes) == 0 {
		return fmt.Errorf("openapi: %s declares no scope: %w", m.Desc.FullName(), err)
	}
	text := b.text(m.Comments)
	text += "\n\nThe token needs the scope " + strings.Join(scopes, " and the scope ") + "."
	op := object{
		"operationId": strings.ToLower(m.GoName[:1]) + m.GoName[1:], "tags": []string{s.GoName}, "security": []object{{"bearer": scopes}},
		"summary": first(text), "description": text,
	}
	inPath := map[string]bool{}
	var parameters []object
	for _, v := range variable.FindAllStringSubmatch(path, -1) {
		f := fieldByName(m.Input, v[1])
		if f == nil {
			return fmt.Errorf("openapi: %s: the path's %s is no field", m.Desc.FullName(), v[1])
		}
		inPath[v[1]] = true
		parameters = append(parameters, b.parameter(f, "path"))
	}
	body := rule.GetBody()
	if body != "*" {
		for _, f := range m.Input.Fields {
			if name := string(f.Desc.Name()); !inPath[name] && name != body {
				parameters = append(parameters, b.parameter(f, "query"))
			}
		}
	}
	if len(parameters) > 0 {
		op["parameters"] = parameters
	}
	if body != "" {
		if op["requestBody"], err = b.body(m, body, inPath); err != nil {
			return err
		}
	}
	if op["responses"], err = b.responses(m, rule.GetResponseBody()); err != nil {
		return err
	}
	path = variable.ReplaceAllStringFunc(path, func(v string) string {
		return "{" + fieldByName(m.Input, v[1:len(v)-1]).Desc.JSONName() + "}"
	})
	item, _ := paths[path].(object)
	if item == nil {
		item = object{}
		paths[path] = item
	}
	item[verb] = op
	return nil
}

func verbAndPath(r *annotations.HttpRule) (verb, path string, err error) {
	switch p := r.GetPattern().(type) {
	case *annotations.HttpRule_Get:
		return "get", p.Get, nil
	case *annotations.HttpRule_Put:
		return "put", p.Put, nil
	case *annotations.HttpRule_Post:
		return "post", p.Post, nil
	case *annotations.HttpRule_Delete:
		return "delete", p.Delete, nil
	case *annotations.HttpRule_Patch:
		return "patch", p.Patch, nil
	}
	return "", "", fmt.Errorf("no path")
}

func fieldByName(m *protogen.Message, name string) *protogen.Field {
	i := slices.IndexFunc(m.Fields, func(f *protogen.Field) bool { return string(f.Desc.Name()) == name })
	if i < 0 {
		return nil
	}
	return m.Fields[i]
}

func (b *builder) parameter(f *protogen.Field, in string) object {
	return object{
		"name": f.Desc.JSONName(), "in": in, "required": in == "path" || b.required(f), "description": b.fieldText(f),
		"schema": b.schema(f, request),
	}
}

// body is the request body: the whole request without what the path holds, or one field of it.
func (b *builder) body(m *protogen.Method, body string, inPath map[string]bool) (object, error) {
	media, message, text := "application/json", m.Input, "The request."
	if body != "*" {
		f := fieldByName(m.Input, body)
		if f == nil || f.Message == nil {
			return nil, fmt.Errorf("openapi: %s: the body %s is no message", m.Desc.FullName(), body)
		}
		message, text = f.Message, b.fieldText(f)
	}
	if m.Desc.IsStreamingClient() {
		media, text = "application/x-ndjson", "Requests that follow each other, each an object; a line for each is customary."
	}
	name, needed := b.message(message, request, inPath)
	return object{
		"description": text, "required": needed,
		"content": object{media: object{"schema": object{"$ref": "#/components/schemas/" + name}}},
	}, nil
}

// statuses are the reasons of each HTTP status. A reason that is none of these is a mistake of the comment that names it.
var statuses = map[string][]string{
	"400": {
		"INVALID_FIELD", "PAGE_TOKEN_INVALID", "FILTER_INVALID", "RESULT_INVALID", "STATE_CONFLICT", "TARGET_FORBIDDEN", "DEADLINE_PASSED", "USAGE_SETTLED",
		"QUOTA_EXHAUSTED", "LICENCE_STATE", "UNKNOWN_ENUM_VALUE", "QUEUE_NOT_FOR_WORKERS", "MANAGED_BY_FILE",
		"CALL_NOT_KEPT", "REPLAY_NEEDS_FORCE", "TICKET_REFUSED", "LOGIN_NOT_SERVED",
	},
	"401": {"TOKEN_INVALID", "TOKEN_EXPIRED"},
	"403": {"SCOPE_MISSING", "SCOPE_NOT_HELD", "TOKEN_NOT_MAPPED"},
	"404": {
		"ORDER_NOT_FOUND", "INSTANCE_NOT_FOUND", "TASK_NOT_FOUND", "ENDPOINT_NOT_FOUND", "DIRECTORY_NOT_FOUND", "USAGE_NOT_FOUND",
		"RESERVATION_NOT_FOUND", "LICENCE_UNKNOWN", "QUEUE_NOT_FOUND", "CALL_NOT_FOUND", "DELIVERY_NOT_FOUND", "SETTING_NOT_FOUND",
		"LOGIN_APPLICATION_NOT_FOUND", "LOGIN_NOT_FOUND", "LOGIN_SESSION_NOT_FOUND",
	},
	"409": {"FENCING_TOKEN_STALE", "CONFLICTING_REPEAT", "ETAG_MISMATCH"},
	"429": {"LIST_BUSY", "RATE_LIMITED"},
	"500": {"INTERNAL"},
	"503": {"STORE_UNAVAILABLE", "MARKETPLACE_UNAVAILABLE", "ISSUER_UNAVAILABLE", "SERVER_STOPPING"},
	"504": {"LIST_TOO_SLOW"},
}

// always are the reasons that every call may have.
var always = []string{
	"INVALID_FIELD", "TOKEN_INVALID", "TOKEN_EXPIRED", "SCOPE_MISSING", "TOKEN_NOT_MAPPED", "RATE_LIMITED", "INTERNAL", "STORE_UNAVAILABLE", "ISSUER_UNAVAILABLE",
}

// files are the types of the files that REST has in place of a stream of pieces.
var files = map[protoreflect.FullName]string{"koogate.v1.EvidenceService.ExportOrderEvidence": "application/zip"}

var reasonName = regexp.MustCompile(`\b[A-Z]+(?:_[A-Z]+)+\b`)

// responses are the answer and every error that the method's comment names, with those that every call has.
func (b *builder) responses(m *protogen.Method, member string) (object, error) {
	schema, message := object{}, m.Output
	if member != "" {
		f := fieldByName(m.Output, member)
		if f == nil || f.Message == nil {
			return nil, fmt.Errorf("openapi: %s: the response body %s is no message", m.Desc.FullName(), member)
		}
		message = f.Message
	}
	media := "application/json"
	switch file := files[m.Desc.FullName()]; {
	case file != "": // the schema of bytes is that of anything
		media = file
	case m.Desc.IsStreamingServer(): // whose messages no schema describes
		media, schema["type"] = "text/event-stream", "string"
	default:
		name, _ := b.message(message, response, nil)
		schema["$ref"] = "#/components/schemas/" + name
	}
	all := object{"200": object{
		"description": b.text(message.Comments),
		"content":     object{media: object{"schema": schema}},
	}}
	named := slices.Clone(always)
	_, list, _ := strings.Cut(plain(m.Comments), "Reasons:")
	for _, reason := range reasonName.FindAllString(list, -1) {
		if !slices.Contains(named, reason) {
			named = append(named, reason)
		}
	}
	texts := map[string][]string{"504": {"The call was not done in time; it may be repeated."}}
	for _, reason := range named {
		status := ""
		for s, reasons := range statuses {
			if slices.Contains(reasons, reason) {
				status = s
			}
		}
		if b.reasons[reason] == "" || status == "" {
			return nil, fmt.Errorf("openapi: %s names the reason %s, of which the HTTP status is not known", m.Desc.FullName(), reason)
		}
		texts[status] = append(texts[status], reason+": "+b.reasons[reason])
	}
	for status, lines := range texts {
		text := lines[0]
		if len(lines) > 1 {
			text = "- " + strings.Join(lines, "\n- ")
		}
		all[status] = object{"description": text, "content": object{"application/json": object{"schema": object{"$ref": "#/components/schemas/Error"}}}}
	}
	return all, nil
}
