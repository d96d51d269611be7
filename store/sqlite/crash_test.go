// SPDX-License-Identifier: Apache-2.0

package sqlite_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/koogate/koogate/store/sqlite"
	"github.com/koogate/koogate/store/storetest"
)

// crashChild is the environment variable that turns the test binary into a writer; it names the database.
const crashChild = "KOOGATE_SQLITE_CRASH_CHILD"

func touch(t *testing.T, path string) string {
	t.Helper()
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// writeUntilKilled admits orders from many goroutines and prints the ID of each after it was acknowledged.
func writeUntilKilled(path string) {
	ctx := context.Background()
	s, err := sqlite.Open(ctx, sqlite.Options{Path: path, Migrate: true})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	var wg sync.WaitGroup
	for w := range 16 {
		wg.Go(func() {
			for n := 0; ; n++ {
				id := fmt.Sprintf("CS-%d-%d-%d", os.Getpid(), w, n)
				if err := s.Apply(ctx, storetest.Admission(id, storetest.Epoch)); err != nil {
					fmt.Fprintln(os.Stderr, err)
					os.Exit(1)
				}
				fmt.Fprintln(os.Stdout, id) // one write call a line
			}
		})
	}
	wg.Wait()
}

// TestCrash kills a writing process again and again; whatever it acknowledged is there afterwards, whole.
func TestCrash(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	path := filepath.Join(t.TempDir(), "koogate.db")
	var acknowledged []string
	for round := range 5 {
		acknowledged = append(acknowledged, killWhileWriting(t, path, 40+17*round)...)
		s := open(t, path)
		for _, id := range acknowledged {
			a, err := s.Aggregate(t.Context(), storetest.Seller, id)
			if err != nil {
				t.Fatalf("round %d: acknowledged order %s: %v", round, id, err)
			}
			if len(a.Lines) != 1 || len(a.Instances) != 1 || len(a.Tasks) != 2 {
				t.Fatalf("round %d: order %s is there in part", round, id)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d acknowledged changes survived 5 kills", len(acknowledged))
}

// killWhileWriting starts a writer, kills it after so many acknowledgements and returns all of them.
func killWhileWriting(t *testing.T, path string, after int) []string {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe, "-test.run=^$")
	cmd.Env = append(os.Environ(), crashChild+"="+path)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	hang := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() })
	defer hang.Stop()
	var ids []string
	for lines := bufio.NewScanner(out); lines.Scan(); {
		ids = append(ids, lines.Text())
		if len(ids) == after {
			_ = cmd.Process.Kill()
		}
	}
	_ = cmd.Wait() // killed
	if len(ids) < after {
		t.Fatalf("the writer ended after %d changes: %s", len(ids), stderr.String())
	}
	return ids
}
