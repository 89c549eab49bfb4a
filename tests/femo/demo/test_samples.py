"""Every example that a tab names is there, and a click hands its file over."""

from pathlib import Path
from typing import Any

import gradio as gr
import pytest

from femo.demo.samples import CREDIT, FOLDER, samples


@pytest.fixture
def placed(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What was given to Gradio."""
    seen: list[dict[str, Any]] = []
    plain = gr.Examples

    def watched(examples: Any, inputs: Any, **more: Any) -> Any:
        seen.append({"examples": examples, **more})
        return plain(examples, inputs, **more)

    monkeypatch.setattr(gr, "Examples", watched)
    return seen


@pytest.mark.parametrize(
    ("names", "title"), [(["group.jpg"], "Example"), (["group.jpg", "README.md"], "Examples")]
)
def test_examples_bear_their_credit(names: list[str], title: str, placed: list[dict[str, Any]]) -> None:
    with gr.Blocks(analytics_enabled=False) as demo:
        event = samples(gr.File(), names, ["<b>one</b>", "two"][: len(names)])
    [given] = placed
    assert given["label"] == title
    [credit] = [block.value for block in demo.blocks.values() if isinstance(block, gr.HTML)]
    assert CREDIT in credit  # below the examples: beside the label's icon it would wrap
    assert [Path(path) for [path] in given["examples"]] == [FOLDER / name for name in names]
    assert given["api_visibility"] == "private"
    assert callable(event.then)


def test_who_made_the_examples_is_said_beside_them() -> None:
    said = (FOLDER / "README.md").read_text(encoding="utf-8")
    for path in FOLDER.iterdir():
        if path.suffix in (".jpg", ".png", ".mp4", ".webp"):
            assert path.name in said, f"{path.name} has no credit"
