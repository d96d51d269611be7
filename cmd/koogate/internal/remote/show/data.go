// SPDX-License-Identifier: Apache-2.0

package show

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"

	"go.yaml.in/yaml/v3"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// Form is the flag that says how results are written.
type Form struct {
	Output string `help:"table, wide (more columns, exact times), json or yaml." short:"o" enum:"table,wide,json,yaml" default:"table" placeholder:"FORM"`
}

// Table says whether people read the results.
func (f Form) Table() bool { return f.Output == "table" || f.Output == "wide" }

// JSON is a message as REST shows it, on several lines and without the last line's end.
func JSON(m proto.Message) ([]byte, error) {
	line, err := Line(m)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = json.Indent(&b, line, "", "  ")
	return b.Bytes(), err
}

// Line is [JSON] on one line.
func Line(m proto.Message) ([]byte, error) {
	text, err := protojson.MarshalOptions{EmitUnpopulated: true}.Marshal(m)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = json.Compact(&b, text) // protojson changes its blanks from build to build
	return b.Bytes(), err
}

// YAML is a message as REST shows it, in YAML.
func YAML(m proto.Message) ([]byte, error) {
	line, err := Line(m)
	if err != nil {
		return nil, err
	}
	return yamlOf(line)
}

func yamlOf(text []byte) ([]byte, error) {
	in := json.NewDecoder(bytes.NewReader(text))
	in.UseNumber()
	node, err := nodeOf(in)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	out := yaml.NewEncoder(&b)
	out.SetIndent(2)
	err = errors.Join(out.Encode(node), out.Close())
	return b.Bytes(), err
}

// nodeOf reads one JSON value; members keep their order. JSON is not read as YAML, which refuses some characters that JSON allows.
func nodeOf(in *json.Decoder) (*yaml.Node, error) {
	token, err := in.Token()
	if err != nil {
		return nil, err
	}
	switch t := token.(type) {
	case json.Delim:
		node := &yaml.Node{Kind: yaml.MappingNode}
		if t == '[' {
			node.Kind = yaml.SequenceNode
		}
		for in.More() {
			child, err := nodeOf(in)
			if err != nil {
				return nil, err
			}
			node.Content = append(node.Content, child)
		}
		if len(node.Content) == 0 {
			node.Style = yaml.FlowStyle
		}
		_, err := in.Token()
		return node, err
	case json.Number:
		return &yaml.Node{Kind: yaml.ScalarNode, Value: t.String()}, nil
	default:
		node := &yaml.Node{}
		err := node.Encode(t)
		return node, err
	}
}

// write writes one message as data; it ends with the line's end.
func write(w io.Writer, form string, m proto.Message) error {
	text, err := JSON(m)
	if form == "yaml" {
		text, err = YAML(m)
	} else {
		text = append(text, '\n')
	}
	if err != nil {
		return err
	}
	_, err = w.Write(text)
	return err
}
