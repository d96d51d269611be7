// SPDX-License-Identifier: Apache-2.0

package fulfil

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"regexp"
	"strings"

	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/server/errs"
	"github.com/koogate/koogate/server/work"
	"github.com/koogate/koogate/store"
)

// Template is the built-in provisioner: it fills URLs and credentials from patterns in which {instance}, {order}, {product}
// and {sku} stand for the task's values, escaped for the place where they stand. The password is generated, and so is the
// end of a licence. Every task other than CREATE and ISSUE_LICENCE succeeds at once, and every change is allowed except one
// to a smaller quantity (Endpoint.CheckReduction).
type Template struct {
	FrontEndURL string
	AdminURL    string
	UserName    string
	Memo        string
	Licence     string // what a licence begins with; "LICENCE-{instance}" when empty
}

// RunTemplate does one leased task of a template provisioner.
func (s *Service) RunTemplate(tpl Template) work.Handler {
	return func(ctx context.Context, t store.Task) work.Outcome {
		c := Completion{Seller: t.Seller, TaskID: t.ID, Fence: t.Fence}
		switch t.Kind {
		case store.TaskIdentify: // a template has made nothing that Koogate does not know
			_, err := s.FailTask(ctx, Failure{Seller: t.Seller, TaskID: t.ID, Fence: t.Fence, Permanent: true, Code: resultcode.InstanceNotFound, Message: "a template knows no instances"})
			s.logJob(ctx, t, err)
			return work.Settled()
		case store.TaskCreate:
			c.Access = tpl.fill(t, s.Password())
		case store.TaskIssueLicence:
			c.Licence = &Licence{Text: fillText(cmp.Or(tpl.Licence, "LICENCE-{instance}"), tpl.values(t)) + "-" + s.Password()}
		case store.TaskCheckChange:
			c.Verdict = &Verdict{Allowed: true}
			if PayloadOf(t).Reduces { // a template does not know the present use
				c.Verdict = &Verdict{Message: unlooked}
			}
		}
		_, err := s.CompleteTask(ctx, c)
		if e := errs.As(err); err != nil && e.Reason == errs.ResultInvalid { // a repetition would have the same result
			_, err = s.FailTask(ctx, Failure{Seller: t.Seller, TaskID: t.ID, Fence: t.Fence, Permanent: true, Message: e.Msg})
		}
		s.logJob(ctx, t, err)
		return work.Settled()
	}
}

// values are what the placeholders stand for. They come from outside.
func (Template) values(t store.Task) map[string]string {
	p := PayloadOf(t)
	return map[string]string{"{instance}": t.InstanceID, "{order}": t.OrderID, "{product}": p.ProductID, "{sku}": p.SKUCode}
}

func (tpl Template) fill(t store.Task, password string) *Access {
	v := tpl.values(t)
	a := &Access{
		FrontEndURL: fillURL(tpl.FrontEndURL, v), AdminURL: fillURL(tpl.AdminURL, v), UserName: fillText(tpl.UserName, v),
		Memo: fillText(tpl.Memo, v),
	}
	if a.UserName != "" {
		a.Password = password
	}
	return a
}

// fillText puts values into a text that has no syntax.
func fillText(pattern string, values map[string]string) string {
	return fillEach(pattern, values, func(_, value string) string { return value })
}

// fillURL puts values into an address, each escaped for the place where it stands, so that no value can change what the
// address around it means: the host above all (ADR 14).
func fillURL(pattern string, values map[string]string) string {
	return fillEach(pattern, values, func(before, value string) string {
		_, below, absolute := strings.Cut(before, "://")
		switch {
		case strings.Contains(before, "?") || strings.Contains(before, "#"):
			return url.QueryEscape(value)
		case absolute && !strings.Contains(below, "/"):
			return hostLabel(value)
		case value == "." || value == "..":
			return standIn(value)
		}
		return url.PathEscape(value)
	})
}

// fillEach replaces the placeholders of a pattern from its beginning; put gets the pattern before each.
func fillEach(pattern string, values map[string]string, put func(before, value string) string) string {
	var b strings.Builder
	for at := 0; at < len(pattern); {
		if end := strings.IndexByte(pattern[at:], '}'); pattern[at] == '{' && end > 0 {
			if value, ok := values[pattern[at:at+end+1]]; ok {
				b.WriteString(put(pattern[:at], value))
				at += end + 1
				continue
			}
		}
		b.WriteByte(pattern[at])
		at++
	}
	return b.String()
}

var label = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$`)

// hostLabel returns a value as a part of a host's name, or its hash when the value cannot be one.
func hostLabel(value string) string {
	if label.MatchString(value) {
		return value
	}
	return standIn(value)
}

// standIn represents a value where it cannot stand itself.
func standIn(value string) string {
	sum := sha256.Sum256([]byte(value))
	return "x-" + hex.EncodeToString(sum[:10])
}
