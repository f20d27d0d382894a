"""What behaviours work with: the parts of one sandbox."""

from dataclasses import dataclass

from ._agenda import Agenda
from ._calls import Calls
from ._catalogue import Catalogue
from ._clock import Clock
from ._demands import Demands
from ._files import Files
from ._store import Store


@dataclass(frozen=True)
class World:
    """The parts of one sandbox."""

    catalogue: Catalogue
    store: Store
    clock: Clock
    files: Files
    demands: Demands
    agenda: Agenda
    calls: Calls
