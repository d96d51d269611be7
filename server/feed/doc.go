// SPDX-License-Identifier: Apache-2.0

// Package feed follows the feed of events (store.Feed, ADR 41) for any number of watchers.
//
// A watcher reads pages from the store at its own pace and holds no more than one of them, so a slow one costs a page and holds up nobody.
// For each seller that is watched one bell looks a few times a second whether something new can be read, and only says so: nothing that
// writes knows of watchers. Start at [Service.Watch].
package feed
