# Every target with a ## comment is shown by `make help`. The gate is `make check`.

SHELL       := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS   += --no-print-directory

# Versions of the tools, in one place. templ is the version that go.mod requires.
LINT_VERSION    := v2.15.0
GOFUMPT_VERSION := v0.12.0
TEMPL_VERSION   := $(shell sed -n 's|^.*github.com/a-h/templ \(v[^ ]*\).*|\1|p' go.mod)

# Tools stand here, by the Go that built them: a newer Go builds them anew.
BIN     := $(CURDIR)/.bin/$(shell go env GOVERSION 2>/dev/null || echo no-go)
LINT    := $(BIN)/golangci-lint-$(LINT_VERSION)
GOFUMPT := $(BIN)/gofumpt-$(GOFUMPT_VERSION)
TEMPL   := $(BIN)/templ-$(TEMPL_VERSION)

# The product is built without cgo. Only the race detector needs it.
export CGO_ENABLED := 0

# On a machine that runs the gate for everybody nothing is skipped and no result is taken from the cache.
TESTFLAGS ?=
ifneq ($(CI),)
export MIANSHEN_NO_SKIP := 1
TESTFLAGS += -count=1
endif

FUZZTIME ?= 10s
ADDR     ?= 127.0.0.1:8080

.PHONY: help
help: ## show this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: ## install what the tests need: tools into ./.bin, on Debian also chromium, fonts and PostgreSQL
	@scripts/setup
	@$(MAKE) tools

.PHONY: tools
tools: $(LINT) $(GOFUMPT) $(TEMPL)

# install,package,version: builds one tool and names it by its version, so that a changed version is built again.
define install
@echo "building $(notdir $@)"
@mkdir -p $(BIN)/new
@GOBIN=$(BIN)/new go install $(1)@$(2)
@mv $(BIN)/new/$(notdir $(1)) $@
endef

$(LINT):
	$(call install,github.com/golangci/golangci-lint/v2/cmd/golangci-lint,$(LINT_VERSION))

$(GOFUMPT):
	$(call install,mvdan.cc/gofumpt,$(GOFUMPT_VERSION))

$(TEMPL):
	$(call install,github.com/a-h/templ/cmd/templ,$(TEMPL_VERSION))

.PHONY: run
run: ## start the demo on ADDR (127.0.0.1:8080)
	go run ./cmd/mianshen serve --demo --addr $(ADDR)

.PHONY: build
build: ## build the binary ./mianshen, without cgo
	go build -trimpath -o mianshen ./cmd/mianshen

.PHONY: fmt
fmt: $(GOFUMPT) $(TEMPL) ## format Go files and pages
	$(GOFUMPT) -w .
	$(TEMPL) fmt .

.PHONY: generate
generate: $(TEMPL) ## write generated files anew
	$(TEMPL) generate
	go generate ./...

.PHONY: test
test: ## run every test, without the race detector
	go test $(TESTFLAGS) ./...

# The steps of the gate, in order; the first that fails ends it. The tests come last, so that the output ends with theirs.
STEPS := setup format build-all vet lint tidy stale test-race

.PHONY: check
check: ## the gate: setup, formatting, vet, golangci-lint, go mod tidy, stale files, every test with -race
	@n=0; \
	for step in $(STEPS); do \
	  n=$$((n + 1)); SECONDS=0; \
	  printf '\n== %d/%d %s\n' $$n $(words $(STEPS)) $$step; \
	  $(MAKE) $$step || { printf '\n== make check: %s failed after %ds\n' $$step $$SECONDS >&2; exit 1; }; \
	  if [ $$n -lt $(words $(STEPS)) ]; then printf '== %s: fine, %ds\n' $$step $$SECONDS; fi; \
	done
ifeq ($(CI),)
	@scripts/setup --report
	@echo "make check: all $(words $(STEPS)) steps passed"
endif

.PHONY: format
format: $(GOFUMPT)
	@list=$$($(GOFUMPT) -l .); \
	if [ -n "$$list" ]; then printf 'not formatted, run make fmt:\n%s\n' "$$list" >&2; exit 1; fi

.PHONY: build-all
build-all:
	go build ./...

