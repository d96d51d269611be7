// SPDX-License-Identifier: Apache-2.0

package family

import (
	"slices"

	"github.com/koogate/koogate/server/facade/wirejson"
)

// Family is one protocol family.
type Family struct {
	Name     string // as the configuration calls it
	Door     *Door
	Services []Service
	// Subject tells what a call is about.
	Subject func(seller, activity string, o *wirejson.Object) Subject
}

// Names are the names of all families.
func Names() []string {
	all := All()
	names := make([]string, len(all))
	for i, f := range all {
		names[i] = f.Name
	}
	return names
}

// Named returns the family of a name.
func Named(name string) (f Family, ok bool) {
	all := All()
	i := slices.IndexFunc(all, func(f Family) bool { return f.Name == name })
	if i < 0 {
		return Family{}, false
	}
	return all[i], true
}

// OfKit says whether a family's calls are signed with the Kit's keys.
func OfKit(name string) bool {
	f, ok := Named(name)
	return ok && f.Door.Kit
}

// Held says whether a family's calls are held until they can be answered with success.
func Held(name string) bool {
	f, ok := Named(name)
	return ok && f.Door.V1 && !f.Door.Kit
}

// Signed says whether the answers to a family's calls are signed in any case.
func Signed(name string) bool {
	f, ok := Named(name)
	return ok && f.Door.V1
}
