// SPDX-License-Identifier: Apache-2.0

package seal_test

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io"
	"regexp"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/koogate/koogate/koogallery/seal"
)

var ivForm = regexp.MustCompile(`^[A-Za-z0-9]{16}$`)

func TestNewIV(t *testing.T) {
	t.Parallel()
	seen := make(map[string]bool)
	counts := make(map[rune]int)
	const draws = 4000
	for range draws {
		iv, err := seal.NewIV(rand.Reader)
		if err != nil || !ivForm.MatchString(iv) || seen[iv] {
			t.Fatalf("NewIV = %q, %v, seen %v", iv, err, seen[iv])
		}
		seen[iv] = true
		for _, c := range iv {
			counts[c]++
		}
	}
	// Of 64000 characters each of the 62 is due 1032 times, give or take 32.
	// Without rejection the first eight would come 1250 times.
	for c, n := range counts {
		if n < 800 || 1230 < n {
			t.Errorf("%q comes %d times", c, n)
		}
	}
	if len(counts) != 62 {
		t.Errorf("%d characters occur", len(counts))
	}
}

func TestNewIVRejects(t *testing.T) {
	t.Parallel()
	// 248 and above are skipped; 0, 61, 62 and 247 are A, 9, A and 9.
	source := bytes.Repeat([]byte{248, 255, 0, 61, 62, 247, 250, 251}, 8)
	if iv, err := seal.NewIV(bytes.NewReader(source)); err != nil || iv != strings.Repeat("A9", 8) {
		t.Errorf("NewIV = %q, %v", iv, err)
	}
	broken := errors.New("broken")
	for name, source := range map[string]io.Reader{
		"failing": iotest.ErrReader(broken),
		"empty":   strings.NewReader(""),
		"short":   strings.NewReader("abc"),
		"endless": endless{},
	} {
		iv, err := seal.NewIV(source)
		if iv != "" || !errors.Is(err, seal.ErrRandom) || name == "failing" && !errors.Is(err, broken) {
			t.Errorf("%s: %q, %v", name, iv, err)
		}
	}
}

// endless yields nothing but bytes that NewIV cannot use.
type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 0xFF
	}
	return len(p), nil
}

func TestStableIV(t *testing.T) {
	t.Parallel()
	seen := make(map[string]int)
	for i, args := range [][]string{
		{"k"}, {"k", ""}, {"k", "", ""}, {"k", "ab", "c"}, {"k", "a", "bc"}, {"k", "abc"}, {"other", "abc"}, {"", "kabc"},
	} {
		iv := seal.StableIV(args[0], args[1:]...)
		if !ivForm.MatchString(iv) || iv != seal.StableIV(args[0], args[1:]...) {
			t.Errorf("%q: IV %q", args, iv)
		}
		if j, ok := seen[iv]; ok {
			t.Errorf("%d and %d share an IV", i, j)
		}
		seen[iv] = i
	}
	// Pinned, because answers that were sent must stay the same over releases.
	if got, want := seal.StableIV(uuidKey, "instance", "userName", "admin"), "p4s6mX6S3t9utq6K"; got != want {
		t.Errorf("StableIV = %s, want %s", got, want)
	}
}
