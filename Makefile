# `make` alone lists what there is. Everything is built with Go alone (-race needs gcc); real services come from the
# system's packages, see .ci/services.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:

FUZZTIME  ?= 10s
CHAOS_N   ?= 200
HISTORIES ?= 10000
LIVES     ?= 20000
CHECKS    ?= 1000
INSTANCES ?= 600000
RUNS      ?= 10000

BIN    = .ci/bin
# The race detector needs a C compiler; without one the tests of services run without it. SQLite itself and its C library and allocator, all
# C translated to Go, are left out of its sight: nothing of ours is in there, and they make up most of the tests' time when
# instrumented. Without debug information everything is built in less time, and so it is without vet, which is the
# linter's (`make lint`, the step before this one in CI).
BLIND  = modernc.org/sqlite/lib modernc.org/libc modernc.org/memory
RACE   = $(shell command -v "$$(go env CC)" >/dev/null && echo -race -gcflags=all=-dwarf=false $(BLIND:%=-gcflags=%=-race=false))
GOTEST = $(if $(wildcard $(BIN)/gotestsum),$(BIN)/gotestsum --format=pkgname --,go test) -vet=off

.PHONY: help
help: ## show this list
	@awk -F ':.*## ' '/^##@/ { print substr($$0, 4) } /^[a-z-]+:.*## / { printf "  %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

##@ daily

.PHONY: build
build: ## bin/koogate
	go build -o bin/koogate ./cmd/koogate

.PHONY: run
run: build ## build and start everything in one process on loopback
	bin/koogate dev

.PHONY: test
test: ## every test that needs only Go
	$(GOTEST) -shuffle=on ./...

# Lives are one goroutine over parts whose own tests are here: nothing in them can race, and watched they take ten times as long.
# The workers that the kit kills, and those of the quickstarts, are programs of their own, which nothing watches here. Commands that ask and show run once each, one thing after the other; those that follow,
# watch and complete are watched.
BUILT = ^Test(PlantedFaultsOfWorkers|PlantedFaultsOfWebhooks|Importing|ImportProof|TheExampleWorkersPass|ShownCommandsExist|Looking|ActsByHand|SellersByHand|WebhooksByHand|ChangingWhatIsSold|TheCommandsOfThePage|TheQuickstarts|TheWebhookPages)$$
RACED = $$(go list ./... | grep -v /cmd/koogate/lives$$)

.PHONY: race
race: ## the same under the race detector, which needs a C compiler
	$(if $(RACE),,$(error the race detector needs a C compiler: install gcc))$(GOTEST) $(RACE) -shuffle=on -skip '$(BUILT)' $(RACED)

.PHONY: lint
lint: third-party $(BIN)/buf $(BIN)/golangci-lint ## proto style, format and compatibility; Go linters; go.mod tidy
	$(BIN)/buf lint
	$(BIN)/buf format -d --exit-code proto
	.ci/breaking
	$(BIN)/golangci-lint run
	go mod tidy -diff

.PHONY: openapi-check
openapi-check: ## two public validators read gen/openapi/koogate.yaml (needs npm)
	cd .ci/tools/openapi-check && npm ci --no-audit --no-fund --loglevel=error
	cd .ci/tools/openapi-check && npm run --silent check

##@ generated code

.PHONY: generate
generate: generate-proto generate-sql generate-docs ## all generated code: gen/, store/*/dbsqlc, store/dbrow/sqlc.go, docs/fidelity.md, docs/errors.md, the checker's sources

.PHONY: generate-proto
generate-proto: third-party $(BIN)/buf ## gen/ from proto/, which is formatted first
	$(BIN)/buf format -w proto
	rm -rf .ci/state/generate
	$(BIN)/buf generate -o .ci/state/generate
	gofmt -w .ci/state/generate/gen
	rm -rf gen
	mv .ci/state/generate/gen gen

