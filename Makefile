# `make` lists the targets.
PY := .venv/bin/python

help:            ## list the targets
	@grep -E '^[a-z-]+: .*##' $(MAKEFILE_LIST) | sed 's/: .*## /\t/' | expand -t 18

setup:           ## environment, packages, page
	@sh -c 'ROOT=$(CURDIR); . tools/sh/setup.sh; set_up requirements/dev.txt'

run:             ## start with the demo cameras
	./run

check:           ## format, lint, strict types, import rules, unit tests: under a minute
	$(PY) tools/check.py
	$(PY) -m pytest -q tests/unit tools

fmt:             ## format the code
	$(PY) -m ruff format src tests tools
	$(PY) -m ruff check --fix src tests tools

test:            ## the whole suite
	./test

contract:        ## one suite, many implementations
	$(PY) -m pytest -q tests/contract

crash:           ## kill at every step of every storage procedure
	$(PY) -m pytest -q tests/crash

e2e:             ## whole processes, real browser
	$(PY) -m pytest -q tests/e2e

fuzz:            ## any bytes: events or their error
	$(PY) -m pytest -q tests/fuzz

bench:           ## recorder against ffmpeg, prints the table
	$(PY) -m tests.bench.recorder

shots:           ## every screen as pictures, for people to look at: test-results/shots
	$(PY) -m tests.e2e.shots --out test-results/shots

bench-viewing:   ## from the click to the picture and the delay of live pictures, in Chromium
	$(PY) -m tests.bench.viewing

bench-city:      ## 6,000 premises and 18,000 cameras on both databases: what each request costs, how long an import takes
	$(PY) -m tests.bench.city

bench-webrtc:    ## viewers by WebRTC and by WebSocket: what each costs the node, how old pictures are
	$(PY) -m tests.bench.webrtc_viewers

bench-viewers:   ## 300 viewers by WebSocket: what each costs the node, how much later pictures come; beside two other ways
	$(PY) -m tests.bench.live_viewers

soak:            ## record failing cameras for half an hour: memory, leaks, every outage a gap
	$(PY) -m tests.soak.soak --minutes 30

kills:           ## kill a recording node at random for five minutes, then look at what is left
	$(PY) -m tests.soak.kills

slow-viewer:     ## viewers that read nothing for a minute: the node's memory, the delay of the others
	$(PY) -m tests.soak.slow_viewer --seconds 60

soak-wall:       ## a wall of nine pictures in Chromium for ten minutes: standstills, memory of the page
	$(PY) -m tests.soak.wall --minutes 10

ui:              ## format, types and unit tests of the page
	$(PY) tools/ui_check.py

cover:           ## branch coverage of the unit, crash and fuzz tests
	$(PY) -m coverage run -m pytest -q tests/unit tests/crash tests/fuzz && $(PY) -m coverage report --skip-covered

sizes:           ## the ten longest functions and files
	$(PY) tools/sizes.py

lock:            ## write the lock files anew
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml --extra c2pa --group build -o requirements/run.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml --extra c2pa --group build --group dev -c requirements/run.txt -o requirements/dev.txt

.PHONY: help setup run check fmt test contract crash e2e fuzz bench bench-city bench-webrtc bench-viewing soak kills shots ui cover sizes lock bench-viewers slow-viewer soak-wall
