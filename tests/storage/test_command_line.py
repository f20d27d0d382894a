"""`itwin bucket` against an emulated Azure."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from itwin_platform.cli._app import itwin
from tests.storage.judge import Container
from tests.storage.platform import BucketServer

Run = Callable[..., Result]


@pytest.fixture
def run(server: BucketServer, tmp_path: Path) -> Run:
    def run(*arguments: str) -> Result:
        variables = {name: None for name in os.environ if name.startswith("ITP_")}
        home = dict.fromkeys(("XDG_STATE_HOME", "LOCALAPPDATA", "HOME"), str(tmp_path / "home"))
        env: dict[str, str | None] = {**variables, **home, "ITP_ACCESS_TOKEN": "token", "ITP_API_URL": server.url}
        return CliRunner(env=env).invoke(itwin, ["bucket", *arguments, "-i", "i-1"])

    return run


def outcomes(result: Result) -> dict[str, str]:
    rows: list[dict[str, Any]] = json.loads(result.stdout)
    return {row["name"]: row["outcome"] for row in rows}


def test_files_go_there_and_back(run: Run, container: Container, tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    (photos / "below").mkdir(parents=True)
    (photos / "a.jpg").write_bytes(b"\x00\xff\n" * 1000)
    (photos / "below" / "b.jpg").write_bytes(b"b")
    sent = run("cp", str(photos), "bkt:site")
    assert (sent.exit_code, outcomes(sent)) == (0, {"site/a.jpg": "sent", "site/below/b.jpg": "sent"})
    assert "2 sent (3001 bytes)" in sent.stderr
    assert set(outcomes(run("cp", str(photos), "bkt:site")).values()) == {"skipped"}

    listed = run("ls", "site", "--query", "[].[name, size]")
    assert json.loads(listed.stdout) == [["site/a.jpg", 3000], ["site/below/b.jpg", 1]]
    assert run("cat", "bkt:site/a.jpg").stdout_bytes == b"\x00\xff\n" * 1000

    received = run("cp", "bkt:site", str(tmp_path / "copy"))
    assert received.exit_code == 0
    assert (tmp_path / "copy" / "below" / "b.jpg").read_bytes() == b"b"

    assert run("rm", "site/a.jpg").exit_code == 2  # nobody can be asked
    assert run("rm", "site/a.jpg", "--yes").exit_code == 0
    assert run("rm", "-r", "bkt:", "--yes").exit_code == 2
    assert container.names() == ["site/below/b.jpg"]
    assert run("rm", "-r", "site", "--yes").exit_code == 0
    assert container.names() == []


def test_what_cannot_be_removed_is_said_and_nothing_is_removed(run: Run, container: Container) -> None:
    for name in ("a", "site/b", "site/c"):
        container.put(name, b"x")
    folder, missing = run("rm", "a", "site", "--yes"), run("rm", "a", "bkt:none", "--yes")
    assert (folder.exit_code, missing.exit_code) == (2, 4)
    assert "'site' is a folder: add -r." in folder.stderr
    assert missing.stderr == "itwin: There is no file 'none' in the container.\n"
    assert run("rm", "-r", "site", "none", "--yes").exit_code == 4
    assert "Delete site, a (3 files)?" in run("rm", "-r", "site", "a").stderr
    assert container.names() == ["a", "site/b", "site/c"]
    assert run("cat", "site").exit_code == 2


def test_what_differs_is_not_overwritten_by_itself(run: Run, container: Container, tmp_path: Path) -> None:
    container.put("site/a", b"theirs")
    (tmp_path / "a").write_bytes(b"ours")
    refused = run("cp", str(tmp_path / "a"), "bkt:site")
    assert (refused.exit_code, outcomes(refused)) == (1, {"site/a": "failed"})
    assert refused.stderr.splitlines()[-1].startswith("itwin: ")
    assert refused.stderr.endswith("; --overwrite replaces it.\n")
    assert "--overwrite replaces it" in json.loads(refused.stdout)[0]["reason"]
    assert run("cp", str(tmp_path / "a"), "bkt:site", "--overwrite").exit_code == 2
    assert container.content("site/a") == b"theirs"
    assert run("cp", str(tmp_path / "a"), "bkt:site", "--overwrite", "--yes").exit_code == 0
    assert container.content("site/a") == b"ours"


def test_reality_data_has_files_too(run: Run, container: Container, server: BucketServer) -> None:
    container.put("tileset.json", b"{}")
    assert run("cat", "tileset.json", "--reality-data", "r-1").stdout == "{}"
    assert run("rm", "tileset.json", "--reality-data", "r-1", "--yes").exit_code == 0
    asked = [path.partition("?")[0] for path in server.paths]
    assert asked == [f"/reality-management/reality-data/r-1/{access}access" for access in ("read", "write")]
    assert run("cat", "tileset.json").exit_code == 4
