"""A Python client for Bentley's iTwin Platform REST APIs. It is not an official Bentley product.

    from itwin_platform import ITwinPlatform

    with ITwinPlatform() as platform:  # credentials from the environment
        print(platform.itwins.get(itwin_id).display_name)

`AsyncITwinPlatform` has the same methods, to be awaited. Models are in `itwin_platform.models`, errors in
`itwin_platform.errors`, ways to get tokens in `itwin_platform.credentials`.
"""

from . import errors
from ._async.client import AsyncITwinPlatform
from ._policies.retries import Retry, RetryPolicy
from ._sync.client import ITwinPlatform
from ._version import __version__
from .environments import Environment

__all__ = ["AsyncITwinPlatform", "Environment", "ITwinPlatform", "Retry", "RetryPolicy", "__version__", "errors"]
