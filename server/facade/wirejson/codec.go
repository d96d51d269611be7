// SPDX-License-Identifier: Apache-2.0

package wirejson

import (
	"errors"
	"fmt"
	"io"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// ContentType is that of every answer; the marketplace fails to parse any other (saas-v2 §1).
const ContentType = "application/json"

// Codec reads and writes the messages of some services. It is safe for concurrent use.
type Codec struct {
	plans map[protoreflect.MessageDescriptor]*plan
}

var _ runtime.Marshaler = (*Codec)(nil)

// NewCodec returns a codec for the requests and responses of the services. It fails when one of them has a field of a
// kind that the production interface does not use.
func NewCodec(services ...protoreflect.ServiceDescriptor) (*Codec, error) {
	c := &Codec{plans: make(map[protoreflect.MessageDescriptor]*plan)}
	for _, s := range services {
		for i := range s.Methods().Len() {
			m := s.Methods().Get(i)
			for _, d := range []protoreflect.MessageDescriptor{m.Input(), m.Output()} {
				if _, err := plans(d, c.plans); err != nil {
					return nil, err
				}
			}
		}
	}
	return c, nil
}

func (c *Codec) plan(m protoreflect.Message) (*plan, error) {
	p, ok := c.plans[m.Descriptor()]
	if !ok {
		return nil, fmt.Errorf("wirejson: %s is not a message of this codec", m.Descriptor().FullName())
	}
	return p, nil
}

// ContentType implements runtime.Marshaler.
func (*Codec) ContentType(any) string { return ContentType }

// Marshal implements runtime.Marshaler.
func (c *Codec) Marshal(v any) ([]byte, error) {
	m, ok := v.(proto.Message)
	if !ok {
		return nil, fmt.Errorf("wirejson: %T is not a protobuf message", v)
	}
	return c.Append(make([]byte, 0, 512), m)
}

// Unmarshal implements runtime.Marshaler.
func (c *Codec) Unmarshal(data []byte, v any) error {
	m, ok := v.(proto.Message)
	if !ok {
		return fmt.Errorf("wirejson: %T is not a protobuf message", v)
	}
	var o Object
	if err := o.Parse(data); err != nil {
		return err
	}
	return c.Decode(&o, m)
}

// Parsed is the body of a request that was parsed before: reading it gives nothing, and a decoder made of it decodes
// Object.
type Parsed struct{ Object *Object }

// Read implements io.Reader and is always at the end.
func (Parsed) Read([]byte) (int, error) { return 0, io.EOF }

// WriteTo implements io.WriterTo and writes nothing.
func (Parsed) WriteTo(io.Writer) (int64, error) { return 0, nil }

// Close implements io.Closer.
func (Parsed) Close() error { return nil }

// NewDecoder implements runtime.Marshaler. Of a [Parsed] it decodes the object; anything else it reads to the end.
func (c *Codec) NewDecoder(r io.Reader) runtime.Decoder {
	return runtime.DecoderFunc(func(v any) error {
		if p, ok := r.(Parsed); ok {
			m, ok := v.(proto.Message)
			if !ok {
				return fmt.Errorf("wirejson: %T is not a protobuf message", v)
			}
			return c.Decode(p.Object, m)
		}
		if r == nil {
			return errors.New("wirejson: no body")
		}
		data, err := io.ReadAll(r)
		if err != nil {
			return err
		}
		return c.Unmarshal(data, v)
	})
}

// NewEncoder implements runtime.Marshaler.
func (c *Codec) NewEncoder(w io.Writer) runtime.Encoder {
	return runtime.EncoderFunc(func(v any) error {
		data, err := c.Marshal(v)
		if err != nil {
			return err
		}
		_, err = w.Write(data)
		return err
	})
}
