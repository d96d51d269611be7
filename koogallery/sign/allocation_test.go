// SPDX-License-Identifier: Apache-2.0

package sign_test

import (
	"runtime"
	"strings"
	"testing"

	"github.com/koogate/koogate/koogallery/sign"
)

// allocated returns the bytes that f allocates: the least of three runs, because
// the whole process is measured.
func allocated(f func()) uint64 {
	least := ^uint64(0)
	for range 3 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		f()
		runtime.ReadMemStats(&after)
		least = min(least, after.TotalAlloc-before.TotalAlloc)
	}
	return least
}

// checkAllocation allows 16 bytes for each byte of input and 4 KiB besides.
func checkAllocation(t *testing.T, name string, size int, f func()) {
	t.Helper()
	got, limit := allocated(f), uint64(size)*16+4<<10
	t.Logf("%s: %d bytes for %d of input, %.1f times", name, got, size, float64(got)/float64(size))
	if got > limit {
		t.Errorf("%s: %d bytes allocated for %d of input, limit %d", name, got, size, limit)
	}
}

func TestAllocationQuery(t *testing.T) { //nolint:paralleltest // measures the process
	token := "&timeStamp=1&authToken=" + strings.Repeat("A", 43) + "="
	for name, in := range map[string]string{
		"one long value":        "a=" + strings.Repeat("x", 1<<20) + token,
		"escapes":               "a=" + strings.Repeat("%41", 1<<18) + token,
		"blanks to repair":      "email=" + strings.Repeat("+", 1<<20) + token,
		"one name":              strings.Repeat("a&", 1000) + token,
		"1000 long names":       strings.Repeat(strings.Repeat("x", 1000)+"&", 1000) + token,
		"empty parts":           strings.Repeat("&", 1000) + token,
		"a million parameters":  strings.Repeat("&", 1<<20),
		"bad escape at the end": strings.Repeat("a=%41&", 1000) + "%",
	} {
		checkAllocation(t, name, len(in), func() { _, _, _ = sign.VerifyQuery([]string{"k"}, in) })
	}
}

func TestAllocationBody(t *testing.T) { //nolint:paralleltest // measures the process
	token := strings.Repeat("A", 43) + "="
	for name, in := range map[string]string{
		"one long value":   `{"timeStamp":"1","a":"` + strings.Repeat("x", 1<<20) + `"}`,
		"escapes":          `{"timeStamp":"1","a":"` + strings.Repeat(`\u4e2d`, 1<<18) + `"}`,
		"many members":     `{"timeStamp":"1"` + strings.Repeat(`,"":0`, 1000) + `}`,
		"too many members": `{"timeStamp":"1"` + strings.Repeat(`,"":0`, 1<<20) + `}`,
		"a long number":    `{"timeStamp":"1","a":` + strings.Repeat("1", 1<<20) + `}`,
		"open arrays":      `{"a":` + strings.Repeat("[", 1<<20),
	} {
		checkAllocation(t, name, len(in), func() { _, _ = sign.VerifyBody([]string{"k"}, token, []byte(in)) })
	}
}

func TestAllocationKit(t *testing.T) { //nolint:paralleltest // measures the process
	const size = 1 << 20
	for name, in := range map[string]string{
		"one long value": `{"b":1,"a":"` + strings.Repeat("x", size) + `"}`,
		"escapes":        `{"a":"` + strings.Repeat(`\u0001`, size/6) + `"}`,
		"many members":   `{` + strings.Repeat(`"":0,`, size/5) + `"":0}`,
		"nested":         strings.Repeat(`{"a":`, sign.MaxDepth) + `"` + strings.Repeat("x", size) + `"` + strings.Repeat("}", sign.MaxDepth),
		"repeated at every depth": strings.Repeat(`{"a":0,"a":`, sign.MaxDepth) + `"` + strings.Repeat("x", size) + `"` +
			strings.Repeat("}", sign.MaxDepth),
		"many members, nested": `{"a":{` + strings.Repeat(`"":0,`, size/5) + `"":0}}`,
		"many objects":         `{"a":[` + strings.Repeat(`{"a":0,"a":0},`, size/14) + `0]}`,
		"colons":               `{"a":"` + strings.Repeat(":", size) + `"}`,
		"open arrays":          `{"a":` + strings.Repeat("[", size),
	} {
		body := []byte(in)
		checkAllocation(t, name, len(in), func() {
			_, _, _ = sign.VerifyKit([]string{"k"}, "n", "1", strings.Repeat("0", 64), body)
		})
	}
}

// checkFuzzed is checkAllocation for inputs long enough to tell.
func checkFuzzed(t *testing.T, size int, f func()) {
	t.Helper()
	if size >= 1<<10 {
		checkAllocation(t, "fuzzed", size, f)
	}
}
