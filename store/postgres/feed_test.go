// SPDX-License-Identifier: Apache-2.0

package postgres_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/postgres"
	"github.com/koogate/koogate/store/storetest"
)

// fedKeys are the events behind a place, as order/seq.
func fedKeys(t *testing.T, s store.Store, after store.FeedPlace) (keys []string, end store.FeedPlace) {
	t.Helper()
	p, err := s.EventsBehind(t.Context(), storetest.Seller, after, 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range p.Events {
		keys = append(keys, fmt.Sprint(e.OrderID, "/", e.Seq))
	}
	return keys, p.End
}

// TestAnEventThatIsCommittedLateIsNotSkipped holds a transaction open that has written an event while a later one commits: nothing that began
// after it is shown before it has ended, and then it comes first.
func TestAnEventThatIsCommittedLateIsNotSkipped(t *testing.T) {
	url := freshSchema(t)
	s := open(t, url)
	apply := func(id string) {
		t.Helper()
		if err := s.Apply(t.Context(), storetest.Admission(id, storetest.Epoch)); err != nil {
			t.Fatal(err)
		}
	}
	apply("CS1")
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(t.Context()) }()
	begin := func(order string) pgx.Tx {
		t.Helper()
		tx, err := conn.Begin(t.Context())
		if err == nil {
			_, err = tx.Exec(t.Context(), `INSERT INTO events (seller, order_id, seq, kind, instance_id, at, data, prev_hash, hash)
				VALUES ($1, $2, 1, 'k', '', 1, '{}', '', 'h')`, storetest.Seller, order)
		}
		if err != nil {
			t.Fatal(err)
		}
		return tx
	}
	want := func(after store.FeedPlace, want string) store.FeedPlace {
		t.Helper()
		got, end := fedKeys(t, s, after)
		if strings.Join(got, " ") != want {
			t.Fatalf("behind %v: %v, want %s", after, got, want)
		}
		return end
	}
	late := begin("late")
	apply("CS2")
	place := want(store.FeedPlace{}, "CS1/1")
	if last, err := s.FeedEnd(t.Context(), storetest.Seller); err != nil || last.OrderID != "CS1" {
		t.Fatalf("the end is %v, %v", last, err)
	}
	if err := late.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	place = want(place, "late/1 CS2/1")
	taken := begin("taken back")
	apply("CS3")
	want(place, "")
	if err := taken.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	want(place, "CS3/1")
}

// TestAFeedGoesOnInAnotherCluster moves a database to a cluster whose transactions have lower numbers: Open refuses it, and after Migrate what
// is written stands behind what was read.
func TestAFeedGoesOnInAnotherCluster(t *testing.T) {
	url := freshSchema(t)
	s := open(t, url)
	for _, id := range []string{"CS1", "CS2"} {
		if err := s.Apply(t.Context(), storetest.Admission(id, storetest.Epoch)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	execute(t, url, `UPDATE events SET feed_tx = feed_tx + 1000000000000`) // as in the cluster where they were written
	if _, err := postgres.Open(t.Context(), postgres.Options{URL: url}); err == nil || !strings.Contains(err.Error(), "koogate migrate") {
		t.Fatalf("Open: %v", err)
	}
	for range 2 { // the second finds nothing to do
		if _, err := postgres.Migrate(t.Context(), url); err != nil {
			t.Fatal(err)
		}
	}
	s = open(t, url)
	got, place := fedKeys(t, s, store.FeedPlace{})
	if strings.Join(got, " ") != "CS1/1 CS2/1" {
		t.Fatalf("before: %v", got)
	}
	if err := s.Apply(t.Context(), storetest.Admission("CS0", storetest.Epoch)); err != nil {
		t.Fatal(err)
	}
	if got, _ := fedKeys(t, s, place); strings.Join(got, " ") != "CS0/1" {
		t.Fatalf("after: %v", got)
	}
}
