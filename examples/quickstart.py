"""From photos to results: an iTwin, its files, a job of Reality Analysis and what it finds, step by step.

Each step is printed as the code that runs. Credentials come from environment variables: `ITP_ACCESS_TOKEN`, or
`ITP_SERVICE_CLIENT_ID` and `ITP_SERVICE_CLIENT_SECRET`. Before a step that creates something, it asks;
`ITP_DEMO_YES=1` answers yes. What it has created is deleted at the end. `ITP_DEMO_PHOTOS` is a folder of photos of
your own.

`make demo` runs it on the embedded sandbox, or on the platform where there are credentials. It needs the extras
`[storage]` and `[progress]`.
"""

import inspect
import json
import os
import random
import struct
import sys
import tempfile
import textwrap
import uuid
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from itwin_platform import ITwinPlatform, TechnicalPreviewWarning, errors
from itwin_platform.models import ITwin, ITwinImage
from itwin_platform.models.reality_analysis import (
    Job,
    Objects2DInputs,
    Objects2DOutputsCreate,
    Objects2DSpecificationsCreate,
)
from itwin_platform.models.reality_management import RealityData
from itwin_platform.storage import TransferReport

T = TypeVar("T")


class DeclinedError(Exception):
    """The answer to a question was no."""


# The steps.


def list_itwins(platform: ITwinPlatform) -> list[str]:
    """The iTwins that you are a member of: the first five."""
    return [itwin.display_name or itwin.id for itwin in platform.itwins.list(limit=5)]


def create_itwin(platform: ITwinPlatform, name: str) -> ITwin:
    """Create an iTwin."""
    return platform.itwins.create(name, class_="Thing", sub_class="Asset", latitude=40.028, longitude=-75.621)


def upload_folder(platform: ITwinPlatform, itwin: ITwin, folder: Path) -> TransferReport:
    """Upload a folder to the bucket. A rerun sends only what is missing."""
    bucket = platform.reality_analysis.get_bucket(itwin.id)
    return bucket.upload(folder, "survey", progress=True)


def create_photos(platform: ITwinPlatform, itwin: ITwin, folder: Path) -> RealityData:
    """Make reality data of the photos, which jobs can read."""
    photos = platform.reality_data.create(itwin.id, "Photos", type_="CCImageCollection")
    platform.reality_data.container(photos.id, access="write").upload(folder, progress=True)
    return photos


def find_detector(platform: ITwinPlatform) -> str:
    """Find a detector that finds objects in photos."""
    detectors = platform.reality_analysis.detectors.list()
    found = (each for each in detectors if each.type_ == "PhotoObjectDetector" and each.latest_version_number)
    return next(f"{each.name}/{each.latest_version_number}" for each in found)


def run_job(platform: ITwinPlatform, itwin: ITwin, photos: RealityData, detector: str) -> Job:
    """Run the detector on the photos, and wait for the job to end."""
    inputs = Objects2DInputs(photos=photos.id, photo_object_detector=detector)
    todo = Objects2DSpecificationsCreate(inputs=inputs, outputs=[Objects2DOutputsCreate.OBJECTS_2D])
    job = platform.reality_analysis.jobs.create(itwin.id, todo, name="What is in the photos")
    return platform.reality_analysis.jobs.wait(job.id, intervals=(1, 5, 15, 30), progress=True)


def download_results(platform: ITwinPlatform, job: Job, folder: Path) -> TransferReport:
    """Download its results."""
    return platform.reality_analysis.jobs.download(job, folder, progress=True)


def give_image(platform: ITwinPlatform, itwin: ITwin, picture: Path) -> ITwinImage:
    """Give the iTwin an image."""
    return platform.itwins.upload_image(itwin.id, picture)


def look_at_image(platform: ITwinPlatform, itwin: ITwin) -> Path:
    """Download the image, which is then kept in a cache."""
    return platform.itwins.download_image(itwin.id)


