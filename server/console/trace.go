// SPDX-License-Identifier: Apache-2.0

package console

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"
)

// maxTrace bounds what is read of a trace, in bytes.
const maxTrace = 16 << 20

// span is one span of a trace, at its depth in the tree.
type span struct {
	name, service string
	start, end    time.Time
	depth         int
	failed        bool
	reason        string // of a failure
	folded        string // how many polls the span stands for; empty for one of its own
}

// jaegerTrace is the part of the answer of GET /api/traces/{id} that is used. Times are microseconds.
type jaegerTrace struct {
	Data []struct {
		Spans []struct {
			ID         string      `json:"spanID"`
			Name       string      `json:"operationName"`
			Start      int64       `json:"startTime"`
			Duration   int64       `json:"duration"`
			Tags       []jaegerTag `json:"tags"`
			Process    string      `json:"processID"`
			References []struct {
				Kind string `json:"refType"`
				ID   string `json:"spanID"`
			} `json:"references"`
		} `json:"spans"`
		Processes map[string]struct {
			Service string `json:"serviceName"`
		} `json:"processes"`
	} `json:"data"`
}

type jaegerTag struct {
	Key   string `json:"key"`
	Value any    `json:"value"`
}

// spans asks Jaeger for a trace. A trace that Jaeger does not have, or no longer, has no spans.
func (c *Console) spans(ctx context.Context, id string) ([]span, error) {
	res, err := fetch(ctx, c.Client, c.Jaeger+"/api/traces/"+id)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	switch res.StatusCode {
	case http.StatusOK:
	case http.StatusNotFound:
		return nil, nil
	default:
		return nil, fmt.Errorf("console: Jaeger answered %s", res.Status)
	}
	var t jaegerTrace
	if err := json.NewDecoder(io.LimitReader(res.Body, maxTrace)).Decode(&t); err != nil {
		return nil, fmt.Errorf("console: Jaeger's answer: %w", err)
	}
	return t.tree(), nil
}

// tree returns the spans as a tree is read: each below its parent, siblings by their start.
func (t jaegerTrace) tree() []span {
	const root = ""
	known := make(map[string]span)
	below := make(map[string][]string) // the children of a span
	parents := make(map[string]string)
	for _, d := range t.Data {
		for _, s := range d.Spans {
			start := time.UnixMicro(s.Start)
			shown := span{name: s.Name, service: d.Processes[s.Process].Service, start: start, end: start.Add(time.Duration(s.Duration) * time.Microsecond)}
			for _, tag := range s.Tags {
				shown.tag(tag)
			}
			known[s.ID] = shown
			for _, r := range s.References {
				if r.Kind == "CHILD_OF" {
					parents[s.ID] = r.ID
				}
			}
		}
	}
	for id := range known {
		parent := parents[id]
		if _, ok := known[parent]; !ok {
			parent = root
		}
		below[parent] = append(below[parent], id)
	}
	var list []span
	var walk func(id string, depth int)
	walk = func(id string, depth int) {
		children := below[id]
		delete(below, id) // a ring of parents ends here
		slices.SortFunc(children, func(a, b string) int {
			return cmp.Or(known[a].start.Compare(known[b].start), cmp.Compare(a, b))
		})
		for _, child := range children {
			s := known[child]
			s.depth = depth
			list = append(list, s)
			walk(child, depth+1)
		}
	}
	walk(root, 0)
	return list
}

// tag takes from a tag what the picture shows.
func (s *span) tag(t jaegerTag) {
	switch t.Key {
	case "error":
		s.failed = t.Value == true || t.Value == "true"
	case "otel.status_description":
		s.reason = fmt.Sprint(t.Value)
	case "koogate.polls":
		s.folded = fmt.Sprint(t.Value)
	}
}
