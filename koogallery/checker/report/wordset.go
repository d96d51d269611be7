// SPDX-License-Identifier: Apache-2.0

package report

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Lengths of secrets, in bytes.
const (
	// shortest is the least length of a value that is replaced wherever it stands.
	shortest = 6
	// shortestWord is the least length of one that is replaced where it stands as a word of its own. Shorter ones are replaced in their
	// member only: a text of one or two letters says nothing, and would blot out half a report.
	shortestWord = 3
)

// wordSet finds secrets in a text, the longest first where several begin at one place. Its time is in proportion to the length of the text
// and hardly grows with the number of secrets.
type wordSet struct {
	words   map[string]bool
	lengths map[[shortestWord]byte][]int // of the words with a beginning, the longest first
}

// newWordSet returns the set of some words. Those that are too short are not in it.
func newWordSet(words []string) wordSet {
	w := wordSet{map[string]bool{}, map[[shortestWord]byte][]int{}}
	for _, word := range words {
		if len(word) >= shortestWord {
			w.words[word] = true
		}
	}
	for word := range w.words {
		head := [shortestWord]byte([]byte(word[:shortestWord]))
		if !slices.Contains(w.lengths[head], len(word)) {
			w.lengths[head] = append(w.lengths[head], len(word))
		}
	}
	for _, lengths := range w.lengths {
		slices.SortFunc(lengths, func(a, b int) int { return b - a })
	}
	return w
}

// replace puts hidden in the place of every secret in a text.
func (w wordSet) replace(text string) string {
	var b strings.Builder
	done := 0
	for i := 0; i+shortestWord <= len(text); {
		n := w.at(text, i)
		if n == 0 {
			i++
			continue
		}
		b.WriteString(text[done:i])
		b.WriteString(hidden)
		i += n
		done = i
	}
	b.WriteString(text[done:])
	return b.String()
}

// at is the length of the secret that stands at a place of a text, 0 for none. A short one has to be a word of its own.
func (w wordSet) at(text string, i int) int {
	for _, n := range w.lengths[[shortestWord]byte{text[i], text[i+1], text[i+2]}] {
		if len(text)-i < n || !w.words[text[i:i+n]] {
			continue
		}
		before, _ := utf8.DecodeLastRuneInString(text[:i])
		behind, _ := utf8.DecodeRuneInString(text[i+n:])
		if n >= shortest || !letter(before) && !letter(behind) {
			return n
		}
	}
	return 0
}

func letter(r rune) bool {
	return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_')
}
