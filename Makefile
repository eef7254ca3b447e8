# Longer suites, by hand. The everyday one is ./test.
.PHONY: test sample bench-collab bench-sandbox attack clean lock

test:
	./test

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

# Resolve the lock files anew from requirements/*.in.
lock:
	sh scripts/lock.sh

clean:
	rm -rf node_modules .nbinterview test-artifacts docs/_build \
	  extensions/lab/lib extensions/nbinterview_server/static \
	  extensions/nbinterview_server/labextensions \
	  dashboard/replay/lib service/nbinterview/replay_static \
	  proctor_widget/js/lib proctor_widget/nbinterview_proctor/static
