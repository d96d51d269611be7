// SPDX-License-Identifier: Apache-2.0

package main

// fixedSchemas are the schemas that no message of the API has: how protojson writes the well-known types, and errors.
func fixedSchemas() object {
	detail := func(name, text string, members object, required ...string) object {
		members["@type"] = object{"type": "string", "const": "type.googleapis.com/google.rpc." + name}
		return object{"type": "object", "description": text, "properties": members, "required": append([]string{"@type"}, required...)}
	}
	str := func(text string) object { return object{"type": "string", "description": text} }
	return object{
		"Int64": object{
			"type": "string", "format": "int64", "pattern": "^-?[0-9]+$", "examples": []string{"42"},
			"description": "A whole number of 64 bits, as text.",
		},
		"Duration": object{
			"type": "string", "pattern": `^-?[0-9]+(\.[0-9]{1,9})?s$`, "examples": []string{"30s", "0.5s"},
			"description": `A duration in seconds with their unit, e.g. "30s" for half a minute; there is no other unit.`,
		},
		"Timestamp": object{
			"type": "string", "format": "date-time", "examples": []string{"2026-03-14T15:09:26Z"},
			"description": "A time by RFC 3339; answers are in UTC.",
		},
		"FieldMask": object{
			"type": "string", "examples": []string{"frontEndUrl,memo"},
			"description": "The names of fields, joined by commas.",
		},
		"Error": object{
			"type": "object", "description": "An error, as google.rpc.Status.", "required": []string{"code", "message", "details"},
			"properties": object{
				"code":    object{"type": "integer", "format": "int32", "description": "The gRPC code; it decides the HTTP status."},
				"message": str("What is wrong, in English; the field first when one is at fault."),
				"details": object{
					"type": "array", "description": "One ErrorInfo, where the fault has a reason, with one Help and one LocalizedMessage for each language; and what else there is to tell.",
					"items": object{"anyOf": []object{
						{"$ref": "#/components/schemas/ErrorInfo"}, {"$ref": "#/components/schemas/BadRequest"}, {"$ref": "#/components/schemas/RetryInfo"},
						{"$ref": "#/components/schemas/Help"}, {"$ref": "#/components/schemas/LocalizedMessage"},
					}},
				},
			},
		},
		"ErrorInfo": detail("ErrorInfo", "Why the call failed.", object{
			"reason": str("A value of ErrorReason without its prefix; see the responses of each operation."),
			"domain": object{"type": "string", "const": "koogate", "description": "Whose reason it is."},
			"metadata": object{
				"type": "object", "additionalProperties": object{"type": "string"}, "description": "More about the reason, e.g. the scope that is missing.",
				"required": []string{"retryable"},
				"properties": object{
					"retryable": object{"type": "string", "enum": []string{"true", "false"}, "description": "Whether the same call may succeed when it is sent again later."},
				},
			},
		}, "reason", "domain", "metadata"),
		"BadRequest": detail("BadRequest", "The fields at fault.", object{
			"fieldViolations": object{
				"type": "array", "description": "At most 20.",
				"items": object{
					"type": "object", "required": []string{"field", "description"}, "description": "One field at fault.",
					"properties": object{
						"field":            str("The path of the field, e.g. accessInfo.frontEndUrl."),
						"description":      str("What is wrong with it, or the form that it has to have."),
						"reason":           str("Always empty."),
						"localizedMessage": object{"type": "null", "description": "Always null."},
					},
				},
			},
		}, "fieldViolations"),
		"RetryInfo": detail("RetryInfo", "When to try again.", object{
			"retryDelay": object{"$ref": "#/components/schemas/Duration"},
		}, "retryDelay"),
		"Help": detail("Help", "Where the reason is explained.", object{
			"links": object{
				"type": "array", "minItems": 1, "maxItems": 1, "description": "The reason's place in docs/errors.md.",
				"items": object{
					"type": "object", "required": []string{"description", "url"}, "description": "One link.",
					"properties": object{
						"description": str("What the page is about."),
						"url":         object{"type": "string", "format": "uri", "description": "Its address."},
					},
				},
			},
		}, "links"),
		"LocalizedMessage": detail("LocalizedMessage", "What the caller can do, in one language.", object{
			"locale":  object{"type": "string", "enum": []string{"en", "zh-CN"}, "description": "The language."},
			"message": str("What to do."),
		}, "locale", "message"),
	}
}
