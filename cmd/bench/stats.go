// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"slices"
	"time"
)

// figures of one round.
type figures struct {
	rate     float64 // answers a second
	p50, p99 time.Duration
	cpu      time.Duration // of the server, per request
	written  int64         // bytes that the server wrote to files and connections, per request
}

// median takes each figure's own median.
func median(fs []figures) figures {
	return figures{
		rate: middle(fs, func(f figures) float64 { return f.rate }),
		p50:  middle(fs, func(f figures) time.Duration { return f.p50 }),
		p99:  middle(fs, func(f figures) time.Duration { return f.p99 }),
		cpu:  middle(fs, func(f figures) time.Duration { return f.cpu }),

		written: middle(fs, func(f figures) int64 { return f.written }),
	}
}

// middle is the median of one figure of the rounds, the upper one of two.
func middle[R any, F cmp.Ordered](rounds []R, of func(R) F) F {
	all := make([]F, len(rounds))
	for i, r := range rounds {
		all[i] = of(r)
	}
	slices.Sort(all)
	return all[len(all)/2]
}

// pairs is the median of the quotients of two rows of rounds that were measured in turn: a slow minute of the machine slows both of
// its pairs, but would move the medians apart. There are as many of one as of the other.
func pairs[R any](rounds, by []R, of func(R) float64) float64 {
	quotients := make([]float64, len(rounds))
	for i, f := range rounds {
		quotients[i] = of(f) / of(by[i])
	}
	return middle(quotients, func(q float64) float64 { return q })
}

// percentile is the smallest time that at least p percent of all are not above. It sorts them in place; of none it is 0.
func percentile(all []time.Duration, p int) time.Duration {
	if len(all) == 0 {
		return 0
	}
	slices.Sort(all)
	return all[max((len(all)*p+99)/100-1, 0)]
}

// spent are the times of calls and what the servers used for them, over all rounds.
type spent struct {
	took []time.Duration
	cpu  time.Duration
	wall time.Duration
	late int // calls that began late

	written int64 // bytes, to files and connections
}

func (s *spent) add(o spent) {
	s.took, s.cpu, s.wall, s.late = append(s.took, o.took...), s.cpu+o.cpu, s.wall+o.wall, s.late+o.late
	s.written += o.written
}

// figures of everything that was added.
func (s *spent) figures() figures {
	n := len(s.took)
	if n == 0 {
		return figures{}
	}
	return figures{
		rate: float64(n) / s.wall.Seconds(), p50: percentile(s.took, 50), p99: percentile(s.took, 99), cpu: s.cpu / time.Duration(n),
		written: s.written / int64(n),
	}
}
