# Cordon. `make help` lists the targets.
GO            ?= go
GOLANGCI      := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
GOFUMPT       := mvdan.cc/gofumpt@v0.12.0
TOOLS         := $(CURDIR)/.tools
MOTO          := moto[server]==5.2.1
CFN_LINT      := cfn-lint==1.51.0
ARCH          ?= arm64
DIST          ?= dist
export PATH   := $(CURDIR)/.venv/bin:$(PATH)

.PHONY: help build lambda dist dist-template build-Function test check generate fuzz bench clean nightly emulator node

help: ## list the targets
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

# grpcnotrace: without it a debug page that comes with the OTLP exporters keeps every method of every package, 65 MB of them.
build: ## build ./bin/cordon
	CGO_ENABLED=0 $(GO) build -trimpath -tags grpcnotrace -ldflags '-s -w' -o bin/cordon ./cmd/cordon

# bootstrap builds the Lambda function for a processor, into a folder. The same sources and the same Go give the same bytes.
bootstrap = CGO_ENABLED=0 GOOS=linux GOARCH=$(patsubst x86_64,amd64,$(1)) \
            $(GO) build -trimpath -buildvcs=false -ldflags '-s -w' -tags lambda.norpc -o $(2)/bootstrap ./cmd/cordon-lambda

lambda: ## build the Lambda function: bin/lambda/arm64.zip and bin/lambda/x86_64.zip
	@command -v zip >/dev/null || { echo "make: zip is missing"; exit 1; }
	@set -e; for arch in arm64:arm64 amd64:x86_64; do dir=bin/lambda/$${arch%%:*}; zip=bin/lambda/$${arch##*:}.zip; \
	  $(call bootstrap,$${arch%%:*},$$dir); \
	  TZ=UTC touch -t 198001010000 $$dir/bootstrap; rm -f $$zip; TZ=UTC zip -q -X -j $$zip $$dir/bootstrap; echo $$zip; done

dist: dist-template ## write dist/template.yaml and what deploying it needs (ARCH=x86_64 for another processor)
	$(call bootstrap,$(ARCH),$(DIST)/lambda)

# The SAM template with its paths in $(DIST), and with the processor that the function is built for as the only one.
dist-template:
	@case '$(DIST)' in ''|*[!A-Za-z0-9._/+@-]*) echo "make: DIST is one folder, without spaces and signs of the shell"; exit 2;; esac
	@case '$(ARCH)' in arm64|x86_64) ;; *) echo "make: ARCH is arm64 or x86_64, not $(ARCH)"; exit 2;; esac
	@mkdir -p $(DIST)/lambda
	@cp deploy/cordon.asl.json deploy/sam/member.yaml $(DIST)/
	@test -e $(DIST)/samconfig.toml || cp deploy/sam/samconfig.toml $(DIST)/ # sam deploy --guided writes its answers there
	@sed -e 's|CodeUri: ../../|CodeUri: lambda/|' -e 's|DefinitionUri: ../cordon.asl.json|DefinitionUri: cordon.asl.json|' \
	     -e '/^    Metadata: {BuildMethod: makefile}$$/d' -e 's|^    Default: arm64$$|    Default: $(ARCH)|' \
	     -e 's|^    AllowedValues: \[arm64\].*|    AllowedValues: [$(ARCH)]|' \
	     deploy/sam/template.yaml > $(DIST)/template.yaml

# For `sam build`. It does not tell the processor, so it makes the one that the template allows.
build-Function:
	@case '$(ARCH)' in arm64) ;; *) echo "make: sam build is for arm64; use make dist ARCH=$(ARCH), then sam deploy in dist"; exit 2;; esac
	$(call bootstrap,$(ARCH),$(ARTIFACTS_DIR))

test: emulator node ## all tests, with the race detector and the AWS emulator (SKIP_EMULATOR=1 leaves that out)
	$(GO) test -race -timeout 15m ./...
	cd internal/faultsim && GOGC=400 $(GO) test -count=1 -timeout 15m -exhaustive

KILLS ?= 250

nightly: fuzz ## what takes long: KILLS processes killed at random moments, and every fuzz target (FUZZTIME each)
	cd internal/faultsim && GOGC=400 $(GO) test -count=1 -timeout 120m -everything -rounds 2000
	$(GO) test -count=1 -timeout 30m -run 'TestManyFindingsAtOnce|TestThrottledThroughout' ./internal/engine
	CORDON_KILLS=$(KILLS) $(GO) test -race -count=1 -timeout 60m -v -run TestKills ./internal/killtest

check: $(TOOLS)/golangci-lint $(TOOLS)/gofumpt ## formatting, vet, lint, generated files up to date
	@out=$$($(TOOLS)/gofumpt -l bench cmd internal examples); test -z "$$out" || { echo "not gofumpt-ed:"; echo "$$out"; exit 1; }
	$(GO) vet ./...
	$(TOOLS)/golangci-lint run
	$(GO) mod verify
	$(GO) run ./internal/gen -check

generate: ## write the generated files anew
	$(GO) run ./internal/gen

FUZZ := finding:FuzzDecode config:FuzzPolicy notify:FuzzMedia notify:FuzzFit notify:FuzzRetryAfter vault:FuzzCleanName \
        actions:FuzzPolicyDocument actions:FuzzRegistration blast:FuzzPolicy awssim:FuzzPolicyDocument awssim:FuzzWildcard \
        awssim:FuzzReadPolicies awssim:FuzzDynamoDBExpression awssim:FuzzGlob awssim:FuzzState config:FuzzParse notify:FuzzAnswers \
        policytest:FuzzRead casefile:FuzzStored casefile:FuzzReadArchive casefile/dynamodb:FuzzItem vault:FuzzEntry lambda:FuzzInvoke engine:FuzzAskedPlan printable:FuzzJSON

FUZZTIME ?= 30s
nightly: FUZZTIME = 5m

fuzz: ## fuzz every decoder and escaper (FUZZTIME=30s each)
	@for f in $(FUZZ); do echo "$$f"; \
	  $(GO) test -run '^$$' -fuzz "^$${f#*:}$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 2s ./internal/$${f%%:*} || exit 1; done

bench: ## measure Cordon beside the reference systems; writes docs/performance.md (a few minutes, on a machine that is otherwise quiet)
	$(GO) test -count=1 -timeout 15m -v -run '^TestReport$$' ./bench -report

emulator:
	@if [ -n "$$SKIP_EMULATOR" ] || { command -v moto_server && command -v cfn-lint && python3 -c 'import boto3, samtranslator'; } >/dev/null 2>&1; then exit 0; fi; \
	 echo "moto_server or cfn-lint is not on PATH: installing them into .venv"; \
	 { python3 -m venv .venv && .venv/bin/pip install --quiet '$(MOTO)' '$(CFN_LINT)'; } || { \
	   echo "make: the AWS emulator could not be installed. Install it with: pip install '$(MOTO)' '$(CFN_LINT)'"; \
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
	rm -rf bin dist .tools .venv
