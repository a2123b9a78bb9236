#!/usr/bin/env bash
# Installs the third-party programs that some tests talk to: LiteLLM's proxy, the official `openai` client and MCP servers
# (Python), `@copilotkit/aimock` and MCP's reference server (Node). Run it as often as you like: what is there stays.
#
#   tests/peers/install.sh            into ${TROUPE_PEERS:-$HOME/.cache/troupe/peers}
#
# Versions are pinned in requirements.txt and package.json beside this script. A part that cannot be installed (no
# Python, no Node, no registry) is reported and skipped, as are then its tests; the exit status is 1.
set -uo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
peers=${TROUPE_PEERS:-$HOME/.cache/troupe/peers}
mkdir -p "$peers"
failed=0

# True if the mark of an installation equals the file that says what to install.
current() {
    cmp --silent "$1" "$2"
}

# A virtual environment must not be half there under its own name, so the mark is written last.
install_python() {
    local wanted=$here/requirements.txt mark=$peers/python/.installed
    current "$wanted" "$mark" && return
    echo "peers: installing Python programs into $peers/python"
    python3 -m venv --clear "$peers/python" &&
        "$peers/python/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$wanted" &&
        cp "$wanted" "$mark"
}

install_node() {
    local wanted=$here/package.json mark=$peers/node/.installed
    current "$wanted" "$mark" && return
    echo "peers: installing Node programs into $peers/node"
    rm -rf "$peers/node"
    mkdir -p "$peers/node" &&
        cp "$wanted" "$peers/node/" &&
        npm --prefix "$peers/node" install --no-audit --no-fund --loglevel=error &&
        cp "$wanted" "$mark"
}

# Two test runs at once install once.
exec 9>"$peers/.lock"
if command -v flock >/dev/null; then flock 9; fi

install_python || { echo "peers: the Python programs could not be installed; their tests will be skipped" >&2; failed=1; }
install_node || { echo "peers: the Node programs could not be installed; their tests will be skipped" >&2; failed=1; }
exit "$failed"
