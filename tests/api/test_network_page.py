"""The client calls of the page "Over the network", run as they are written; only address and file names are put in."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = ROOT / "docs" / "network.md"


def test_client_calls_of_the_page(address: str, portrait: Path, capsys: pytest.CaptureFixture[str]) -> None:
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    (code,) = [block for block in blocks if "gradio_client" in block]
    names = {
        "http://127.0.0.1:7860": address,
        "face.jpg": str(portrait),
        "predictions.csv": str(ROOT / "leaderboard" / "sandbox" / "afew.csv"),
    }
    for written, real in names.items():
        assert written in code
        code = code.replace(written, real)
    spoken: dict[str, object] = {}
    exec(compile(code, PAGE.name, "exec"), spoken)
    (face,) = spoken["photo"]["faces"]  # type: ignore[index]
    assert max(face["expression"], key=face["expression"].get) == "happiness"
    lines = capsys.readouterr().out.strip().splitlines()
    assert lines[-2].endswith("happiness")
    n_rows, valid = lines[-1].split()
    assert int(n_rows) > 5
    assert valid == "True"
