// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/storetest"
)

// limitPages bounds the size of the file, which then answers like a full disk.
func limitPages(t *testing.T, s *Store, pages int) {
	t.Helper()
	err := s.writer.do(context.Background(), func(x *tx) error {
		var limit int
		return x.conn.QueryRowContext(context.Background(), fmt.Sprintf("PRAGMA max_page_count = %d", pages)).Scan(&limit)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestFullDisk fills the file from many goroutines. SQLite ends a transaction by itself in the middle of a group then: what
// was acknowledged is there whole, what failed is not there at all, and once there is room again writing goes on.
func TestFullDisk(t *testing.T) {
	ctx := t.Context()
	s, err := Open(ctx, Options{Path: filepath.Join(t.TempDir(), "koogate.db"), Migrate: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	limitPages(t, s, 150)
	const workers, each = 24, 20
	id := func(w, n int) string { return fmt.Sprintf("CS-%d-%d", w, n) }
	acknowledged := make([][each]bool, workers)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for n := range each {
				acknowledged[w][n] = s.Apply(ctx, storetest.Admission(id(w, n), storetest.Epoch)) == nil
			}
		})
	}
	wg.Wait()
	count := map[bool]int{}
	for w := range workers {
		for n := range each {
			ok := acknowledged[w][n]
			count[ok]++
			a, err := s.Aggregate(ctx, storetest.Seller, id(w, n))
			switch {
			case ok && (err != nil || len(a.Lines) != 1 || len(a.Instances) != 1 || len(a.Tasks) != 2):
				t.Fatalf("%s was acknowledged and is there as %+v, %v", id(w, n), a, err)
			case !ok && !errors.Is(err, store.ErrNotFound):
				t.Fatalf("%s failed and is there as %+v, %v", id(w, n), a, err)
			}
			instances, err := s.Instances(ctx, storetest.Seller, []string{"inst-" + id(w, n)})
			if err != nil || len(instances) > 0 != ok {
				t.Fatalf("%s: instances %v, %v", id(w, n), instances, err)
			}
		}
	}
	if count[true] == 0 || count[false] == 0 {
		t.Fatalf("%d changes fitted and %d did not: the limit misses its point", count[true], count[false])
	}
	limitPages(t, s, 1<<30)
	if err := s.Apply(ctx, storetest.Admission("CS-after", storetest.Epoch)); err != nil {
		t.Fatal(err)
	}
}
