#!/usr/bin/env bash
# Every test, in the environment that requirements.lock describes. Arguments go to pytest.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/venv.sh
.venv/bin/ruff check .
.venv/bin/ruff format --check .
exec .venv/bin/python -m pytest --numprocesses=auto --maxprocesses=4 --dist=loadscope "$@"
