"""Types that annotations name and that are not to be loaded with the package: each is when its name is looked up.

So `typing.get_type_hints` works, for which a name has to exist while the program runs.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from itwin_platform_api.itwins.models import Export
    from itwin_platform_api.runtime import Request

    from ._jobs import Job, JobMessages, JobProgress
    from ._many import MapProgress
    from .storage._report import Progress, TransferReport

_HOMES = {
    "Export": "itwin_platform_api.itwins.models",
    "Job": "itwin_platform._jobs",
    "JobMessages": "itwin_platform._jobs",
    "JobProgress": "itwin_platform._jobs",
    "MapProgress": "itwin_platform._many",
    "Progress": "itwin_platform.storage._report",
    "Request": "itwin_platform_api.runtime",
    "TransferReport": "itwin_platform.storage._report",
}

__all__ = ["Export", "Job", "JobMessages", "JobProgress", "MapProgress", "Progress", "Request", "TransferReport"]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
