"""A bucket in a forked process, as servers make them that load the application first."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.storage.emulators import ONE_EMULATOR
from tests.storage.judge import Container

pytestmark = [ONE_EMULATOR, pytest.mark.skipif(not hasattr(os, "fork"), reason="this platform does not fork")]

SCRIPT = """
import os, signal, sys, threading, time
from pathlib import Path
from itwin_platform._http import TransportOptions
from itwin_platform.models import Bucket
from itwin_platform.storage import TransferBucket

mode, url, folder = sys.argv[1:]
folder, parent, busy = Path(folder), os.getpid(), threading.Event()


def renew():
    if os.getpid() == parent:
        busy.set()
        time.sleep(3600)
    return url


def use(name):
    for path in (folder / "up").iterdir():
        bucket.upload(path, name)
    with bucket.open(f"{name}/tiny") as file:
        assert file.read() == b"x"
    bucket.download(name, folder / name)
    bucket.delete([blob.name for blob in bucket.list(name)])


expired = url.partition("?")[0] + "?se=2020-01-01T00:00:00Z&sp=rwdl&sig=x"
bucket = TransferBucket(Bucket("i", expired if mode == "renewing" else url, None), TransportOptions((10, 60)), renew)
reader = None
if mode == "used":
    use("parent")
    bucket.upload(folder / "up", "kept")
    reader = bucket.open("kept/large")
    reader.read(1)
if mode == "renewing":
    threading.Thread(target=bucket.list, daemon=True).start()
    busy.wait()
child = os.fork()
if child == 0:
    try:
        signal.alarm(60)  # ends a process that hangs
        use("child")
        if reader is not None:
            reader.seek(0)
            assert len(reader.read()) == 3_000_000
    except BaseException as error:
        print(type(error).__name__, error, flush=True)
        os._exit(1)
    os._exit(0)
code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
if mode == "used":
    reader.seek(0)
    assert len(reader.read()) == 3_000_000
    use("parent")
print("child ended with", code, flush=True)
os._exit(0)
"""


@pytest.mark.parametrize("mode", ["first used in the child", "used", "renewing"])
def test_a_bucket_after_a_fork(container: Container, tmp_path: Path, mode: str) -> None:
    (tmp_path / "up").mkdir()
    for name, content in {"tiny": b"x", "small": bytes(300_000), "large": bytes(3_000_000)}.items():
        (tmp_path / "up" / name).write_bytes(content)
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, mode, container.url(), str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.stdout == "child ended with 0\n", done.stdout + done.stderr
