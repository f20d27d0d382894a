"""Modules for annotations that are loaded when a name in them is looked up, and not with the package.

`typing.get_type_hints` needs them at run time. `help()` shows annotations as they are written, so each module has the
name by which users know it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas
    import pyarrow

    import itwin_platform
    from itwin_platform_api import runtime

    from . import models, storage
    from .models import reality_analysis, reality_modeling
else:
    from importlib import import_module
    from typing import Any

    class _Late:
        def __init__(self, name: str) -> None:
            self._name = name

        def __getattr__(self, name: str) -> Any:
            try:
                module = import_module(self._name)
            except ImportError:  # pandas and pyarrow are extras
                return Any
            return getattr(module, name)

    itwin_platform = _Late("itwin_platform")
    models = _Late("itwin_platform.models")
    pandas = _Late("pandas")
    pyarrow = _Late("pyarrow")
    reality_analysis = _Late("itwin_platform.models.reality_analysis")
    reality_modeling = _Late("itwin_platform.models.reality_modeling")
    runtime = _Late("itwin_platform_api.runtime")
    storage = _Late("itwin_platform.storage")

__all__ = [
    "itwin_platform",
    "models",
    "pandas",
    "pyarrow",
    "reality_analysis",
    "reality_modeling",
    "runtime",
    "storage",
]
