// SPDX-License-Identifier: Apache-2.0

package source

import (
	"slices"
	"strings"
)

// Confidence is how sure it is that the documents say so.
type Confidence string

// The confidences.
const (
	Seen     Confidence = "seen"     // on a page
	Sample   Confidence = "sample"   // in the published sample project
	Inferred Confidence = "inferred" // the documents leave it open
)

// Source is one rule of the wire and what the documents say of it.
type Source struct {
	ID         string
	Rule       string     // what it is about
	Pages      []string   // IDs of the documents' pages; none when only the sample or nobody says it
	Date       string     // the newest page's own, YYYY-MM-DD; empty when the pages show none
	Confidence Confidence // how sure it is
	Says       string     // where the documents contradict each other or leave something open; empty where they are clear
	Settled    string     // how Koogate settles it
}

// All returns every source, by ID.
func All() []Source { return slices.Clone(table) }

// Find returns the source with an ID.
func Find(id string) (Source, bool) {
	i, ok := slices.BinarySearchFunc(table, id, func(s Source, id string) int { return strings.Compare(s.ID, id) })
	if !ok {
		return Source{}, false
	}
	return table[i], true
}

// Cite names the pages with their date, in a few words: "saas_topic_0000001, 2025-11-13". Without a page it says who says it.
func (s Source) Cite() string {
	switch {
	case len(s.Pages) == 0:
		return string(s.Confidence)
	case s.Date == "":
		return strings.Join(s.Pages, ", ")
	default:
		return strings.Join(s.Pages, ", ") + ", " + s.Date
	}
}
