# Longer suites, by hand. The everyday one is ./test.
.PHONY: test test-postgres sample bench-collab bench-sandbox bench-flags bench-widget bench-fairness \
	bench-ledger crash chaos attack clean lock

test:
	./test

# The service's tests on PostgreSQL alone; ./test runs the most important ones on both.
test-postgres:
	NBINTERVIEW_TEST_DATABASE=postgres ./test tests/service

# Record the sample interview anew by the end-to-end story.
sample:
	NBINTERVIEW_RECORD_SAMPLE=1 ./test tests/e2e

# The shared notebook beside its peers: speed, faults, sizes (about 35 minutes).
bench-collab:
	sh bench/run.sh collab

# Every attack on the platform in its long form, one table (hours).
attack:
	sh bench/run.sh attack

# What the sandbox costs at a kernel's start, and a restart that finds one waiting.
bench-sandbox:
	sh bench/run.sh sandbox

# How soon an interviewer sees a flag (about ten minutes).
bench-flags:
	sh bench/run.sh flags

# What watching costs the candidate's page and machine, and a flag's way from the camera's
# picture to the interviewer's page (about half an hour).
bench-widget:
	sh bench/run.sh widget

# Honest hours and scripted cheats, all synthetic, through our policies and peers' rules
# (about half an hour on two quiet cores; goes on where it was interrupted).
bench-fairness:
	sh bench/run.sh fairness

# The record: how fast, how small, how soon shown, how hard to forge, beside its peers.
bench-ledger:
	sh bench/run.sh ledger

# What crashes leave of a record: every point of a traced one, and writers killed.
crash:
	sh bench/run.sh crash

# Twenty faults over the whole platform, many seeds each (hours; goes on where it was
# interrupted).
chaos:
	sh bench/run.sh chaos

# Resolve the lock files anew from requirements/*.in.
lock:
	sh scripts/lock.sh

clean:
	rm -rf node_modules .nbinterview test-artifacts docs/_build \
	  extensions/lab/lib extensions/nbinterview_server/static \
	  extensions/nbinterview_server/labextensions \
	  dashboard/replay/lib service/nbinterview/replay_static \
	  proctor_widget/js/lib proctor_widget/nbinterview_proctor/static
