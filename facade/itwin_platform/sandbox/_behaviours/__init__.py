"""Behaviour that no definition describes: how jobs, exports and versions end, and what belongs together.

One module for each thing. Each registers itself for the operations and collections that it is about; all other
operations do what follows from their method, path and answer.
"""

from .._actions import Actions
from .._world import World
from . import containers, detectors, exports, images, jobs, reality_data, repositories


def install(world: World, actions: Actions) -> None:
    """Let the sandbox behave like this."""
    for thing in (containers, detectors, exports, images, jobs, reality_data, repositories):
        thing.install(world, actions)
