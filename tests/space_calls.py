"""Calls every public endpoint of a running app: ``python -m tests.space_calls ADDRESS``, a part of ``make space-check``.

Needs nothing but requirements.txt, since it runs in the environment that is checked. An endpoint that has no call here is
an error, as is a call whose endpoint is gone.
"""

import json
import sys
import tempfile
import urllib.request
from pathlib import Path
from typing import Any

import numpy as np
from gradio_client import Client, handle_file
from PIL import Image

from tests.clips import canvas, paste, write_clip

ROOT = Path(__file__).resolve().parent.parent
PORTRAIT = ROOT / "femo/demo/examples/astronaut.jpg"
SANDBOX = ROOT / "leaderboard/sandbox/afew.csv"
TASK = "sandbox-afew"
N_FRAMES = 12

Answer = dict[str, Any]


def main(address: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        client = Client(address, verbose=False, download_files=name, httpx_kwargs={"timeout": 60})
        answers = call_all(client, Path(name))
        client.close()
    for endpoint, answer in answers.items():
        print(f"{endpoint}: {json.dumps(answer)[:100]}")
    with urllib.request.urlopen(f"{address}gradio_api/mcp/schema") as schema:
        tools = {tool["name"] for tool in json.load(schema)}
    assert tools >= {endpoint.strip("/") for endpoint in answers}, f"tools for assistants: {sorted(tools)}"


def call_all(client: Client, folder: Path) -> dict[str, Answer]:
    """Return each endpoint's answer to a valid input, checked by what is known of that input."""
    answers: dict[str, Answer] = {}

    def ask(endpoint: str, *values: Any) -> Answer:
        answers[endpoint] = client.predict(*values, api_name=endpoint)
        return answers[endpoint]

    portrait, clip = handle_file(PORTRAIT), handle_file(smiling_clip(folder / "clip.mp4"))
    for endpoint in ("/analyze_photo", "/live_frame"):
        (face,) = ask(endpoint, portrait)["faces"]
        assert likeliest(face["expression"]) == "happiness", face
    (person,) = ask("/analyze_video", clip)["persons"]
    assert all(person["present"]), person
    assert len(person["valence"]) == N_FRAMES, person
    group = ask("/analyze_group", clip)
    assert group["face_count"] == [1] * N_FRAMES, group["face_count"]
    assert likeliest(group["verdict"]) == "positive", group["verdict"]

    assert len(ask("/leaderboard", "afew")["rows"]) > 5
    assert ask("/validate_submission", TASK, handle_file(SANDBOX))["valid"] is True
    other = folder / "other.csv"
    header, *rows = SANDBOX.read_text(encoding="utf-8").splitlines()
    other.write_text("\n".join([header, *(f"{row.split(',')[0]},Happy" for row in rows)]), encoding="utf-8")
    first, second = (
        ask("/submit_predictions", TASK, handle_file(file), file.stem)["entry"] for file in (SANDBOX, other)
    )
    compared = ask("/compare_submissions", first, second)
    assert 0 <= compared["p_first_better"] <= 1, compared

    named = set(client.view_api(return_format="dict", print_info=False)["named_endpoints"])
    assert named == set(answers), f"called {sorted(answers)}, but the app has {sorted(named)}"
    return answers


def likeliest(distribution: dict[str, float]) -> str:
    return max(distribution, key=lambda label: distribution[label])


def smiling_clip(path: Path) -> Path:
    """The demo's example portrait as a clip: it smiles, and moves by two pixels a frame."""
    with Image.open(PORTRAIT) as photo:
        face = np.asarray(photo.convert("RGB").resize((240, 240)))
    frames = []
    for index in range(N_FRAMES):
        picture = canvas(480, 360)
        paste(picture, face, 60 + 2 * index, 60, 240)
        frames.append(picture)
    return write_clip(path, frames, fps=12)


if __name__ == "__main__":
    main(sys.argv[1])
