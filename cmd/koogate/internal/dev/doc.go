// SPDX-License-Identifier: Apache-2.0

// Package dev is koogate dev: Koogate on SQLite and a marketplace simulator in one process on loopback, and one order of each kind
// and of each protocol family through its whole life. Begin at dev.go.
//
// It opens no backend: the command line gives it a [Start], by which package main wires what a configuration names.
package dev
