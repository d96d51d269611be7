// SPDX-License-Identifier: Apache-2.0

package seal_test

import (
	"runtime"
	"testing"
)

// checkAllocation allows 16 bytes for each byte of input and 4 KiB besides. It
// takes the least of three runs, because the whole process is measured.
func checkAllocation(t *testing.T, name string, size int, f func()) {
	t.Helper()
	least := ^uint64(0)
	for range 3 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		f()
		runtime.ReadMemStats(&after)
		least = min(least, after.TotalAlloc-before.TotalAlloc)
	}
	limit := uint64(size)*16 + 4<<10
	t.Logf("%s: %d bytes for %d of input, %.1f times", name, least, size, float64(least)/float64(size))
	if least > limit {
		t.Errorf("%s: %d bytes allocated for %d of input, limit %d", name, least, size, limit)
	}
}

// checkFuzzed is checkAllocation for inputs long enough to tell.
func checkFuzzed(t *testing.T, size int, f func()) {
	t.Helper()
	if size >= 1<<10 {
		checkAllocation(t, "fuzzed", size, f)
	}
}
