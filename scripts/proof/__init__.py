"""What scripts/compare.py is made of: labelled sets, contenders, a probe, and the verdict."""
