#!/bin/sh
# Runs one benchmark in the tests' environment, with its peers: sh bench/run.sh collab
# An environment that is there already is taken: NBINTERVIEW_BENCH_PYTHON names its
# interpreter, NBINTERVIEW_SETUP its set-up file.
set -eu
root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
cd "$root"
name=$1
shift
if [ -z "${NBINTERVIEW_BENCH_PYTHON:-}" ]; then
    sh scripts/setup.sh tests
    . ./.nbinterview/tests.env
    NBINTERVIEW_BENCH_PYTHON=$test_python
    export NBINTERVIEW_SETUP="$root/.nbinterview/setup.json"
fi
(cd bench/peers && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
export PYTHONDONTWRITEBYTECODE=1 PYTHONPATH="$root"
# What was missed is in the result too: the page is written whether or not all holds.
status=0
"$NBINTERVIEW_BENCH_PYTHON" -m "bench.$name" "$@" || status=$?
"$NBINTERVIEW_BENCH_PYTHON" -m bench.page
exit $status
