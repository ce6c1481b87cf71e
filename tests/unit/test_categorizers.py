"""What categories of a column are called."""

from types import SimpleNamespace

import numpy as np
from datasets import ClassLabel, Dataset, Features, List, Value

from pipeline.bins.categorizers import grouped


def corpus(*tables):
    source = np.repeat(np.arange(len(tables)), [len(table) for table in tables])
    values = [value for table in tables for value in table["label"]]
    return SimpleNamespace(tables=list(tables), source=source, column=lambda name: values)


def labelled(values, kind):
    return Dataset.from_dict({"label": values}, features=Features({"label": kind}))


def names(*tables):
    found = grouped(corpus(*tables), "label")
    return found.name[found.code].tolist()


def test_labels_are_called_by_the_names_of_their_own_source():
    one, two = ClassLabel(names=["neg", "pos"]), ClassLabel(names=["pos", "neg"])
    assert names(labelled([0, 1, -1], one)) == ["neg", "pos", "unlabelled"]
    assert names(labelled([0, 1], one), labelled([0, 1], two)) == ["neg", "pos", "pos", "neg"]
    assert names(labelled([0], one), labelled(["pos"], Value("string"))) == ["neg", "pos"]
    assert names(labelled([[1, 0], []], List(one))) == ["pos, neg", ""]


def test_other_values_are_called_as_they_are():
    assert names(labelled([1, None], Value("int64"))) == ["1", "unlabelled"]
    assert names(labelled([True], Value("bool"))) == ["True"]
