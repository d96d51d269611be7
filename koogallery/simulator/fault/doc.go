// SPDX-License-Identifier: Apache-2.0

// Package fault decides what goes wrong with the open APIs: by count ([Plan]), by chance ([Chaos]) and for a time
// ([Outage]). It only decides; the open APIs carry it out. A [Box] has no lock: the market owns it and guards it.
package fault
