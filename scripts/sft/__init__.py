"""Parts of scripts/sft_proof.py: corpora, language models, arms, training, tables and the picture."""
