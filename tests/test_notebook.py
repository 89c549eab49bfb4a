"""The notebook of the documentation runs as it stands, and shows what it says."""

import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from ipykernel.kernelspec import make_ipkernel_cmd
from jupyter_client.kernelspec import KernelSpec, KernelSpecManager
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).resolve().parent.parent / "docs" / "notebook.ipynb"


class OurKernels(KernelSpecManager):
    """Knows one kernel: the interpreter of these tests, wherever Jupyter would look."""

    def get_kernel_spec(self, kernel_name: str) -> KernelSpec:
        return KernelSpec(
            argv=make_ipkernel_cmd(executable=sys.executable), display_name="here", language="python"
        )


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """The last output of each code cell, by MIME type."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR"):
            patch.setenv(name, str(tmp_path_factory.mktemp(name)))
        patch.setenv("PLOTLY_RENDERER", "plotly_mimetype")
        patch.setenv("PYTHONPATH", str(NOTEBOOK.parent.parent))
        patch.setenv("PYDEVD_DISABLE_FILE_VALIDATION", "1")
        notebook = nbformat.read(NOTEBOOK, as_version=4)
        client = NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(NOTEBOOK.parent)}})
        client.kernel_manager_class = "jupyter_client.AsyncKernelManager"
        client.create_kernel_manager()
        client.km.kernel_spec_manager = OurKernels()
        client.execute()
    return [cell.outputs[-1].data for cell in notebook.cells if cell.cell_type == "code"]


def test_a_photo_shows_its_picture_and_a_table_that_marks_what_was_measured(answers: list[dict[str, Any]]) -> None:
    page = answers[0]["text/html"]
    assert "<b>3 faces</b>" in page
    assert 'src="data:image/jpeg;base64,' in page
    assert "Action units <small>(measured)</small>" in page
    assert (
        ">Valence<" in page
    )  # the embedded model has learnt it; marks of priors: tests/femo/output/test_notebook.py
    assert page.count("<tr>") == 4


def test_charts_are_plotly_figures(answers: list[dict[str, Any]]) -> None:
    bars, timeline = (answers[number]["application/vnd.plotly.v1+json"] for number in (1, 4))
    assert {trace["type"] for trace in bars["data"]} == {"bar"}
    assert {"happiness", "neutral", "person 1"} <= {trace.get("name") for trace in timeline["data"]}


def test_a_clip_shows_its_persons(answers: list[dict[str, Any]]) -> None:
    assert "<b>1 person</b>" in answers[3]["text/html"]
    assert 'alt="person 1"' in answers[3]["text/html"]
    assert "<b>Person 1</b>" in answers[5]["text/html"]


def test_the_notebook_is_kept_without_outputs() -> None:
    cells = [cell for cell in nbformat.read(NOTEBOOK, as_version=4).cells if cell.cell_type == "code"]
    assert [cell.outputs for cell in cells] == [[]] * len(cells)
    assert {cell.execution_count for cell in cells} == {None}
