"""Parts of scripts/reproduce/oversampling.py: writers that a server plays, what their rows do, tables."""
