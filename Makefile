# Outturn: "make" alone lists what there is.

DATA   ?= data
LISTEN ?= 127.0.0.1:8080
GO     ?= go

.DEFAULT_GOAL := help

.PHONY: help
help: ## List the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: run
run: build deps ## Build and start everything; http://127.0.0.1:8080 shows the 2023 report
	@exec bin/outturn dev --data $(DATA) --listen $(LISTEN)

.PHONY: test
test: deps-test ## Run every test; installs and starts what they need
	$(GO) vet ./...
	$(GO) test -timeout 20m ./...

.PHONY: race
race: deps-test ## Run every test under the race detector (needs a C compiler)
	$(GO) test -race -timeout 40m ./...

.PHONY: test-office
test-office: ## Open exported forms in LibreOffice and compare cell by cell
	@deploy/local/ensure libreoffice fonts
	$(GO) test -count=1 -tags office ./handlers/exports

.PHONY: bench
bench: deps ## Measure, each figure beside a floor of the same run; writes docs/benchmarks.md
	$(GO) test -run '^$$' -bench Table -benchtime 1x -timeout 60m ./cmd/outturn -args -table

.PHONY: build
build: ## Build bin/outturn
	$(GO) build -o bin/outturn ./cmd/outturn

.PHONY: generate
generate: ## Write again what is generated: the example, schemas, docs, goldens
	$(GO) generate ./...
	$(GO) test ./events ./events/access ./events/budget ./projections ./handlers/api ./handlers/audit ./handlers/exports ./handlers/intake ./handlers/metrics -update

.PHONY: verify
verify: generate ## Fail if something generated or formatted is out of date
	@test -z "$$(gofmt -l .)" || { gofmt -l .; echo "run gofmt -w ."; exit 1; }
	$(GO) mod verify
	$(GO) mod tidy -diff
	git diff --exit-code

.PHONY: deps
deps: ## Find or install what running needs (Postgres)
	@deploy/local/ensure postgres

.PHONY: deps-test
deps-test: ## Find or install what the tests need (Postgres, Chromium, a CJK font, axe, Prometheus)
	@deploy/local/ensure postgres chromium fonts axe promtool

.PHONY: clean
clean: ## Remove what was built; data stays
	rm -rf bin artifacts
