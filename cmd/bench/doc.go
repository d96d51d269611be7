// SPDX-License-Identifier: Apache-2.0

// Command bench measures Koogate against a floor: a hand-written net/http handler that does the same verification, takes
// the same lock and writes the same rows with the same durability, and nothing else. Both run as processes of their own,
// in alternating rounds, under the same load client; what is reported is ratios.
//
// The floor is floor.go (HTTP and verification), floorsqlite.go and floorpostgres.go (rows): read them to judge the figures.
// The usage ledger is measured in usage….go: reports against the floor in floorusage.go, and without a floor the push of a
// backlog, its memory, the order by deadline, and quotas.
//
//	go run ./cmd/bench                  # SQLite, and PostgreSQL + Redis when KOOGATE_TEST_POSTGRES and KOOGATE_TEST_REDIS are set
//	go run ./cmd/bench -rounds 3 -for 2s -backend sqlite
//	go run ./cmd/bench -only usage -backlog 5000000
package main
