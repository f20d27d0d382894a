"""Files of containers as `itwin://` addresses, for pandas, pyarrow, DuckDB, Dask, zarr and everything that uses fsspec.

    import pandas as pd

    frame = pd.read_csv(f"itwin://{itwin_id}/site-a/points.csv")

`itwin://<iTwin id>/<path>` is the bucket of an iTwin, `itwin-reality://<reality data id>/<path>` the container of
reality data. Needs the extra `[fsspec]`: `pip install "itwin-platform[fsspec]"`.
"""

from __future__ import annotations

try:
    from ._systems import BucketFileSystem, RealityDataFileSystem
except ModuleNotFoundError as error:
    if error.name != "fsspec":
        raise
    advice = 'itwin_platform.files needs fsspec. Install it: pip install "itwin-platform[fsspec]"'
    raise ModuleNotFoundError(advice, name=error.name) from None

__all__ = ["BucketFileSystem", "RealityDataFileSystem"]


def __dir__() -> list[str]:
    return list(__all__)
