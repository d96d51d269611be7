// SPDX-License-Identifier: Apache-2.0

package fulfil

import "fmt"

// Rules are all endpoints as they are together at one moment. Nobody may change them.
type Rules struct {
	endpoints map[string]*Endpoint
	several   map[string]int // how many endpoints each seller has
}

// NewRules fails when two endpoints share a name or a rule is out of bounds.
func NewRules(endpoints []Endpoint) (*Rules, error) {
	r := &Rules{endpoints: make(map[string]*Endpoint, len(endpoints)), several: make(map[string]int)}
	for i := range endpoints {
		e := endpoints[i]
		if err := e.check(); err != nil {
			return nil, err
		}
		if r.endpoints[e.Name] != nil {
			return nil, fmt.Errorf("endpoint %q is configured twice", e.Name)
		}
		r.endpoints[e.Name] = &e
		r.several[e.Seller]++
	}
	return r, nil
}
