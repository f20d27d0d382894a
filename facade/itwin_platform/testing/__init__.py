"""What tests of your own code need: a sandbox, models and errors.

pytest finds the fixtures by itself where this package is installed with the extra `[sandbox]`:

- `itwin_sandbox`: a running `Sandbox` for this test alone. The environment variables lead every client that is made
  without arguments there. `@pytest.mark.itwin_sandbox(data=..., speed=60)` says what it is made with, and
  `itwin_sandbox.calls` what was asked of it.
- `itwin_client`: an `ITwinPlatform` of this sandbox, which is closed after the test.
- `async_itwin_client`: an `AsyncITwinPlatform` of it, for `async with async_itwin_client as platform`.

`build` and `error` make models and errors for tests without any server.
"""

from __future__ import annotations

from ._builders import build
from ._errors import error

__all__ = ["build", "error"]
