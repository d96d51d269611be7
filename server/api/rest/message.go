// SPDX-License-Identifier: Apache-2.0

package rest

import (
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// Show is a message as REST shows it.
func Show(m proto.Message) ([]byte, error) { return newMarshaler().Marshal(m) }

// Read reads a message as REST reads the body of a call; an empty body is an empty message. Errors: INVALID_FIELD, with the fields by their JSON names and without their values.
func Read(body []byte, m proto.Message) error {
	if len(body) == 0 {
		return nil
	}
	c := restCall{input: m.ProtoReflect().Descriptor(), body: m.ProtoReflect().Descriptor()}
	if err := c.checkBody(body); err != nil {
		return err
	}
	if protojson.Unmarshal(body, m) != nil {
		return faults{{Path: "body", Msg: "cannot be read"}}.err()
	}
	return nil
}
