// SPDX-License-Identifier: Apache-2.0

package sqlite

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/koogate/koogate/store/storetest"
)

// TestUpgrade migrates a file of the first schema that has rows in it: they stay, and the store works on.
func TestUpgrade(t *testing.T) {
	ctx := t.Context()
	path := filepath.Join(t.TempDir(), "koogate.db")
	if err := create(path); err != nil {
		t.Fatal(err)
	}
	db, err := openDB(path, "_pragma=journal_mode(WAL)")
	if err != nil {
		t.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	p, err := provider(db)
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.UpTo(ctx, 1)
	for _, statement := range []string{
		`INSERT INTO orders VALUES ('demo', 'CS1', 'demo', 'NEW', 'DONE', '', NULL, 0, '', 1, 1)`,
		`INSERT INTO order_lines VALUES ('demo', 'CS1', '1', '', 'newInstance', 'CS1', 'i', '{"customerId":"canary","skuCode":"s"}', NULL, '', '', '', '', 0, '000000', 1)`,
		`INSERT INTO instances VALUES ('demo', 'i', 'demo', 'CS1', '1', 'ACTIVE', 0, '', '', '', '', '', '', 0, 0, 0, NULL, 0, 1, 1)`,
	} {
		_, e := db.ExecContext(ctx, statement)
		err = errors.Join(err, e)
	}
	if err := errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	if applied, err := Migrate(ctx, path); err != nil || applied != 26 {
		t.Fatalf("Migrate: %d, %v", applied, err)
	}
	s, err := Open(ctx, Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	a, err := s.Aggregate(ctx, storetest.Seller, "CS1")
	if err != nil || len(a.Lines) != 1 || len(a.Instances) != 1 || a.Instances[0].Family != "" || a.Lines[0].AnswerCode != "000000" || a.Lines[0].Params != `{"skuCode":"s"}` {
		t.Fatalf("got %+v, %v", a, err)
	}
	if err := s.Apply(ctx, storetest.Admission("CS2", storetest.Epoch)); err != nil {
		t.Fatal(err)
	}
}
