#!/usr/bin/env bash
# The main job on a corpus made here from the documentation of installed packages: no download, no network.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/venv.sh
mkdir -p demo
[ -f demo/corpus.jsonl ] || .venv/bin/python scripts/make_demo_corpus.py demo/corpus.jsonl
.venv/bin/corebound \
  source.path=demo/corpus.jsonl categorizer=column categorizer.column=task \
  budget.fraction=0.2 sink.path=demo/selected sink.overwrite=true \
  cache_dir=demo/cache hydra.run.dir=demo/run "$@"
