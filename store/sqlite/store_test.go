package sqlite_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/koogate/koogate/store"
	"github.com/koogate/koogate/store/sqlite"
	"github.com/koogate/koogate/store/storetest"
)

func open(t *testing.T, path string, change ...func(*sqlite.Options)) *sqlite.Store {
	t.Helper()
	o := sqlite.Options{Path: path, Migrate: true}
	for _, c := range change {
		c(&o)
	}
	s, err := sqlite.Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return s
}

func TestConformance(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store { return open(t, filepath.Join(t.TempDir(), "koogate.db")) })
}

// TestConformanceWithTinyGroups runs the suite where a group is rarely more than a few changes.
func TestConformanceWithTinyGroups(t *testing.T) {
	storetest.Run(t, func(t *testing.T) store.Store {
		return open(t, filepath.Join(t.TempDir(), "koogate.db"), func(o *sqlite.Options) { o.MaxGroup, o.Readers = 3, 1 })
	})
}

func TestOpenRefusesAFileInUse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "koogate.db")
	open(t, path)
	if _, err := sqlite.Open(t.Context(), sqlite.Options{Path: path}); err == nil || !strings.Contains(err.Error(), "in use by another process") {
		t.Fatalf("second Open: %v", err)
	}
	if _, err := sqlite.Migrate(t.Context(), path); err == nil || !strings.Contains(err.Error(), "in use by another process") {
		t.Fatalf("Migrate: %v", err)
	}
}

func TestOpenRefusesASchemaThatIsBehind(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a strange %41 näme?&#.db")
	if _, err := sqlite.Open(t.Context(), sqlite.Options{Path: path}); err == nil {
		t.Fatal("opened a file that does not exist")
	}
	_, err := sqlite.Open(t.Context(), sqlite.Options{Path: touch(t, path)})
	if err == nil || !strings.Contains(err.Error(), "koogate migrate") {
		t.Fatalf("Open of an empty file: %v", err)
	}
	for _, want := range []int{2, 0} {
		if applied, err := sqlite.Migrate(t.Context(), path); err != nil || applied != want {
			t.Fatalf("Migrate: %d, %v, want %d", applied, err, want)
		}
	}
	s, err := sqlite.Open(t.Context(), sqlite.Options{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Apply(t.Context(), storetest.Admission("CS1", storetest.Epoch)); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}
