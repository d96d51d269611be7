// SPDX-License-Identifier: Apache-2.0

package telemetry

import (
	"context"
	"log/slog"
	"slices"
	"strings"

	"go.opentelemetry.io/otel/trace"
)

// LogHandler is a slog.Handler that adds trace_id and span_id of the record's context, at the top level, and replaces the
// value of every attribute whose key names a secret. It passes records on to another handler.
//
// The replacement is the last safeguard: no code may log secrets in the first place.
type LogHandler struct {
	next   slog.Handler // with the groups and attributes so far, but without open groups
	groups []group      // open groups, outermost first
}

var _ slog.Handler = LogHandler{}

// group is an open group with the attributes that were added inside it.
type group struct {
	name  string
	attrs []slog.Attr
}

// NewLogHandler returns a handler over next.
func NewLogHandler(next slog.Handler) LogHandler { return LogHandler{next: next} }

// Enabled implements slog.Handler.
func (h LogHandler) Enabled(ctx context.Context, l slog.Level) bool { return h.next.Enabled(ctx, l) }

// WithAttrs implements slog.Handler.
func (h LogHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	attrs = redactAll(attrs)
	if len(h.groups) == 0 {
		return LogHandler{next: h.next.WithAttrs(attrs)}
	}
	groups := slices.Clone(h.groups)
	last := &groups[len(groups)-1]
	last.attrs = append(slices.Clip(last.attrs), attrs...)
	return LogHandler{next: h.next, groups: groups}
}

// WithGroup implements slog.Handler.
func (h LogHandler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	return LogHandler{next: h.next, groups: append(slices.Clip(h.groups), group{name: name})}
}

// Handle implements slog.Handler.
func (h LogHandler) Handle(ctx context.Context, r slog.Record) error {
	out := slog.NewRecord(r.Time, r.Level, r.Message, r.PC)
	if sc := trace.SpanContextFromContext(ctx); sc.IsValid() {
		out.AddAttrs(slog.String("trace_id", sc.TraceID().String()), slog.String("span_id", sc.SpanID().String()))
	}
	if len(h.groups) == 0 {
		r.Attrs(func(a slog.Attr) bool {
			out.AddAttrs(redact(a))
			return true
		})
		return h.next.Handle(ctx, out)
	}
	// The open groups are put around the record's attributes here, so that the ids stay outside of them.
	var inner []slog.Attr
	r.Attrs(func(a slog.Attr) bool {
		inner = append(inner, redact(a))
		return true
	})
	for _, g := range slices.Backward(h.groups) {
		inner = []slog.Attr{{Key: g.name, Value: slog.GroupValue(append(slices.Clip(g.attrs), inner...)...)}}
	}
	out.AddAttrs(inner...)
	return h.next.Handle(ctx, out)
}

// redacted stands for the value of a secret.
const redacted = "[redacted]"

// secretWords mark a key that names a secret when they are in it, letters only and in lower case.
var secretWords = []string{
	"password", "passwd", "secret", "credential", "authorization", "authtoken", "apitoken", "accesstoken", "bearer", "cookie",
	"accesskey", "privatekey", "signingkey", "kitkey", "apikey", "secretkey", "keyset", "signature", "licensecode",
}

// secretKeys mark a key that is one of them.
var secretKeys = map[string]struct{}{"token": {}, "key": {}, "sk": {}, "ak": {}, "license": {}, "nonce": {}}

func secret(key string) bool {
	letters := strings.Map(func(c rune) rune {
		switch {
		case c >= 'a' && c <= 'z':
			return c
		case c >= 'A' && c <= 'Z':
			return c + 'a' - 'A'
		}
		return -1
	}, key)
	if _, ok := secretKeys[letters]; ok {
		return true
	}
	return slices.ContainsFunc(secretWords, func(w string) bool { return strings.Contains(letters, w) })
}

func redact(a slog.Attr) slog.Attr {
	if secret(a.Key) {
		return slog.String(a.Key, redacted)
	}
	if v := a.Value.Resolve(); v.Kind() == slog.KindGroup {
		return slog.Attr{Key: a.Key, Value: slog.GroupValue(redactAll(v.Group())...)}
	}
	return a
}

func redactAll(attrs []slog.Attr) []slog.Attr {
	out := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		out[i] = redact(a)
	}
	return out
}
