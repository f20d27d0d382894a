"""Reports: for a terminal, a pull request, programs, a browser; and the draft of a changelog."""

from .written import FORMATS, SUFFIXES, as_json, counts, markdown, terminal, wants_colour

__all__ = ["FORMATS", "SUFFIXES", "as_json", "counts", "markdown", "terminal", "wants_colour"]
