"""Imbalanced tables: what oversampling at borders and removing the core do to classifiers [CB]."""
