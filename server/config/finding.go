// SPDX-License-Identifier: Apache-2.0

package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// origin remembers where each key of a configuration was given and which keys could not be read. So a message names the
// place, and a fault that only follows from another is not reported.
type origin struct {
	at     map[string]string // key to file:line:column, variable or flag; "" is the file itself
	broken map[string]bool   // keys whose value could not be read as it was meant
	secret string            // the first secret that stands in the file itself
	unread bool              // the file could not be read at all: nothing can be said about its keys
}

func newOrigin() *origin {
	return &origin{at: make(map[string]string), broken: make(map[string]bool)}
}

// of is where a key stands, or the nearest section around it.
func (o *origin) of(key string) string {
	if o == nil {
		return ""
	}
	for {
		if at, ok := o.at[key]; ok || key == "" {
			return at
		}
		key = key[:max(strings.LastIndexByte(key, '.'), strings.LastIndexByte(key, '['), 0)]
	}
}

// spoils says whether a finding about a key only follows from one that is reported already: the key, the section around it
// or an element of its list could not be read.
func (o *origin) spoils(key string) bool {
	if o == nil {
		return false
	}
	if o.unread {
		return true
	}
	for broken := range o.broken {
		if key == broken || strings.HasPrefix(key, broken+".") || strings.HasPrefix(key, broken+"[") || strings.HasPrefix(broken, key+"[") {
			return true
		}
	}
	return false
}

// findings collects problems.
type findings struct {
	list   []Problem
	origin *origin
}

// add reports a fault of a key, unless it only follows from another.
func (f *findings) add(path string, t text, args ...any) {
	if f.origin.spoils(path) {
		return
	}
	f.addAt(f.origin.of(path), path, t, args...)
}

// addAt reports a fault at a place.
func (f *findings) addAt(at, path string, t text, args ...any) {
	f.list = append(f.list, Problem{Origin: at, Path: path, EN: fmt.Sprintf(t.en, args...), ZH: fmt.Sprintf(t.zh, args...)})
}

// breaks reports a fault of a key that leaves the key without its value.
func (f *findings) breaks(at, path string, t text) {
	f.addAt(at, path, t)
	f.origin.broken[path] = true
}

// sound says whether all the keys have the values that were meant.
func (f *findings) sound(keys ...string) bool { return !slices.ContainsFunc(keys, f.origin.spoils) }

// nameOf is a list, one of its elements or an element's name.
var nameOf = regexp.MustCompile(`^[a-z]+(\[\d+\](\.name)?)?$`)

// names says whether a list of named things can be referred to: none of its names is missing or faulty. A reference into
// a list that is itself at fault would be a second message about the first fault.
func (f *findings) names(list string) bool {
	of := func(path string) bool { return nameOf.MatchString(path) && strings.HasPrefix(path+"[", list+"[") }
	if f.origin != nil {
		for path := range f.origin.broken {
			if of(path) {
				return false
			}
		}
	}
	return !slices.ContainsFunc(f.list, func(p Problem) bool { return of(p.Path) })
}

func (f *findings) name(path, name string, seen map[string]bool) {
	switch {
	case name == "":
		f.add(path, msgRequired, "1-63 × a-z 0-9 -")
	case !namePattern.MatchString(name):
		f.add(path, msgName, name)
	case seen[name]:
		f.add(path, msgTwice, name)
	}
	seen[name] = true
}

func (f *findings) between(path string, d, low, high time.Duration) {
	if d < low || d > high {
		f.add(path, msgBounds, d, low, high)
	}
}

// choice accepts the empty text as the first value.
func (f *findings) choice(path, value string, values ...string) {
	if value != "" && !slices.Contains(values, value) {
		f.add(path, msgChoice, value, strings.Join(values, ", "))
	}
}
