// SPDX-License-Identifier: Apache-2.0

package check

import (
	"errors"
	"sync"
	"testing"
)

// Together runs f n times at once and returns the errors.
func Together(n int, f func(i int) error) []error {
	errs := make([]error, n)
	start := make(chan struct{})
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			<-start
			errs[i] = f(i)
		})
	}
	close(start)
	wg.Wait()
	return errs
}

// OneSuccess checks that exactly one call succeeded and that all others got the sentinel.
func OneSuccess(t *testing.T, errs []error, sentinel error) {
	t.Helper()
	successes := 0
	for _, err := range errs {
		switch {
		case err == nil:
			successes++
		case !errors.Is(err, sentinel):
			t.Errorf("error = %v, want %v", err, sentinel)
		}
	}
	if successes != 1 {
		t.Errorf("%d calls succeeded, want 1", successes)
	}
}
