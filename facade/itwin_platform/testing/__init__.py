"""Helpers for tests of your own code: a sandbox, models and errors.

pytest finds these fixtures by itself if this package is installed with the extra `[sandbox]`:

- `itwin_sandbox`: a running `Sandbox` for this test alone. Environment variables are set so that every client that is
  created without arguments uses it. `@pytest.mark.itwin_sandbox(data=..., speed=60)` passes arguments to it, and
  `itwin_sandbox.calls` lists the requests that it received.
- `itwin_client`: an `ITwinPlatform` for this sandbox, which is closed after the test.
- `async_itwin_client`: an `AsyncITwinPlatform` for it, to use with `async with async_itwin_client as platform`.

`build` and `error` create models and errors for tests without any server.
"""

from __future__ import annotations

from ._builders import build
from ._errors import error

__all__ = ["build", "error"]


def __dir__() -> list[str]:
    return list(__all__)
