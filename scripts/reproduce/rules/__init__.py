"""Rows whose answers were damaged on purpose, and what the rules of ``quality`` say of them [LASER]."""
