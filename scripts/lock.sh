#!/bin/sh
# Resolves requirements/*.in into lock files with hashes, for every Python >= 3.11.
set -eu
cd "$(dirname "$0")/.."
uv=${UV:-uv}
for name in requirements/hub requirements/room requirements/report \
    requirements/evaluate requirements/test kernels/env/requirements; do
    "$uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes \
        --no-header "$name.in" -o "$name.txt"
done
