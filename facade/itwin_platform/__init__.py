"""A Python client for Bentley's iTwin Platform REST APIs. It is not an official Bentley product.

    from itwin_platform import ITwinPlatform

    with ITwinPlatform() as platform:  # credentials from the environment
        print(platform.itwins.get(itwin_id).display_name)

`AsyncITwinPlatform` has the same methods, to be awaited. Models are in `itwin_platform.models`, errors in
`itwin_platform.errors`, ways to get tokens in `itwin_platform.credentials`.
"""

from typing import TYPE_CHECKING

from . import errors
from ._async.client import AsyncITwinPlatform
from ._policies.retries import Retry, RetryPolicy
from ._sync.client import ITwinPlatform
from ._version import __version__
from .environments import Environment

if TYPE_CHECKING:
    from itwin_platform_api.runtime import UNCHANGED

__all__ = [
    "UNCHANGED",
    "AsyncITwinPlatform",
    "Environment",
    "ITwinPlatform",
    "Retry",
    "RetryPolicy",
    "__version__",
    "errors",
]


def __getattr__(name: str) -> object:
    # Late, like all generated code: it is not needed before the first call.
    if name == "UNCHANGED":
        from itwin_platform_api.runtime import UNCHANGED

        return UNCHANGED
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
