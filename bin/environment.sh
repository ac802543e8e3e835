# Read by the commands beside it: makes .venv with what pyproject.toml asks for, once.
# Usage: . environment.sh; ready [EXTRA]

ready() {
    python=
    if [ -n "${PYTHON:-}" ] && ! command -v "$PYTHON" >/dev/null 2>&1; then
        echo "PYTHON=$PYTHON: there is no such program" >&2
        exit 1
    fi
    for candidate in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11 python}; do
        command -v "$candidate" >/dev/null 2>&1 || continue
        if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            python=$candidate
            break
        fi
    done
    if [ -z "$python" ]; then
        echo "digest needs Python 3.11 or newer: install it (Debian: sudo apt install python3 python3-pip)" >&2
        exit 1
    fi
    "$python" "$here/bin/environment.py" "$@" || exit 1
}
