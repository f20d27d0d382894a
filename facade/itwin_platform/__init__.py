"""A Python client for Bentley's iTwin Platform REST APIs. It is not an official Bentley product.

    from itwin_platform import ITwinPlatform

    with ITwinPlatform() as platform:  # credentials from the environment
        print(platform.itwins.get(itwin_id).display_name)

`AsyncITwinPlatform` has the same methods, to be awaited. Models are in `itwin_platform.models`, errors in
`itwin_platform.errors`, ways to get tokens in `itwin_platform.credentials`.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from . import errors
from ._async.client import AsyncITwinPlatform
from ._policies.retries import Retry, RetryPolicy
from ._sync.client import ITwinPlatform
from ._version import __version__
from .environments import Environment

if TYPE_CHECKING:
    from itwin_platform_api.runtime import UNCHANGED

    from . import connections as connections
    from . import credentials as credentials
    from . import filters as filters
    from . import frames as frames
    from . import models as models
    from . import storage as storage
    from . import testing as testing
    from ._async.exports import AsyncExportRecords
    from ._async.many import AsyncResults
    from ._async.pages import AsyncPages
    from ._many import MapProgress
    from ._policies.previews import TechnicalPreviewWarning
    from ._sync.exports import ExportRecords
    from ._sync.many import Results
    from ._sync.pages import Pages

__all__ = [
    "UNCHANGED",
    "AsyncExportRecords",
    "AsyncITwinPlatform",
    "AsyncPages",
    "AsyncResults",
    "Environment",
    "ExportRecords",
    "ITwinPlatform",
    "MapProgress",
    "Pages",
    "Results",
    "Retry",
    "RetryPolicy",
    "TechnicalPreviewWarning",
    "__version__",
    "errors",
]


# Not needed before the first call, and quicker to import without.
_LATE = {
    "UNCHANGED": "itwin_platform_api.runtime",
    "AsyncExportRecords": "itwin_platform._async.exports",
    "AsyncPages": "itwin_platform._async.pages",
    "ExportRecords": "itwin_platform._sync.exports",
    "AsyncResults": "itwin_platform._async.many",
    "MapProgress": "itwin_platform._many",
    "Pages": "itwin_platform._sync.pages",
    "Results": "itwin_platform._sync.many",
    "TechnicalPreviewWarning": "itwin_platform._policies.previews",
}


# Imported when they are first used, so that `itwin_platform.models` works after `import itwin_platform` alone. What
# needs an extra has to be imported by name.
_MODULES = ("connections", "credentials", "environments", "filters", "frames", "models", "storage", "testing")


def __getattr__(name: str) -> object:
    if name in _MODULES:
        return import_module(f".{name}", __name__)
    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LATE[name]), name)


def __dir__() -> list[str]:
    return sorted({*__all__, *_MODULES})
