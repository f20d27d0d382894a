"""What all API groups have in common."""

from __future__ import annotations

from ..pipeline import Pipeline


class Group:
    """A group of methods of a client."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._pipeline.api_url}>"