def delete_everything(platform: ITwinPlatform, itwin: ITwin) -> None:
    """Clean up: the reality data of the iTwin, then the iTwin."""
    for data in platform.reality_data.list(itwin.id):
        platform.reality_data.delete(data.id)
    platform.itwins.delete(itwin.id)


# The order of the steps.


def main() -> int:
    """Run the steps."""
    # Reality Analysis is a technical preview. In production, better let the warning be seen.
    warnings.simplefilter("ignore", TechnicalPreviewWarning)
    with ITwinPlatform() as platform, tempfile.TemporaryDirectory() as scratch:
        folder = Path(os.environ.get("ITP_DEMO_PHOTOS") or drawn_photos(Path(scratch) / "photos"))
        show(", ".join(step(list_itwins, platform)) or "none")
        itwin = step(create_itwin, platform, f"Demo {uuid.uuid4().hex[:8]}", creates=True)
        show(f"{itwin.display_name}, {itwin.id}")
        try:
            visit(platform, itwin, folder, Path(scratch) / "results")
        finally:
            step(delete_everything, platform, itwin)
            show("deleted")
    return 0


def visit(platform: ITwinPlatform, itwin: ITwin, folder: Path, results: Path) -> None:
    """The steps with the new iTwin."""
    report = step(upload_folder, platform, itwin, folder, creates=True)
    show(f"{len(report.sent)} files, {report.bytes_sent:,} bytes")
    photos = step(create_photos, platform, itwin, folder, creates=True)
    show(f"{photos.display_name}, {photos.id}")
    detector = step(find_detector, platform)
    show(detector)
    job = step(run_job, platform, itwin, photos, detector, creates=True)
    show(f"{job.name}: {job.state}")
    for outcome in step(download_results, platform, job, results).sent:
        show(f"{outcome.name}: {summary(outcome.path)}")
    image = step(give_image, platform, itwin, next(folder.iterdir()), creates=True)
    show(f"{image.large_image_name}")
    show(f"{step(look_at_image, platform, itwin).stat().st_size:,} bytes")


# How steps are shown.


def step(function: Callable[..., T], *arguments: object, creates: bool = False) -> T:
    """Show the code of a step, and run it; ask before, if it creates something."""
    lines, _ = inspect.getsourcelines(function)
    print(f"\n{function.__doc__}\n")
    print(textwrap.indent(textwrap.dedent("".join(lines[2:])), "    "), flush=True)
    if creates and os.environ.get("ITP_DEMO_YES") != "1" and not agreed():
        raise DeclinedError
    return function(*arguments)


def show(text: str) -> None:
    """Show a result."""
    print(f"  → {text}", flush=True)


def agreed() -> bool:
    """Ask whether to run a step."""
    try:
        return input("  Run this? [y/N] ").strip().lower() in {"y", "yes"}
    except EOFError:
        print("\nThere is no terminal to ask in. Set ITP_DEMO_YES=1 to answer yes.")
        return False


def summary(path: Path) -> str:
    """A file of the results, in short."""
    try:
        photos = json.loads(path.read_text("utf-8"))["Annotations"]["Objects2D"].values()
        found = [each for objects in photos for each in objects.values()]
        return f"{len(found)} objects, the first of them: {found[0]}"
    except (ValueError, KeyError, IndexError, TypeError, AttributeError):
        return f"{path.stat().st_size:,} bytes"


def drawn_photos(folder: Path) -> Path:
    """A few pictures to begin with: grey noise."""
    folder.mkdir()
    noise = random.Random(1)  # noqa: S311 (pictures are no secret)
    for number in range(1, 13):
        rows = b"".join(b"\0" + noise.randbytes(256) for _ in range(192))
        picture = b"\x89PNG\r\n\x1a\n"
        header = struct.pack(">IIBBBBB", 256, 192, 8, 0, 0, 0, 0)
        for kind, data in ((b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")):
            picture += struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        (folder / f"photo-{number:02}.png").write_bytes(picture)
    return folder


if __name__ == "__main__":
    try:
        sys.exit(main())
    except errors.ITwinPlatformError as error:
        sys.exit(str(error))
    except DeclinedError:
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
