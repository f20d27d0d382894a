"""The Python axis: the packages that are generated from two definitions, and the facade, compared by syntax tree."""

from .comparison import compare_packages

__all__ = ["compare_packages"]
