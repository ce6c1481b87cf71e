"""What the parts of LASER (arXiv 2505.22157) are worth to a language model, offline rules in the place of its models.

``python scripts/reproduce/laser.py`` is ``python scripts/sft_proof.py preset=laser``: random rows, the longest, the
hardest, the best by quality, the preferred, the preferred in the paper's proportions, these from many clusters, and
corebound's default, at 1,000, 5,000 and 10,000 rows. Settings are those of that script.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROOF = Path(__file__).parents[1] / "sft_proof.py"

if __name__ == "__main__":
    sys.exit(subprocess.run([sys.executable, PROOF, "preset=laser", *sys.argv[1:]]).returncode)
