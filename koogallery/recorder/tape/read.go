// SPDX-License-Identifier: Apache-2.0

package tape

import (
	"bufio"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
)

// Recording is what was read of a file.
type Recording struct {
	Calls []*Call // in the order in which they came
	Torn  []int   // numbers of lines, from 1, that are no whole line
}

// Errors of reading.
var (
	ErrVersion = errors.New("the recording was made by a newer release: replay it with that one")
	ErrEmpty   = errors.New("the recording holds no call")
)

// Read reads a recording. A line that is no whole line is left out and named. Errors: ErrVersion, ErrEmpty, those of in.
func Read(in io.Reader) (*Recording, error) {
	r := new(Recording)
	lines := bufio.NewReader(in)
	session := 0
	of := make(map[*Call]int)
	for n := 1; ; n++ {
		text, err := lines.ReadBytes('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("read recording: %w", err)
		}
		if len(text) > 1 {
			var l Line
			switch bad := json.Unmarshal(text, &l); {
			case bad != nil || l.Begin == nil && l.Call == nil:
				r.Torn = append(r.Torn, n)
			case l.Begin != nil && l.Begin.Version > Version:
				return nil, ErrVersion
			case l.Begin != nil:
				session++
			default:
				of[l.Call] = session
				r.Calls = append(r.Calls, l.Call)
			}
		}
		if err != nil {
			break
		}
	}
	if len(r.Calls) == 0 {
		return r, ErrEmpty
	}
	slices.SortStableFunc(r.Calls, func(a, b *Call) int { return cmp.Or(cmp.Compare(of[a], of[b]), cmp.Compare(a.N, b.N)) })
	for i, c := range r.Calls { // one count through all sessions
		c.N = int64(i + 1)
	}
	return r, nil
}
