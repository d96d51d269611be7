// SPDX-License-Identifier: Apache-2.0

package family

// Subject is what a call is about, as far as the facade has to know.
type Subject struct {
	Order     string // the order that the call names; the call belongs to that order's trace
	Line      string // with order and product the key of what a creating call creates
	Product   string
	Business  string
	Creates   bool
	Instances string // one ID, or several separated by commas; the trace is that of their orders
}

// MaxID is the longest ID in bytes: 64 characters.
const MaxID = 64 * 4

// IDSized says whether a text may be an ID by its length.
func IDSized(id string) bool { return id != "" && len(id) <= MaxID }
