// SPDX-License-Identifier: Apache-2.0

package config

import (
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

var (
	plainInt = regexp.MustCompile(`^(0|-?[1-9][0-9]*)$`)
	oldBool  = regexp.MustCompile(`^(?i:y|n|yes|no|on|off)$`) // true and false in YAML 1.1
	durType  = reflect.TypeFor[time.Duration]()
)

// scalar reads one value of a YAML file.
func (d *decoder) scalar(n *yaml.Node, v reflect.Value, at, path string) {
	tag := n.ShortTag()
	bad := func(t text) { d.f.breaks(at, path, t) }
	switch {
	case v.Type() == durType && (tag == "!!int" || tag == "!!float"):
		bad(msgNoUnit)
	case v.Kind() == reflect.Bool && tag != "!!bool":
		bad(msgBool)
	case v.Kind() == reflect.Int && tag != "!!int":
		bad(msgInt)
	case v.Kind() == reflect.String:
		if t, is := notText(n); is {
			bad(t)
			return
		}
		v.SetString(n.Value)
	default:
		if t, ok := setText(v, strings.ToLower(n.Value)); !ok {
			bad(t)
		}
	}
}

// notText says whether YAML, or an older reader of it, takes a node for anything but text.
func notText(n *yaml.Node) (text, bool) {
	const quoted = yaml.DoubleQuotedStyle | yaml.SingleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle | yaml.TaggedStyle
	switch n.ShortTag() {
	case "!!str":
		return msgQuoteBool, n.Style&quoted == 0 && oldBool.MatchString(n.Value)
	case "!!int", "!!float":
		return msgQuoteNumber, true
	case "!!bool":
		return msgQuoteBool, true
	case "!!timestamp":
		return msgQuoteDate, true
	case "!!null":
		return msgNull, true
	}
	return msgQuoteOther, true
}

// setText reads a value that is text: from a variable, a flag, or YAML whose type is right. When it cannot, it returns why.
func setText(v reflect.Value, value string) (text, bool) {
	switch {
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return setText(v.Elem(), value)
	case v.Type() == durType:
		d, err := time.ParseDuration(value)
		if _, number := strconv.ParseFloat(value, 64); number == nil {
			return msgNoUnit, false
		} else if err != nil {
			return msgDuration, false
		}
		v.SetInt(int64(d))
	case v.Kind() == reflect.String:
		v.SetString(value)
	case v.Kind() == reflect.Bool:
		if value != "true" && value != "false" {
			return msgBool, false
		}
		v.SetBool(value == "true")
	case v.Kind() == reflect.Int:
		n, err := strconv.Atoi(value)
		if err != nil || !plainInt.MatchString(value) {
			return msgInt, false
		}
		v.SetInt(int64(n))
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.String:
		var parts []string
		if value != "" {
			parts = strings.Split(value, ",")
		}
		list := reflect.MakeSlice(v.Type(), len(parts), len(parts))
		for i, part := range parts {
			list.Index(i).SetString(strings.TrimSpace(part))
		}
		v.Set(list)
	default:
		panic("config: no key may have the type " + v.Type().String())
	}
	return text{}, true
}
