"""Curation: sources, and the steps that annotate, deduplicate and keep."""
