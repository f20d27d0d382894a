"""itwin:// addresses in pandas, pyarrow, DuckDB, Dask and zarr."""

# The tools have few types.
# mypy: disable-error-code=no-untyped-call

import pickle

import dask
import dask.dataframe as dd
import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
import pytest
import zarr

from itwin_platform import ITwinPlatform
from itwin_platform.files import BucketFileSystem
from tests.storage.conftest import TOKEN
from tests.storage.judge import Container
from tests.storage.platform import BucketServer


def test_pandas(server: BucketServer, platform: ITwinPlatform, container: Container) -> None:
    frame = pd.DataFrame({"x": range(1000), "name": [f"n{number}" for number in range(1000)]})
    frame.to_csv("itwin://i-1/tables/points.csv.gz", index=False)
    frame.to_parquet("itwin://i-1/tables/points.parquet", storage_options={"platform": platform})
    assert server.asked == 2  # the client of the environment, and the given one
    assert pd.read_csv("itwin://i-1/tables/points.csv.gz").equals(frame)
    assert pd.read_parquet("itwin://i-1/tables/points.parquet", columns=["x"]).x.sum() == 499_500
    assert server.asked == 2
    with pytest.raises(FileNotFoundError):
        pd.read_csv("itwin://i-1/nothing.csv")
    with pytest.raises(ValueError, match="replaced as a whole"):
        frame.to_csv("itwin://i-1/tables/points.csv", mode="a")
    assert sorted(container.names()) == ["tables/points.csv.gz", "tables/points.parquet"]


def test_pyarrow_and_duckdb_read_what_they_have_written(fs: BucketFileSystem) -> None:
    table = pa.table({"site": ["a", "b"] * 500, "x": list(range(1000))})
    ds.write_dataset(table, "i-1/data", filesystem=fs, format="parquet", partitioning=["site"])
    found = ds.dataset("i-1/data", filesystem=fs, partitioning=["site"])
    assert len(found.files) == 2
    assert found.to_table(filter=ds.field("site") == "b").num_rows == 500
    connection = duckdb.connect()
    connection.register_filesystem(fs)
    rows = connection.execute("SELECT count(*), sum(x) FROM read_parquet('itwin://i-1/data/*/*.parquet')").fetchall()
    assert rows == [(1000, 499_500)]
    connection.execute("COPY (SELECT 1 AS one) TO 'itwin://i-1/one.csv' (HEADER)")
    assert fs.read_text("i-1/one.csv") == "one\n1\n"
    connection.unregister_filesystem("itwin")
    connection.close()


@pytest.mark.filterwarnings("ignore:The inplace keyword")  # Dask's own
def test_dask_and_no_secret_in_its_graph(fs: BucketFileSystem, platform: ITwinPlatform) -> None:
    options = {"platform": platform}
    frame = pd.DataFrame({"x": range(100)})
    with dask.config.set(scheduler="threads"):
        dd.from_pandas(frame, npartitions=4).to_parquet("itwin://i-1/parts", storage_options=options)
        found = dd.read_parquet("itwin://i-1/parts", storage_options=options)
        assert found.x.sum().compute() == 4950
    graph = pickle.dumps(dict(found.__dask_graph__()))
    assert b"BucketFileSystem" in graph
    assert not [secret for secret in (b"sig=", TOKEN.encode()) if secret in graph]
    assert len(fs.ls("i-1/parts")) == 4


def test_zarr(platform: ITwinPlatform) -> None:
    numbers = np.arange(10_000).reshape(100, 100)
    array = zarr.create_array(
        "itwin://i-1/raster.zarr",
        shape=(100, 100),
        chunks=(10, 100),
        dtype="i8",
        storage_options={"platform": platform},
    )
    array[:] = numbers
    found = zarr.open_array("itwin://i-1/raster.zarr", mode="r", storage_options={"platform": platform})
    assert np.array_equal(np.asarray(found[15:25]), numbers[15:25])
