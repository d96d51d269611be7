package v1

import (
	"encoding/json"
	"errors"
	"io"
	"unicode/utf8"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
)

// marshaler is the gateway's own JSON, but for reports of usage: of these each record is read alone, so that one that is not in
// the contract's form costs none of the others.
type marshaler struct{ *runtime.HTTPBodyMarshaler }

// NewMarshaler returns the JSON of the internal API.
func NewMarshaler() runtime.Marshaler {
	return marshaler{&runtime.HTTPBodyMarshaler{Marshaler: &runtime.JSONPb{
		MarshalOptions:   protojson.MarshalOptions{EmitUnpopulated: true},
		UnmarshalOptions: protojson.UnmarshalOptions{DiscardUnknown: true},
	}}}
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
			return runtime.DecoderWrapper{Decoder: d, UnmarshalOptions: protojson.UnmarshalOptions{DiscardUnknown: true}}.Decode(v)
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

func readRecord(raw json.RawMessage) *koogatev1.RawUsage {
	options := protojson.UnmarshalOptions{DiscardUnknown: true}
	r := &koogatev1.RawUsage{}
	if options.Unmarshal(raw, r) == nil {
		return r
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) != nil || members == nil {
		return &koogatev1.RawUsage{Unreadable: "the record"}
	}
	broken := &koogatev1.RawUsage{Unreadable: "the record"}
	var key string
	if json.Unmarshal(members["key"], &key) == nil && utf8.ValidString(key) {
		broken.Key = key
	}
	fields := r.ProtoReflect().Descriptor().Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		if member, ok := memberOf(members, f); ok {
			one, err := json.Marshal(map[string]json.RawMessage{f.JSONName(): member})
			if err != nil || options.Unmarshal(one, &koogatev1.RawUsage{}) != nil {
				broken.Unreadable = string(f.Name())
				break
			}
		}
	}
	return broken
}

// memberOf finds a field under either of its names.
func memberOf(members map[string]json.RawMessage, f protoreflect.FieldDescriptor) (json.RawMessage, bool) {
	if m, ok := members[f.JSONName()]; ok {
		return m, true
	}
	m, ok := members[string(f.Name())]
	return m, ok
}
