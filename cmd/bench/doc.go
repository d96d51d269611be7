// SPDX-License-Identifier: Apache-2.0

// Command bench measures Koogate against a floor: a hand-written net/http handler that does the same verification, takes
// the same lock and writes the same rows with the same durability, and nothing else. Both run as processes of their own,
// in alternating rounds, under the same load client; what is reported is ratios. Where there is no floor, Koogate is
// compared with itself, and what is reported is growth.
//
// The floor is package floor: read it to judge the figures.
// Every part of -only begins in the file of its name; process begins in weigh.go, and the usage ledger is measured in
// usage….go: reports against the floor, and without a floor the push of a backlog, its memory, the order by
// deadline, and quotas.
//
//	go run ./cmd/bench -help            # the parts, with examples
//	go run ./cmd/bench                  # SQLite, and PostgreSQL + Redis when KOOGATE_TEST_POSTGRES and KOOGATE_TEST_REDIS are set
package main
