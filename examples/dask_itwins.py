"""Ask for every iTwin on a cluster of Dask: ids go out in chunks, and each worker asks for several at a time.

    python examples/dask_itwins.py [--kill-a-worker]

Credentials come from environment variables, which every worker needs. With `--kill-a-worker` one of the four is killed
in the middle, to show that nothing is lost: Dask has another one do its work. Needs Dask: pip install distributed.
"""

import os
import sys

from itwin_platform import ITwinPlatform, errors

try:
    import dask
    from distributed import Client, LocalCluster, as_completed
except ImportError:
    sys.exit("This example needs Dask: pip install distributed")

CHUNK = 25


def names_of(platform: ITwinPlatform, ids: list[str]) -> dict[str, str]:
    """The work of one task. The client is one for the whole worker, with connections that stay open."""
    return {itwin.id: itwin.display_name for itwin in platform.map(platform.itwins.get, ids)}


def main(kill_a_worker: bool) -> int:
    """Print how many iTwins there are; return the exit status."""
    with ITwinPlatform() as platform:
        # Before the cluster starts: if there are no credentials, this says so.
        ids = [itwin.id for itwin in platform.itwins.list()]
        chunks = [ids[start : start + CHUNK] for start in range(0, len(ids), CHUNK)]
        with (
            # Before Python 3.11.9, Dask's profiler can hang workers that start threads (python/cpython#106883).
            dask.config.set({"distributed.worker.profile.enabled": False}),
            LocalCluster(n_workers=4, threads_per_worker=1, dashboard_address=None) as cluster,
            Client(cluster) as client,
        ):
            # The client travels as its settings. Tasks are not pure: what they answer may change.
            tasks = [client.submit(names_of, platform, chunk, pure=False) for chunk in chunks]
            if kill_a_worker:
                finished = next(iter(as_completed(tasks)))
                (victim,) = client.who_has([finished])[finished.key]
                client.run(os._exit, 1, workers=[victim], on_error="ignore")
            names = {id_: name for part in client.gather(tasks) for id_, name in part.items()}
    print(f"{len(names)} of {len(ids)} iTwins")
    return 0 if len(names) == len(set(ids)) else 1


if __name__ == "__main__":
    try:
        sys.exit(main("--kill-a-worker" in sys.argv[1:]))
    except errors.ITwinPlatformError as error:
        sys.exit(str(error))
