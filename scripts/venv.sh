# Sourced by demo.sh and test.sh: makes .venv from the lock file when it is absent or older than the lock.
# Needs Python 3.11 to 3.13 with pip; contacts nothing but the package registry.
python=${PYTHON:-python3}
if ! "$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))'; then
  echo "corebound needs Python 3.11 to 3.13, found $("$python" --version 2>&1); set PYTHON to one." >&2
  exit 1
fi
if ! cmp --silent requirements.lock .venv/installed.lock; then
  echo "making .venv from requirements.lock (once; a few minutes)" >&2
  "$python" -m venv .venv
  .venv/bin/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
  .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
  cp requirements.lock .venv/installed.lock # last, so that an interrupted install is done again
fi
export HF_HUB_OFFLINE=${HF_HUB_OFFLINE:-1} HF_DATASETS_OFFLINE=${HF_DATASETS_OFFLINE:-1}
