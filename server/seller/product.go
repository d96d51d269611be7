// SPDX-License-Identifier: Apache-2.0

package seller

import "time"

// Product says who fulfils a product.
type Product struct {
	Provisioner string        `koanf:"provisioner" json:"provisioner,omitempty"`
	SyncBudget  time.Duration `koanf:"sync_budget" json:"sync_budget,omitempty"` // how long newInstance waits for it, 0 to 4.5s
	Fingerprint string        `koanf:"fingerprint" json:"fingerprint,omitempty"` // of the device in getLicenseAsync: optional (default) or required
	Meter       Meter         `koanf:"meter" json:"meter,omitzero"`              // how pay-per-use is counted; without a name there is no meter
	Route       string        `koanf:"route" json:"route,omitempty"`             // who gets new orders of it: own or forward; empty means as the endpoint's
	Package     Package       `koanf:"package" json:"package,omitzero"`          // what a package holds; without items it is put by PutQuota
}

// Meter is how a product's usage is counted and billed.
type Meter struct {
	Name      string         `koanf:"name" json:"name,omitempty"`           // of what is counted, 1 to 64 characters
	Aggregate string         `koanf:"aggregate" json:"aggregate,omitempty"` // of the records of a window: sum (default), max, last or count
	Window    time.Duration  `koanf:"window" json:"window,omitempty"`       // 1h (default), by UTC hours, or 24h, by Beijing days
	Settle    *time.Duration `koanf:"settle" json:"settle,omitempty"`       // how long after its end a window waits for late records, 0s to 10m; 1m when left out
	Bill      string         `koanf:"bill" json:"bill,omitempty"`           // hourly or daily; as the window when left out
}

// Package is what a package product holds. Its quotas are put when it is bought.
type Package struct {
	Items     []PackageItem `koanf:"items" json:"items,omitempty"`           // 1 to 50
	Reset     string        `koanf:"reset" json:"reset,omitempty"`           // when the content is granted anew: none (default), month or year
	KeepGoing bool          `koanf:"keep_going" json:"keep_going,omitempty"` // the instances go on when it is used up: the excess is pay-per-use
	Priority  int           `koanf:"priority" json:"priority,omitempty"`     // 0 to 1000, drawn from lower first
}

// PackageItem is what a package holds of one fee item.
type PackageItem struct {
	Product string `koanf:"product" json:"product,omitempty"` // product ID of the fee item
	Quota   string `koanf:"quota" json:"quota,omitempty"`     // a decimal; of one month or year when the content is granted anew
}
