"""Corpora of any size, what bounds a run on them, and peers to run beside: for scripts/bench.py."""
