"""Types for annotations, which are not loaded with the package: each is loaded when its name is looked up.

This makes `typing.get_type_hints` work, which needs the names at run time.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pandas import DataFrame
    from pyarrow import Table

    from itwin_platform_api.itwins.models import Export
    from itwin_platform_api.runtime import Model, Request

    from ._jobs import Job, JobMessages, JobProgress
    from ._many import MapProgress
    from .storage._report import Progress, TransferReport

_HOMES = {
    "DataFrame": "pandas",
    "Export": "itwin_platform_api.itwins.models",
    "Job": "itwin_platform._jobs",
    "JobMessages": "itwin_platform._jobs",
    "JobProgress": "itwin_platform._jobs",
    "MapProgress": "itwin_platform._many",
    "Model": "itwin_platform_api.runtime",
    "Progress": "itwin_platform.storage._report",
    "Request": "itwin_platform_api.runtime",
    "Table": "pyarrow",
    "TransferReport": "itwin_platform.storage._report",
}

__all__ = [
    "DataFrame",
    "Export",
    "Job",
    "JobMessages",
    "JobProgress",
    "MapProgress",
    "Model",
    "Progress",
    "Request",
    "Table",
    "TransferReport",
]


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        module = import_module(_HOMES[name])
    except ImportError:  # pandas and pyarrow are extras
        return Any
    return getattr(module, name)
