#!/usr/bin/env bash
# Writes requirements.lock: every package, at the version that a fresh install of `.[dev]` takes today.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --upgrade pip
# A local version such as 2.13.0+cpu names one build of one machine; the lock names the release.
"$work/venv/bin/pip" install --quiet "${TORCH:-torch==2.13.0}" -e ".[dev]"
{
  echo "# Made by scripts/lock.sh; installed by scripts/demo.sh and scripts/test.sh."
  "$work/venv/bin/pip" freeze --exclude-editable --exclude corebound | sed -E 's/\+[a-z0-9.]+$//; s/^submodlib-py==.*/& ; python_version < "3.13"/'
} > requirements.lock
