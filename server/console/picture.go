// SPDX-License-Identifier: Apache-2.0

package console

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// The picture's measures, in pixels.
const (
	pictureWidth = 1200
	namesWidth   = 300
	rowHeight    = 22
	axisHeight   = 36
	breakWidth   = 56 // of a stretch of time that is left out
	leastPart    = 70 // of a stretch that is drawn, however short
	leastBar     = 2
	maxBreaks    = 8
	maxRows      = 300
	nameRunes    = 42
)

// picture is a trace laid out in time: a line for each span, and time from left to right without the stretches in which nothing
// happened.
type picture struct {
	Width, Height int
	Rows          []bar
	Parts         []part
	Breaks        []gap
	Services      []string
	More          int // spans that are not drawn
}

// bar is a span.
type bar struct {
	Y, TextY, X, Width, NameX, TookX int
	Name, Full, Took, Title          string
	Service                          int // index into Services
	Failed, Before                   bool
	Start                            time.Time
	Duration                         time.Duration
	Reason, ServiceName              string
	Depth                            int
}

// part is a stretch of time that is drawn to one scale.
type part struct {
	X, Width int
	Label    string
	from, to time.Time
}

// gap is a stretch of time that is left out.
type gap struct {
	X, Width, Middle int
	Label            string
}

// draw lays spans out. There must be one.
func draw(spans []span, r reader) *picture {
	p := &picture{Width: pictureWidth}
	if len(spans) > maxRows {
		p.More = len(spans) - maxRows
		spans = spans[:maxRows]
	}
	p.scale(spans, r)
	for i, s := range spans {
		service := slices.Index(p.Services, s.service)
		if service < 0 {
			service = len(p.Services)
			p.Services = append(p.Services, s.service)
		}
		y := axisHeight + i*rowHeight
		x := p.x(s.start)
		b := bar{
			Y: y + 4, TextY: y + 15, X: x, Width: max(p.x(s.end)-x, leastBar), NameX: 8 + 12*min(s.depth, 8), Full: s.name, Name: clip(s.name, nameRunes-2*min(s.depth, 8)),
			Service: service, ServiceName: s.service, Failed: s.failed, Reason: s.reason, Start: s.start, Duration: s.end.Sub(s.start), Depth: s.depth,
		}
		b.Took = took(b.Duration)
		if s.folded != "" {
			b.Took += " · " + r.t("trace.folded", s.folded)
		}
		b.Title = fmt.Sprintf("%s · %s\n%s · %s", s.name, s.service, r.at(s.start), took(b.Duration))
		if s.reason != "" {
			b.Title += "\n" + s.reason
		}
		b.TookX = b.X + b.Width + 5
		if b.Before = b.TookX > pictureWidth-130; b.Before {
			b.TookX = b.X - 5
		}
		p.Rows = append(p.Rows, b)
	}
	p.Height = axisHeight + len(spans)*rowHeight + 8
	return p
}

// scale finds the stretches of time in which something happened. A pause is left out when it is long beside all that is still
// drawn, the longest first, so that the first second and the third month can both be seen.
func (p *picture) scale(spans []span, r reader) {
	busy := merged(spans)
	drawn := busy[len(busy)-1].to.Sub(busy[0].from)
	type pause struct {
		after int
		long  time.Duration
	}
	var pauses []pause
	for i := range busy[1:] {
		pauses = append(pauses, pause{i, busy[i+1].from.Sub(busy[i].to)})
	}
	slices.SortStableFunc(pauses, func(a, b pause) int { return int((b.long - a.long) / time.Microsecond) })
	broken := make(map[int]bool)
	for _, q := range pauses {
		if len(broken) == maxBreaks || q.long < drawn/5 {
			break
		}
		broken[q.after] = true
		drawn -= q.long
	}
	p.Parts = []part{{from: busy[0].from, to: busy[0].to}}
	for i := range busy[1:] {
		if broken[i] {
			p.Breaks = append(p.Breaks, gap{Width: breakWidth, Label: r.lasting(busy[i+1].from.Sub(busy[i].to))})
			p.Parts = append(p.Parts, part{from: busy[i+1].from, to: busy[i+1].to})
			continue
		}
		p.Parts[len(p.Parts)-1].to = busy[i+1].to
	}
	p.place()
}

// place gives every part its share of the width.
func (p *picture) place() {
	room := pictureWidth - namesWidth - 90 - len(p.Breaks)*breakWidth - len(p.Parts)*leastPart
	var whole time.Duration
	for _, part := range p.Parts {
		whole += part.to.Sub(part.from)
	}
	x, day := namesWidth, ""
	for i := range p.Parts {
		q := &p.Parts[i]
		q.X, q.Width = x, leastPart
		if whole > 0 {
			q.Width += int(float64(room) * float64(q.to.Sub(q.from)) / float64(whole))
		}
		x += q.Width
		local := q.from.In(beijing)
		q.Label = local.Format("15:04:05.000")
		if d := local.Format("2006-01-02"); d != day && (day == "" || q.Width > 150) {
			q.Label, day = d+" "+q.Label, d
		} else if d != day {
			q.Label, day = local.Format("01-02 15:04"), d
		}
		if i < len(p.Breaks) {
			p.Breaks[i].X, p.Breaks[i].Middle = x, x+breakWidth/2
			x += breakWidth
		}
	}
}

// merged are the stretches in which spans run, by time, none touching the next.
func merged(spans []span) []part {
	byStart := slices.Clone(spans)
	slices.SortStableFunc(byStart, func(a, b span) int { return a.start.Compare(b.start) })
	list := []part{{from: byStart[0].start, to: byStart[0].end}}
	for _, s := range byStart[1:] {
		last := &list[len(list)-1]
		if s.start.After(last.to) {
			list = append(list, part{from: s.start, to: s.end})
		} else if s.end.After(last.to) {
			last.to = s.end
		}
	}
	return list
}

// x is where a moment is drawn.
func (p *picture) x(t time.Time) int {
	for _, q := range p.Parts {
		if t.After(q.to) {
			continue
		}
		long := q.to.Sub(q.from)
		if long <= 0 || t.Before(q.from) {
			return q.X
		}
		return q.X + int(float64(q.Width)*float64(t.Sub(q.from))/float64(long))
	}
	last := p.Parts[len(p.Parts)-1]
	return last.X + last.Width
}

// clip keeps a name within n runes.
func clip(s string, n int) string {
	if runes := []rune(s); len(runes) > n {
		return strings.TrimSpace(string(runes[:n-1])) + "…"
	}
	return s
}