.PHONY: generate-sql
generate-sql: $(BIN)/sqlc ## store/*/dbsqlc from the migrations and queries next to them, and store/dbrow/sqlc.go
	$(BIN)/sqlc generate
	go run ./.ci/tools/sqlrows store/dbrow store/sqlite/dbsqlc store/postgres/dbsqlc
	gofmt -w store/*/dbsqlc

.PHONY: generate-docs
generate-docs: # docs/fidelity.md and the checker's sources from docs/fidelity.yaml, docs/errors.md from the reasons
	go run ./.ci/tools/fidelity docs/fidelity.md koogallery/checker/source/table.go docs/errors.md

.PHONY: third-party
third-party: # the protos ours import, printed from the modules in go.mod
	go run ./.ci/tools/thirdparty

##@ with real services (started on free loopback ports, stopped at the end)

# `go test -run` is content with no test at all; these targets are not.
exists = go test -list '^$(1)' ./cmd/koogate | grep '^Test' >/dev/null || { echo 'no $(1)… in ./cmd/koogate' >&2; exit 1; }

# The stores' own properties are played a hundred times and wait for the databases for most of it; what races in them is watched below, under
# the domains that work with them. The processes of ./cmd/koogate are its test binary, and what they promise is timed: no race detector there.
# `make race` has both. What plays the worker's kit, the checker, the command line and koogate dev has no use for a service and is in `make test`; kills are
# `make chaos`.
ALONE = ^Test(Contexts|Looking|RemoteTexts|Watching|Tail|CompletionOf|ChangingWhatIsSold|SellersByHand|WebhooksByHand|ActsByHand|WhatIsNotKoogate|TheCommandsOfThePage|Importing|TheQuickstarts|TheWebhookPages|AtATerminal|ShownCommands|Verify|PlantedFaultsOf|Listen|TheExampleWorkersPass|AWorkerThatRunsAlready|WhatWorkerTestCannotFindOut|Check|TheCheckersPage|Dev|ARecordedDayIsReplayed|Chaos)
.PHONY: services-test
services-test: ## the tests that use a real Redis and PostgreSQL: stores, domains on both databases, processes
	KOOGATE_SERVICES_FSYNC=off KOOGATE_CHECKS=100 .ci/services sh -ec '$(GOTEST) -parallel 4 -count=1 ./store/postgres ./store/redis ./server/quota ./server/evidence ./server/reseal; $(GOTEST) $(RACE) -p 4 -count=1 -run OnBoth ./server/fulfil ./server/usage ./server/directory ./server/work ./server/audit ./server/journal ./server/webhook ./server/handover ./server/sanction ./server/moving ./server/login/desk ./server/login/ending ./server; $(GOTEST) -count=1 -run TwoReplicas ./server; $(GOTEST) -parallel 4 -count=1 -skip "$(ALONE)" ./cmd/bench ./cmd/koogate ./cmd/koogate/internal/...'

# The packages whose properties are played over a database; whole, so that none can be missed by its name.
PROOFS = ./store/... ./server/fulfil ./server/usage ./server/quota ./server/directory

.PHONY: proofs
proofs: ## CHECKS random histories of every property, on both databases (20 each in `make test`, 100 in services-test)
	KOOGATE_CHECKS=$(CHECKS) KOOGATE_USAGE_HISTORIES=$(CHECKS) .ci/services $(GOTEST) -count=1 -timeout 120m $(PROOFS)

.PHONY: chaos
chaos: ## kill -9 the service CHAOS_N times under load and check every promise
	@$(call exists,TestChaos)
	KOOGATE_SERVICES_FSYNC=off KOOGATE_CHAOS_N=$(CHAOS_N) .ci/services go test -count=1 -run '^TestChaos' -timeout 60m ./cmd/koogate

.PHONY: watch-proof
watch-proof: ## 50 watchers are told 100,000 events each while the replicas that they watch are killed; a twentieth of it is in `make chaos`
	@$(call exists,TestChaosWatch)
	KOOGATE_WATCHERS=50 KOOGATE_WATCH_EVENTS=100000 .ci/services go test -count=1 -v -run '^TestChaosWatch$$' -timeout 60m ./cmd/koogate | grep -v '^=== '

.PHONY: import-proof
import-proof: INSTANCES = 100000
import-proof: ## INSTANCES (100,000) are imported into a running service, and again, on both databases; a hundredth of it is in `make test`
	@$(call exists,TestImportProof)
	KOOGATE_IMPORTS=$(INSTANCES) .ci/services go test -count=1 -v -run '^TestImportProof$$' -timeout 60m ./cmd/koogate | grep -v '^=== '

.PHONY: mutants
mutants: ## every mistake of a seller's server that the checker has to find, and whether it does: one line each
	@out=$$(mktemp); trap 'rm -f "$$out"' EXIT; ok=0; \
	  KOOGATE_MATRIX="$$out" go test -count=1 -run '^TestMutants$$' -timeout 30m ./koogallery/checker >"$$out.log" 2>&1 || ok=$$?; \
	  cat "$$out"; [[ $$ok == 0 ]] || cat "$$out.log"; rm -f "$$out.log"; exit $$ok

.PHONY: checker-proof
checker-proof: ## RUNS seeded checks of a server that does everything right, in every family: no rule may fail (KOOGATE_SEED is the first)
	KOOGATE_CHECKER_RUNS=$(RUNS) GOGC=400 go test -count=1 -v -run '^TestNoFalseAlarms$$' -timeout 120m ./koogallery/checker | grep -v '^=== '

# A process for each processor: two with one each live half as much again as one with two, which wait for each other.
.PHONY: lives
lives: build ## LIVES made-up orders with faults in virtual time, held to every promise; SEED= repeats them
	@code=0 pids=() n=$$(nproc); \
	trap 'kill "$${pids[@]}" 2>/dev/null || true' INT TERM; \
	for ((i = 0; i < n; i++)); do \
	  GOGC=200 GOMAXPROCS=1 bin/koogate sim lives -n $$((($(LIVES) + n - 1) / n)) $(if $(SEED),--seed $$(($(SEED) + i))) --workers 1 --dir $(firstword $(wildcard /dev/shm) $(or $(TMPDIR),/tmp)) & pids+=($$!); \
	done; \
	for pid in "$${pids[@]}"; do wait "$$pid" || code=1; done; exit $$code

.PHONY: planted
planted: ## plant a fault in each of sixteen places of a copy, and see lives find it
	.ci/planted

.PHONY: upgrade-test
upgrade-test: ## the previous release's own program goes on with this schema, after and beside this one
	@$(call exists,TestThePreviousRelease)
	.ci/upgrade

.PHONY: neighbours
neighbours: ## one seller's 24 clients list among INSTANCES while another seller's calls are timed, on both databases
	@$(call exists,TestNeighbours)
	KOOGATE_NEIGHBOURS=$(INSTANCES) .ci/services go test -count=1 -v -run '^TestNeighbours$$' -timeout 60m ./cmd/koogate

.PHONY: usage-histories
usage-histories: ## HISTORIES random histories of usage, from the report to the bill (KOOGATE_SEED repeats them)
	@$(call exists,TestUsageHistories)
	KOOGATE_HISTORIES=$(HISTORIES) go test -count=1 -v -run '^TestUsageHistories$$' -timeout 60m ./cmd/koogate

.PHONY: bench
bench: ## the built service against the floor, and as the work grows (go run ./cmd/bench -help); QUICK=1 within three minutes
	.ci/services go run ./cmd/bench $(if $(QUICK),-quick)

.PHONY: fuzz
fuzz: ## every fuzz target for FUZZTIME each
	.ci/fuzz $(FUZZTIME)

.PHONY: jaeger
jaeger: ## use the Jaeger that there is (JAEGER=binary or URL, a running one, PATH, docker, podman), or build one without pages
	@.ci/jaeger start

.PHONY: jaeger-stop
jaeger-stop: ## stop the Jaeger that make jaeger started
	@.ci/jaeger stop

.PHONY: login-test
login-test: ## a real Chromium, and an app on a public library for Node.js, log in (needs npm; installs chromium where it can)
	.ci/login

.PHONY: jaeger-test
jaeger-test: $(BIN)/jaeger ## the trace of one order, read back from a real Jaeger
	@$(call exists,TestJaeger)
	KOOGATE_TEST_JAEGER=$(CURDIR)/$(BIN)/jaeger .ci/services go test -count=1 -run '^TestJaeger' ./cmd/koogate

.PHONY: image
image: ## a container image, built offline from the module cache (needs docker or podman)
	go mod download
	$$(command -v docker || command -v podman) build --file deploy/Dockerfile --build-context modules="$$(go env GOMODCACHE)" --tag koogate .

.PHONY: deploy-check
deploy-check: ## what deploy/ holds, as far as it can be shown without a container engine
	.ci/deploy

.PHONY: family-check
family-check: ## a new protocol family is three files and one line: written, generated, compiled and called in a copy of the tree
	.ci/family

##@ all of it

.PHONY: verify
verify: ## everything CI runs, in order
	.ci/run

.PHONY: tools
tools: $(addprefix $(BIN)/,buf golangci-lint sqlc jaeger gotestsum) ## build the build tools (each target builds what it needs)

.PHONY: clean
clean: ## remove what was built; tools and generated code stay
	rm -rf bin third_party .ci/state

# Each tool is a module of its own, so that its requirements never meet the service's, and is rebuilt when that changes.
# Without cgo and debug information they build in about two thirds of the time.
$(BIN)/buf:           PKG = github.com/bufbuild/buf/cmd/buf
$(BIN)/golangci-lint: PKG = github.com/golangci/golangci-lint/v2/cmd/golangci-lint
$(BIN)/sqlc:          PKG = github.com/sqlc-dev/sqlc/cmd/sqlc
$(BIN)/jaeger:        PKG = github.com/jaegertracing/jaeger/cmd/all-in-one
$(BIN)/gotestsum:     PKG = gotest.tools/gotestsum

$(BIN)/buf: .ci/tools/buf/go.mod
$(BIN)/golangci-lint: .ci/tools/lint/go.mod
$(BIN)/sqlc: .ci/tools/sqlc/go.mod
$(BIN)/jaeger: .ci/tools/jaeger/go.mod
$(BIN)/gotestsum: .ci/tools/test/go.mod
$(BIN)/%:
	@echo "building $@ (once, a minute or two)"
	@cd $(<D) && CGO_ENABLED=0 go build -ldflags='-s -w' -gcflags=all=-dwarf=false -o $(CURDIR)/$@ $(PKG)
	@touch $@
