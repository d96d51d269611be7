// SPDX-License-Identifier: Apache-2.0

package rowfile

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// json returns what reads the objects of an array, or objects that follow each other.
func (r *Reader) json(in *bufio.Reader) (func(*Row) error, error) {
	list := false
	for {
		c, err := in.ReadByte()
		if errors.Is(err, io.EOF) {
			return nil, errors.New("the file is empty")
		}
		if err != nil {
			return nil, err
		}
		if !bytes.ContainsRune([]byte(" \t\r\n"), rune(c)) {
			list = c == '['
			if err := in.UnreadByte(); err != nil {
				return nil, err
			}
			break
		}
	}
	objects := json.NewDecoder(in)
	if list {
		if _, err := objects.Token(); err != nil {
			return nil, err
		}
	}
	return func(row *Row) error {
		if list && !objects.More() {
			if _, err := objects.Token(); err != nil {
				return unended(row, err)
			}
			list = false // what follows the array is no row
			if _, err := objects.Token(); !errors.Is(err, io.EOF) {
				return fmt.Errorf("something follows the array, behind %d rows", row.Number-1)
			}
			return io.EOF
		}
		var text json.RawMessage
		switch err := objects.Decode(&text); {
		case errors.Is(err, io.EOF) && !list:
			return io.EOF
		case err != nil:
			return unended(row, err)
		}
		r.object(row, text)
		return nil
	}, nil
}

// unended tells where a text that is no JSON is, without what it says.
func unended(row *Row, err error) error {
	if errors.As(err, new(*json.SyntaxError)) {
		return fmt.Errorf("row %d: the file is no JSON there", row.Number)
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("row %d: the file ends within it", row.Number)
	}
	return err
}

// object reads one object.
func (r *Reader) object(row *Row, text []byte) {
	var members map[string]any
	values := json.NewDecoder(bytes.NewReader(text))
	values.UseNumber()
	if values.Decode(&members) != nil || members == nil {
		row.fault("is no object")
		return
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if _, ok := columns[name]; !ok {
			row.fault("is no column; they are "+strings.Join(order, ", "), name)
			continue
		}
		switch value := members[name].(type) {
		case nil:
		case string:
			r.put(row, name, value)
		case bool:
			r.put(row, name, strconv.FormatBool(value))
		case json.Number:
			r.put(row, name, value.String())
		default:
			row.fault("is a list or an object in place of a value", name)
		}
	}
}
