#!/usr/bin/env bash
# Every test, in the environment that requirements.lock describes. Arguments go to pytest.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/venv.sh
.venv/bin/ruff check .
.venv/bin/ruff format --check .
# In the order of the folders: integration before unit, so that no long module is left for one process at the end.
exec .venv/bin/python -m pytest --numprocesses=auto --maxprocesses=4 --dist=loadscope --no-loadscope-reorder "$@"
