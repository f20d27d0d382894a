"""The notebooks of the examples, run from top to bottom in a kernel of their own, without a browser.

The kernel is that of Jupyter, because what can go wrong is between it and the package: the sync client beside the
kernel's event loop, `await` in cells, how a last line is shown, and progress bars, which are drawn from other threads.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from itwin_platform.sandbox import Sandbox
from tests.support.examples import ROOT

NOTEBOOKS = sorted((ROOT / "examples").glob("*.ipynb"))


def read(path: Path) -> Any:
    """A notebook; its library has no types."""
    library: Any = nbformat
    return library.read(path, 4)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_is_kept_without_what_it_has_shown(path: Path) -> None:
    notebook = read(path)
    nbformat.validate(notebook)
    for cell in notebook.cells:
        assert not cell.get("outputs"), cell.source
        assert cell.get("execution_count") is None, cell.source


@pytest.mark.filterwarnings("ignore:Proactor event loop:RuntimeWarning")  # on Windows, where zmq takes a thread for it
def test_the_notebook_runs_and_shows_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR"):  # not those of whoever runs the tests
        monkeypatch.setenv(variable, str(tmp_path / variable.lower()))
    notebook = read(ROOT / "examples" / "itwins.ipynb")
    with Sandbox() as sandbox:
        environment = {**os.environ, **sandbox.environment}
        NotebookClient(notebook, timeout=60, kernel_name="python3").execute(env=environment)
    shown = [each.outputs for each in notebook.cells if each.cell_type == "code"]
    model, frame, (bar, counted), names, points = (outputs for outputs in shown if outputs)
    assert "White River" in model[0].data["text/html"]
    assert "sig=***" in model[0].data["text/html"]
    assert "2016-01-18" in frame[0].data["text/plain"]
    assert "2/2" in bar.data["text/plain"]
    assert "repositories" in counted.data["text/html"]
    assert "White River" in names[0].data["text/plain"]
    assert points[0].data["application/geo+json"]["features"]
    assert [each.output_type for outputs in shown for each in outputs if each.output_type == "stream"] == []
