// SPDX-License-Identifier: Apache-2.0

// Package show writes what the internal API answers: tables for people, JSON in the form of REST and YAML for programs, and
// refusals with their remedy. It knows messages by their descriptors, and which fields of a list people want to see (columns.go).
package show
