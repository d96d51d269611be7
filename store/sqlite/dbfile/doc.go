// SPDX-License-Identifier: Apache-2.0

// Package dbfile is the file of a SQLite database as the operating system has it: who may open it, who may read it, and how much
// room is left for it.
package dbfile
