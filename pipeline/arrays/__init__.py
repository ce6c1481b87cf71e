"""The typed arrays that stages hand to each other, one entry per distinct row in id order."""

from pipeline.arrays.additions import Additions
from pipeline.arrays.corpus import Corpus
from pipeline.arrays.inputs import BAD, EXCLUDED, Aside, Inputs
from pipeline.arrays.order import BEYOND, FLOOR, LAST, NORMAL, Demand, Order, Selection, Sequence
from pipeline.arrays.saved import Saved
from pipeline.arrays.scores import BOUNDARY, CORE, GARBAGE, OUTLIER, REGIONS, Scores
from pipeline.arrays.space import Bins, Categories, Embeddings, Neighbours, Space
from pipeline.arrays.texts import Texts
from pipeline.arrays.topup import TopUp

__all__ = [
    "BAD", "BEYOND", "BOUNDARY", "CORE", "EXCLUDED", "FLOOR", "GARBAGE", "LAST", "NORMAL", "OUTLIER", "REGIONS",
    "Additions", "Aside", "Bins", "Categories", "Corpus", "Demand", "Embeddings", "Inputs", "Neighbours", "Order",
    "Saved", "Scores", "Selection", "Sequence", "Space", "Texts", "TopUp",
]  # fmt: skip
