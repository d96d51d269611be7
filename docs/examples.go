// SPDX-License-Identifier: Apache-2.0

package docs

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

//go:embed examples.yaml
var examples []byte

// The values of [Example.Source].
const (
	Page   = "page"   // the request stands on the page, but for what had to be completed
	Table  = "table"  // only its table of parameters does; the values are ours
	Vector = "vector" // it belongs to a vector whose signature was computed elsewhere
)

// Example is a request that the documents print or describe, and its answer. It is sent signed anew, for a key that the
// receiver knows and, but for the V1.0 generation, a present timestamp.
type Example struct {
	ID      string   `yaml:"id"`     // kebab-case, unique
	Family  string   `yaml:"family"` // as in the configuration
	Page    []string `yaml:"page"`
	Source  string   `yaml:"source"` // Page, Table or Vector
	Request Request  `yaml:"request"`
	// Signed is a signature over the request as it stands here, made outside this project; nil for most.
	Signed *Signed `yaml:"signed"`
	// Needs is an instance that must exist before: a newInstance with this businessId makes it. Empty for most, because most
	// are debugging calls.
	Needs string `yaml:"needs"`
	Setup string `yaml:"setup"` // what else the sender must see to, in words
	// Code is the result code that is expected.
	Code string `yaml:"code"`
	// Answer is the whole body, byte for byte as the page prints it; empty where it prints none. Own are the parts of it that
	// are the seller's own to choose, such as the instance ID: another text is right there.
	Answer string   `yaml:"answer"`
	Own    []string `yaml:"own"`
	// Tail may stand before the last brace of the answer, beyond what the page prints, because another page wants it there.
	Tail string `yaml:"tail"`
	// Has are the members that the answer must have besides resultCode and resultMsg, e.g. "info[].instanceId".
	Has  []string `yaml:"has"`
	Note string   `yaml:"note"`
}

// Request is a request without its signature.
type Request struct {
	Method string      `yaml:"method"`
	Path   string      `yaml:"path"`  // below /produce/{endpoint}
	Query  [][2]string `yaml:"query"` // names and values of a GET call, decoded, in the order printed; no authToken
	Body   string      `yaml:"body"`  // of a POST call
}

// Signed is a published or computed signature.
type Signed struct {
	Vector    string `yaml:"vector"` // where it stands in the wire reference
	Key       string `yaml:"key"`
	Nonce     string `yaml:"nonce"`
	Timestamp string `yaml:"timestamp"`
	Signature string `yaml:"signature"` // signature, authToken or x-sign
}

// Examples reads examples.yaml. Errors: whatever does not fit [Example].
func Examples() ([]Example, error) {
	var list []Example
	return list, decode(examples, &list)
}

// Values are the parameters of a GET call.
func (r Request) Values() url.Values {
	v := make(url.Values, len(r.Query))
	for _, pair := range r.Query {
		v.Add(pair[0], pair[1])
	}
	return v
}

// Check says what is wrong with the body of an answer, nil when nothing is.
func (e *Example) Check(body string) error {
	var got map[string]any
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		return fmt.Errorf("%s: the answer is no JSON object: %w", e.ID, err)
	}
	if got["resultCode"] != e.Code {
		return fmt.Errorf("%s: got %s, want resultCode %s", e.ID, body, e.Code)
	}
	if msg, ok := got["resultMsg"].(string); !ok || msg == "" {
		return fmt.Errorf("%s: %s has no resultMsg", e.ID, body)
	}
	if e.Answer != "" && !e.pattern().MatchString(body) {
		return fmt.Errorf("%s: got\n%s\nwant\n%s", e.ID, body, e.Answer)
	}
	for _, path := range e.Has {
		if !has(got, strings.Split(path, ".")) {
			return fmt.Errorf("%s: %s has no %s", e.ID, body, path)
		}
	}
	return nil
}

// pattern matches the printed answer with any text in place of the seller's own.
func (e *Example) pattern() *regexp.Regexp {
	p := regexp.QuoteMeta(e.Answer)
	if e.Tail != "" {
		p = strings.TrimSuffix(p, regexp.QuoteMeta("}")) + "(" + regexp.QuoteMeta(e.Tail) + ")?" + regexp.QuoteMeta("}")
	}
	for _, own := range e.Own {
		p = strings.ReplaceAll(p, regexp.QuoteMeta(own), `[^"]+`)
	}
	return regexp.MustCompile("^" + p + "$")
}

// has says whether a member exists and is not empty; that of a list must exist in all of its elements.
func has(v any, path []string) bool {
	if len(path) == 0 {
		return v != nil && v != ""
	}
	name, list := strings.CutSuffix(path[0], "[]")
	object, ok := v.(map[string]any)
	if !ok {
		return false
	}
	if !list {
		return has(object[name], path[1:])
	}
	elements, ok := object[name].([]any)
	for _, e := range elements {
		ok = ok && has(e, path[1:])
	}
	return ok && len(elements) > 0
}
