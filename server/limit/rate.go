// SPDX-License-Identifier: Apache-2.0

package limit

import (
	"time"

	"github.com/koogate/koogate/store"
)

// Class is a kind of calls that share a budget.
type Class int

// The classes.
const (
	Reads   Class = iota // calls that change nothing
	Writes               // calls that change something
	Leases               // LeaseTasks, however long it waits
	Exports              // streams of answers: events, and files such as evidence
	classes
)

// String is the class as errors and metrics name it.
func (c Class) String() string { return [...]string{"reads", "writes", "leases", "exports"}[c] }

// Rate is how often something may be done.
type Rate struct {
	Rate  int `koanf:"rate"`  // a second, for as long as it goes on; 0 means as often as one likes
	Burst int `koanf:"burst"` // at once, after a rest
}

// The bounds of a rate.
const (
	MaxRate  = 100_000
	MaxBurst = 1_000_000
)

func (r Rate) budget() store.Budget {
	return store.Budget{Every: time.Second / time.Duration(r.Rate), Burst: r.Burst}
}

// Limits are what callers may do. The checks of the configuration hold them to their bounds.
type Limits struct {
	Reads     Rate   `koanf:"reads"`     // of each caller
	Writes    Rate   `koanf:"writes"`    // the same
	Leases    Rate   `koanf:"leases"`    // the same
	Exports   Rate   `koanf:"exports"`   // the same
	Strangers Rate   `koanf:"strangers"` // refusals of each address
	Rules     []Rule `koanf:"rules"`     // other rates for some callers
}

// Rule gives one caller other rates.
type Rule struct {
	Seller  string `koanf:"seller"`
	Caller  string `koanf:"caller"` // as audit rows name it: "token crm-worker"
	Reads   *Rate  `koanf:"reads"`  // nil leaves what everybody has
	Writes  *Rate  `koanf:"writes"`
	Leases  *Rate  `koanf:"leases"`
	Exports *Rate  `koanf:"exports"`
}

// Default are the limits that no honest caller meets (ADR 51).
func Default() Limits {
	return Limits{
		Reads: Rate{500, 5000}, Writes: Rate{2000, 10_000}, Leases: Rate{500, 5000}, Exports: Rate{10, 200}, Strangers: Rate{50, 1000},
	}
}

func (l Limits) rates() [classes]Rate { return [classes]Rate{l.Reads, l.Writes, l.Leases, l.Exports} }

// over are the rates of a caller with a rule.
func (r Rule) over(rates [classes]Rate) [classes]Rate {
	for class, own := range [classes]*Rate{r.Reads, r.Writes, r.Leases, r.Exports} {
		if own != nil {
			rates[class] = *own
		}
	}
	return rates
}
