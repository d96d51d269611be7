// SPDX-License-Identifier: Apache-2.0

package rest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
)

// marshaler is the gateway's own JSON, but for reports of usage: of these each record is read alone, so that one that is not in
// the contract's form costs none of the others.
type marshaler struct{ *runtime.HTTPBodyMarshaler }

// newMarshaler returns the JSON of the internal API.
func newMarshaler() runtime.Marshaler {
	return marshaler{&runtime.HTTPBodyMarshaler{Marshaler: &runtime.JSONPb{
		MarshalOptions: protojson.MarshalOptions{EmitUnpopulated: true},
	}}}
}

// Marshal implements runtime.Marshaler. What is wrong with a record is told with the names that REST has for its fields.
func (m marshaler) Marshal(v any) ([]byte, error) {
	switch r := v.(type) {
	case *koogatev1.ReportUsageResponse:
		r = proto.CloneOf(r)
		renameFaults(r.GetResults())
		v = r
	case *koogatev1.StreamUsageResponse:
		r = proto.CloneOf(r)
		renameFaults(r.GetRejected())
		v = r
	}
	return m.HTTPBodyMarshaler.Marshal(v)
}

func renameFaults(list []*koogatev1.ReportedUsage) {
	words := wordsOf((&koogatev1.RawUsage{}).ProtoReflect().Descriptor())
	for _, r := range list {
		r.Message = named(r.GetMessage(), words)
	}
}

// Unmarshal implements runtime.Marshaler.
func (m marshaler) Unmarshal(data []byte, v any) error {
	if report := reportIn(v); report != nil {
		return readReport(data, report)
	}
	return m.HTTPBodyMarshaler.Unmarshal(data, v)
}

// NewDecoder implements runtime.Marshaler. The messages of a stream follow each other.
func (m marshaler) NewDecoder(r io.Reader) runtime.Decoder {
	d := json.NewDecoder(r)
	return runtime.DecoderFunc(func(v any) error {
		report := reportIn(v)
		if report == nil {
			return runtime.DecoderWrapper{Decoder: d}.Decode(v)
		}
		var raw json.RawMessage
		if err := d.Decode(&raw); err != nil {
			return err
		}
		return readReport(raw, report)
	})
}

// reportIn is the report that is to be read into v; nil when v is none.
func reportIn(v any) proto.Message {
	switch m := v.(type) {
	case *koogatev1.ReportUsageRequest:
		return m
	case *koogatev1.StreamUsageRequest:
		return m
	}
	return nil
}

var errNoList = errors.New("records: must be a list")

// readReport reads a report element by element. What cannot be read leaves a record that names the field, under its key if that can
// be read.
func readReport(data []byte, report proto.Message) error {
	var body struct {
		Records json.RawMessage `json:"records"`
	}
	if err := json.Unmarshal(data, &body); err != nil {
		return err
	}
	var raws []json.RawMessage
	if len(body.Records) > 0 && json.Unmarshal(body.Records, &raws) != nil {
		return errNoList
	}
	records := make([]*koogatev1.RawUsage, len(raws))
	for i, raw := range raws {
		records[i] = readRecord(raw)
	}
	switch m := report.(type) {
	case *koogatev1.ReportUsageRequest:
		m.Records = records
	case *koogatev1.StreamUsageRequest:
		m.Records = records
	}
	return nil
}

// readRecord reads one record. One that cannot be read is left with its key, and with the first field at fault.
func readRecord(raw json.RawMessage) *koogatev1.RawUsage {
	r := &koogatev1.RawUsage{}
	members, ok := membersOf(raw)
	if !ok {
		return &koogatev1.RawUsage{Unreadable: "the record: want an object"}
	}
	var f faults
	for _, m := range f.members(members, r.ProtoReflect().Descriptor(), "") {
		if string(m.field.Name()) == ownField {
			f.add(ownField, "no such field")
			continue
		}
		f.value(m.field, m.raw, m.field.JSONName())
	}
	if len(f) == 0 && protojson.Unmarshal(raw, r) == nil {
		return r
	}
	broken := &koogatev1.RawUsage{Unreadable: "the record: cannot be read"}
	if len(f) > 0 {
		broken.Unreadable = fmt.Sprintf("%.*s", maxUnreadable, f[0].Path+": "+f[0].Msg)
	}
	for _, m := range members {
		var key string
		if m.name == "key" && json.Unmarshal(m.raw, &key) == nil && utf8.ValidString(key) {
			broken.Key = key
		}
	}
	return broken
}

// ownField of a record is Koogate's own: REST has no such field.
const ownField = "unreadable"

// maxUnreadable is the bound of the field unreadable, in characters.
const maxUnreadable = 128
