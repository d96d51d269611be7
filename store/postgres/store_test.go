// SPDX-License-Identifier: Apache-2.0

package postgres_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/postgres"
	"github.com/koogate/koogate/store/storetest"
	"github.com/koogate/koogate/store/storetest/suite"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	urls := make(map[store.Store]string)
	suite.Run(t, func(t *testing.T, clock func() time.Time) store.Store {
		url := freshSchema(t)
		s := openAt(t, url, clock)
		urls[s] = url
		return s
	}, suite.WithSecondHandle(func(t *testing.T, first store.Store, clock func() time.Time) store.Store {
		return openAt(t, urls[first], clock)
	}),
		suite.WithSQL(func(t *testing.T, s store.Store, statement string) int { return execute(t, urls[s], statement) }))
}

func TestUsageConformance(t *testing.T) {
	t.Parallel()
	urls := make(map[store.Store]string)
	suite.RunBilling(t, func(t *testing.T) store.Store {
		url := freshSchema(t)
		s := open(t, url)
		urls[s] = url
		return s
	}, suite.WithSecondHandle(func(t *testing.T, first store.Store, clock func() time.Time) store.Store {
		return openAt(t, urls[first], clock)
	}))
}

func TestAuditConformance(t *testing.T) {
	suite.RunAudit(t, func(t *testing.T, clock func() time.Time) store.Store { return openAt(t, freshSchema(t), clock) })
}

// versions is how many migrations there are.
const versions = 27

func TestOpenRefusesASchemaThatIsBehind(t *testing.T) {
	url := freshSchema(t)
	if _, err := postgres.Open(t.Context(), postgres.Options{URL: url}); err == nil || !strings.Contains(err.Error(), "koogate migrate") {
		t.Fatalf("Open of an empty schema: %v", err)
	}
	for _, want := range []int{versions, 0} {
		if applied, err := postgres.Migrate(t.Context(), url); err != nil || applied != want {
			t.Fatalf("Migrate: %d, %v, want %d", applied, err, want)
		}
	}
	s, err := postgres.Open(t.Context(), postgres.Options{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := postgres.Open(t.Context(), postgres.Options{URL: withParam(t, url, "search_path", "koogate_no_such")}); err == nil {
		t.Fatal("opened a schema that does not exist")
	}
}

// TestMigrateTogether lets replicas that start at once migrate at once.
func TestMigrateTogether(t *testing.T) {
	url := freshSchema(t)
	var wg sync.WaitGroup
	applied := make([]int, 4)
	errs := make([]error, 4)
	for i := range applied {
		wg.Go(func() { applied[i], errs[i] = postgres.Migrate(t.Context(), url) })
	}
	wg.Wait()
	total := 0
	for i := range applied {
		if errs[i] != nil {
			t.Errorf("Migrate: %v", errs[i])
		}
		total += applied[i]
	}
	if total != versions {
		t.Errorf("%d migrations were applied in all, want %d", total, versions)
	}
}

// TestConnectionsCutOff ends every connection of the store from the server's side: calls work again, the listener comes
// back, wakes everybody and hears of other replicas' changes.
func TestConnectionsCutOff(t *testing.T) {
	url := freshSchema(t)
	s := open(t, withParam(t, url, "application_name", "koogate-cut-off"))
	other := open(t, url)
	apply := func(s store.Store, id string) error {
		return s.Apply(t.Context(), storetest.Admission(id, storetest.Epoch))
	}
	if err := apply(s, "CS1"); err != nil {
		t.Fatal(err)
	}
	wake, stop := s.Watch(store.QueueTopic("nobody", "nothing"))
	defer stop()
	admin(t, url, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'koogate-cut-off'`)
	select {
	case <-wake:
	case <-time.After(20 * time.Second):
		t.Fatal("nobody was woken after the listener came back")
	}
	deadline := time.Now().Add(20 * time.Second)
	for n := 0; ; n++ {
		if err := apply(s, "CS2"); err == nil {
			break
		} else if time.Now().After(deadline) {
			t.Fatalf("still failing: %v", err)
		}
	}
	queue, stop := s.Watch(store.QueueTopic(storetest.Seller, storetest.Queue))
	defer stop()
	if err := apply(other, "CS3"); err != nil {
		t.Fatal(err)
	}
	select {
	case <-queue:
	case <-time.After(20 * time.Second):
		t.Fatal("no wake-up from the other handle after the listener came back")
	}
}
