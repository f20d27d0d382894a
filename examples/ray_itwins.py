"""Ask for every iTwin with Ray: ids go out in chunks, and each worker asks for several at a time.

    python examples/ray_itwins.py [--kill-a-worker]

Credentials come from environment variables, which every worker needs. With `--kill-a-worker` the first worker dies in
the middle of its work, to show that nothing is lost: Ray has another one do it. Needs Ray: pip install ray.
"""

import os
import sys
import tempfile
from pathlib import Path

from itwin_platform import ITwinPlatform, errors

try:
    import ray
except ImportError:
    sys.exit("This example needs Ray: pip install ray")

CHUNK = 25


def names_of(platform: ITwinPlatform, ids: list[str], dies: Path | None = None) -> dict[str, str]:
    """The work of one task. The client is one for the whole worker, with connections that stay open."""
    names = {itwin.id: itwin.display_name for itwin in platform.map(platform.itwins.get, ids)}
    if dies is not None and not dies.exists():
        dies.touch()
        os._exit(1)
    return names


def main(kill_a_worker: bool) -> int:
    """Print how many iTwins there are; return the exit status."""
    with ITwinPlatform() as platform, tempfile.TemporaryDirectory() as folder:
        ids = [itwin.id for itwin in platform.itwins.list()]
        chunks = [ids[start : start + CHUNK] for start in range(0, len(ids), CHUNK)]
        ray.init(num_cpus=4, include_dashboard=False, log_to_driver=False)
        try:
            task = ray.remote(max_retries=3)(names_of)
            # The client travels as its settings, once for all tasks.
            shared = ray.put(platform)
            dies = Path(folder) / "died" if kill_a_worker else None
            answers = ray.get(
                [task.remote(shared, chunk, None if number else dies) for number, chunk in enumerate(chunks)]
            )
        finally:
            ray.shutdown()
    names = {id_: name for part in answers for id_, name in part.items()}
    print(f"{len(names)} of {len(ids)} iTwins")
    return 0 if len(names) == len(set(ids)) else 1


if __name__ == "__main__":
    try:
        sys.exit(main("--kill-a-worker" in sys.argv[1:]))
    except errors.ITwinPlatformError as error:
        sys.exit(str(error))
