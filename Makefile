# Cordon. `make help` lists the targets.
GO            ?= go
GOLANGCI      := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
GOFUMPT       := mvdan.cc/gofumpt@v0.12.0
TOOLS         := $(CURDIR)/.tools
MOTO          := moto[server]==5.2.1
export PATH   := $(CURDIR)/.venv/bin:$(PATH)

.PHONY: help build test check generate fuzz clean emulator node

help: ## list the targets
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

build: ## build ./bin/cordon
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w' -o bin/cordon ./cmd/cordon

test: emulator node ## all tests, with the race detector and the AWS emulator (SKIP_EMULATOR=1 leaves that out)
	$(GO) test -race -timeout 15m ./...

check: $(TOOLS)/golangci-lint $(TOOLS)/gofumpt ## formatting, vet, lint, generated files up to date
	@out=$$($(TOOLS)/gofumpt -l cmd internal examples); test -z "$$out" || { echo "not gofumpt-ed:"; echo "$$out"; exit 1; }
	$(GO) vet ./...
	$(TOOLS)/golangci-lint run
	$(GO) mod verify
	$(GO) run ./internal/gen -check

generate: ## write the generated files anew
	$(GO) run ./internal/gen

FUZZ := finding:FuzzDecode notify:FuzzMedia notify:FuzzFit notify:FuzzRetryAfter vault:FuzzCleanName \
        actions:FuzzPolicyDocument actions:FuzzRegistration blast:FuzzPolicy awssim:FuzzPolicyDocument awssim:FuzzWildcard

fuzz: ## fuzz every decoder and escaper for half a minute each
	@for f in $(FUZZ); do echo "$$f"; \
	  $(GO) test -run '^$$' -fuzz "^$${f#*:}$$" -fuzztime 30s -fuzzminimizetime 2s ./internal/$${f%%:*} || exit 1; done

emulator:
	@if [ -n "$$SKIP_EMULATOR" ] || command -v moto_server >/dev/null; then exit 0; fi; \
	 echo "moto_server is not on PATH: installing it into .venv"; \
	 { python3 -m venv .venv && .venv/bin/pip install --quiet '$(MOTO)'; } || { \
	   echo "make: the AWS emulator could not be installed. Install it with: pip install '$(MOTO)'"; \
	   echo "      or leave its tests out with: SKIP_EMULATOR=1 make test"; exit 1; }

node: ## the Node packages that the tests hold the deployment against, in .tools/node
	@if [ -n "$$SKIP_EMULATOR" ] || cmp -s internal/nodetest/package-lock.json $(TOOLS)/node/package-lock.json && [ -d $(TOOLS)/node/node_modules ]; then exit 0; fi; \
	 command -v npm >/dev/null || { echo "make: npm is missing. Install Node 20 or newer, or leave its tests out with: SKIP_EMULATOR=1 make test"; exit 1; }; \
	 mkdir -p $(TOOLS)/node && cp internal/nodetest/package.json $(TOOLS)/node/ && cp internal/nodetest/package-lock.json $(TOOLS)/node/ && \
	 { npm ci --prefix $(TOOLS)/node --legacy-peer-deps --ignore-scripts --no-audit --no-fund --loglevel=error || { rm -f $(TOOLS)/node/package-lock.json; exit 1; }; }

$(TOOLS)/golangci-lint:
	GOBIN=$(TOOLS) GOFLAGS= $(GO) install $(GOLANGCI)

$(TOOLS)/gofumpt:
	GOBIN=$(TOOLS) GOFLAGS= $(GO) install $(GOFUMPT)

clean: ## remove what make made
	rm -rf bin .tools .venv
