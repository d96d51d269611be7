// SPDX-License-Identifier: Apache-2.0

package door

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/koogate/koogate/koogallery/checker/probe"
	"github.com/koogate/koogate/koogallery/checker/rule"
)

var received = rule.Rule{
	ID: "signature-over-received-bytes", Families: posted, Severity: rule.Risks,
	Sentence: rule.Say(
		"签名按收到的原始字节验证：成员顺序、空白和 Unicode 转义不同的请求体，只要按原样签名就被接受。",
		"The signature is verified over the bytes as they came: a body with members in another order, blanks or escapes is accepted when it is signed as it is."),
	Cost: rule.Say(
		"先解析再序列化的验签只在双方序列化完全一致时成立；云商店换一个 JSON 库，所有调用都会失败。",
		"Verifying what was parsed and written anew works only while both sides write alike: the marketplace changes its library, and every call fails."),
	Remedy: rule.Say(
		"在解析之前读出请求体的原始字节，用它计算签名。",
		"Read the raw bytes of the body before anything parses it, and compute the signature over those."),
	Source: []string{"url-signature-payload"},
	Find: func(ctx context.Context, p *probe.Probe) rule.Outcome {
		if _, stop := begin(ctx, p); stop != nil {
			return *stop
		}
		for _, form := range []struct {
			zh, en string
			change func([]byte) []byte
		}{
			{"成员按相反顺序排列", "with its members in the opposite order", reversed},
			{"带空白", "with blanks", indented},
			{"带 Unicode 转义", "with escapes", escaped},
		} {
			if s := p.Make(ctx, again(p, form.change)); !let(s) {
				return rule.Broken("%s、按原样签名的请求体得到：%s", "a body %s, signed as it is, was answered with: %s", rule.Say(form.zh, form.en), s.Why())
			}
		}
		return rule.Holds()
	},
}

// reversed writes the members of an object in the opposite order of their names.
func reversed(body []byte) []byte {
	var members map[string]json.RawMessage
	if json.Unmarshal(body, &members) != nil {
		return body
	}
	names := slices.Sorted(maps.Keys(members))
	slices.Reverse(names)
	var b bytes.Buffer
	for n, name := range names {
		separator := ","
		if n == 0 {
			separator = "{"
		}
		fmt.Fprintf(&b, "%s%q:%s", separator, name, members[name])
	}
	return append(b.Bytes(), '}')
}

func indented(body []byte) []byte {
	var b bytes.Buffer
	if json.Indent(&b, body, " ", "\t") != nil {
		return body
	}
	return append(b.Bytes(), '\n')
}

// escaped writes the first letter of the activity as an escape.
func escaped(body []byte) []byte {
	head, rest, ok := bytes.Cut(body, []byte(`"activity":"`))
	if !ok || len(rest) == 0 {
		return body
	}
	return fmt.Appendf(nil, `%s"activity":"\u%04x%s`, head, rest[0], rest[1:])
}
