"""The wire axis: two definitions, compared in the direction in which everything travels."""

from .comparison import compare_documents

__all__ = ["compare_documents"]
