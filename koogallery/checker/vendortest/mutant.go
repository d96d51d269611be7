// SPDX-License-Identifier: Apache-2.0

package vendortest

import (
	"slices"

	"github.com/koogate/koogate/koogallery/checker/probe"
	"github.com/koogate/koogate/koogallery/judge"
)

// Mutant is one mistake that a vendor's server makes.
type Mutant struct {
	ID       string         // kebab-case, unique: what Config.Faults names
	Fault    string         // F01 … of the list of documented faults, or the ID of a rule in docs/fidelity.yaml
	Says     string         // what the server does wrong
	Families []judge.Family // where it can be made
	Deep     bool           // it is seen by production calls only
	Shallow  bool           // it is seen by debugging calls only
	Mock     bool           // it is seen only by calls about the debugger's mock orders
	Async    bool           // it is seen only where instances take a while
	Hooks    []probe.Hook   // without which it cannot be seen
	Rule     string         // of the checker that must find it
	Also     []string       // rules that may fail with it, because they ask about something that depends on it
}

// Mutants returns all mistakes.
func Mutants() []Mutant {
	return slices.Concat(mutantsPost(), mutantsLife(), mutantsGet(), mutantsKit())
}