.PHONY: vet
vet:
	go vet ./...

.PHONY: lint
lint: $(LINT) ## run golangci-lint alone
	$(LINT) run ./...

.PHONY: tidy
tidy:
	go mod tidy -diff

.PHONY: stale
stale: $(TEMPL)
	@scripts/stale $(MAKE) generate

.PHONY: test-race
test-race:
	go test -count=1 -run '^(TestMutants|TestHostile)' ./rules
	GOEXPERIMENT=simd go test -count=1 ./engine/kernel
	go test -count=1 -run '^TestMemoryIsBounded$$' ./internal/intake/delivery
	go test -count=1 -run '^TestMutations$$' ./internal/audit
	go test -count=1 -run '^(TestSQLiteMemory|TestLongRegisters|TestMatrix|TestTokensOfMatrix|TestInterrupted)$$' ./internal/store ./internal/web ./internal/casework
	go test -vet=off -timeout 20m -count=1 ./cmd/mianshen ./internal/demo/quarter ./internal/disburse/... ./internal/fsck ./internal/notify/...
	CGO_ENABLED=1 go test -race -vet=off -timeout 40m $(TESTFLAGS) ./internal/web ./internal/store ./... # the longest first, so that none is left for last

# The benchmark against DuckDB is a module of its own, since DuckDB needs cgo.
BENCH := $(BIN)/bench

.PHONY: bench-build
bench-build:
	@mkdir -p $(BIN)
	cd engine/bench && CGO_ENABLED=1 go build -o $(BENCH) . && GOEXPERIMENT=simd CGO_ENABLED=1 go build -o $(BENCH)-simd .

.PHONY: bench
bench: bench-build ## measure engine and search at a small size, the engine side by side with DuckDB and expr
	cd engine/bench && $(BENCH) -rows 100000 -items 200 -repeat 3 -pairs 20000
	cd index/bench && go run . -documents 5000 -peers=false

.PHONY: bench-full
bench-full: bench-build ## the same at full size (about an hour); writes engine/bench/RESULTS.md and .tsv
	cd engine/bench && $(BENCH) -write
	cd engine/bench && $(BENCH)-simd -run sweep,tenfold,expr -write
	cd index/bench && go run . -write
	MIANSHEN_PAIRS=10000000 go test -timeout 180m -count=1 -v -run '^TestThreeWaysAgree$$' ./engine
	MIANSHEN_LONG=1 go test -timeout 60m -count=1 -v -run '^TestJudgeAgrees$$' ./rules

.PHONY: micro
micro: ## run every Go benchmark
	go test -timeout 60m -run '^$$' -bench . -benchmem ./...

.PHONY: chaos
chaos: ## the slow proofs: sweeps and dispatchers killed a hundred times, quarters a thousand times
	MIANSHEN_KILLS=100 go test -timeout 120m -count=1 -v -run '^TestKilledSweeps$$' ./cmd/mianshen
	MIANSHEN_WALK=1000000 go test -timeout 120m -count=1 -v -run '^TestWalk$$' ./internal/disburse/lists
	MIANSHEN_KILLS_QUARTER=500 go test -timeout 180m -count=1 -v -run '^TestKilledQuarter$$' ./cmd/mianshen
	MIANSHEN_LONG=1 go test -timeout 60m -count=1 -v -run '^TestQuarter$$' ./internal/notify/derive
	MIANSHEN_LONG=1 go test -timeout 90m -count=1 -v -run '^(TestIncremental|TestForecast)$$' ./internal/notify/outlook
	MIANSHEN_NOTIFY_KILLS=100 go test -timeout 60m -count=1 -v -run '^TestKilled$$' ./internal/notify

.PHONY: fuzz
fuzz: ## run every fuzz target for FUZZTIME (10s)
	@scripts/fuzz $(FUZZTIME)

.PHONY: cover
cover: ## measure test coverage into coverage.html
	go test -coverpkg=./... -coverprofile=coverage.out ./...
	@go tool cover -html=coverage.out -o coverage.html
	@go tool cover -func=coverage.out | tail -n 1

.PHONY: clean
clean: ## remove what builds and runs leave behind, tools too
	rm -rf .bin mianshen coverage.out coverage.html
