"""``/analyze_photo`` on the running app, through gradio_client."""

import io
import json
import struct
import urllib.request
import zlib
from pathlib import Path

import numpy as np
import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

import femo
from femo.labels import ABAW_AU, AFFECTNET_8, ETHNICITY_5, GENDER


def test_answer_is_what_three_lines_of_python_give(
    client: Client, pipeline: femo.Pipeline, portrait: Path
) -> None:
    answer = client.predict(handle_file(portrait), api_name="/analyze_photo")
    assert answer == pipeline.photo(portrait).to_dict()


def test_answer_has_the_photo_shape_of_the_contract(client: Client, portrait: Path) -> None:
    answer = client.predict(photo=handle_file(portrait), min_face=40, align=True, api_name="/analyze_photo")
    assert (answer["width"], answer["height"]) == (512, 512)
    (face,) = answer["faces"]
    x1, y1, x2, y2 = face["box"]
    assert 170 < x1 < 195 < 250 < x2 < 275  # the astronaut's face, read off the picture
    assert 50 < y1 < 90 < 160 < y2 < 200
    for name, labels in (("expression", AFFECTNET_8), ("gender", GENDER), ("ethnicity", ETHNICITY_5)):
        assert list(face[name]) == list(labels)
        assert sum(face[name].values()) == pytest.approx(1, abs=1e-3)
    assert list(face["action_units"]) == list(ABAW_AU)
    assert -1 <= face["valence"] <= 1
    assert -1 <= face["arousal"] <= 1
    assert 1 <= face["age"] <= 101
    assert set(face["sources"].values()) <= {"trained", "prior", "mixed"}
    assert set(face["sources"]) >= {"expression", "valence_arousal", "action_units", "age", "gender", "ethnicity"}


def picture(path: Path, **save: object) -> Path:
    Image.new("RGB", (64, 48), (90, 120, 150)).save(path, **save)
    return path


def test_no_face_is_an_empty_answer(client: Client, tmp_path: Path) -> None:
    answer = client.predict(handle_file(picture(tmp_path / "plain.png")), api_name="/analyze_photo")
    assert answer["faces"] == []
    assert (answer["width"], answer["height"]) == (64, 48)


def cut_off(path: Path) -> Path:
    buffer = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 256, (300, 300, 3), dtype=np.uint8)
    Image.fromarray(noise).save(buffer, "JPEG")
    path.write_bytes(buffer.getvalue()[:9000])
    return path


def huge(path: Path) -> Path:
    """A PNG that promises 40,000 × 40,000 pixels in its header (PNG specification, 11.2.1 IHDR)."""
    chunks = b""
    for body in (b"IHDR" + struct.pack(">IIBBBBB", 40_000, 40_000, 8, 2, 0, 0, 0), b"IDAT"):
        chunks += struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    return written(path, b"\x89PNG\r\n\x1a\n" + chunks)


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


BAD = {
    "text": (lambda d: written(d / "a.jpg", b"hello"), "no readable photo"),
    "cut off": (lambda d: cut_off(d / "b.jpg"), "damaged or cut off"),
    "svg": (lambda d: written(d / "d.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>"), "SVG drawing"),
    "zero bytes": (lambda d: written(d / "e.jpg", b""), "empty"),
    "huge": (lambda d: huge(d / "f.png"), "megapixels"),
    "html in the name": (lambda d: written(d / "<img src=x>.jpg", b"x"), "no readable photo"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_files_get_one_sentence_and_the_app_goes_on(
    name: str, client: Client, portrait: Path, tmp_path: Path
) -> None:
    make, sentence = BAD[name]
    with pytest.raises(AppError, match=sentence) as caught:
        client.predict(handle_file(make(tmp_path)), api_name="/analyze_photo")
    message = str(caught.value)
    assert "\n" not in message
    assert "<" not in message
    assert "Traceback" not in message
    assert len(client.predict(handle_file(portrait), api_name="/analyze_photo")["faces"]) == 1


def test_a_face_smaller_than_the_detector_sees_is_refused(client: Client, portrait: Path) -> None:
    with pytest.raises(AppError, match="12"):
        client.predict(handle_file(portrait), 3, api_name="/analyze_photo")


@pytest.mark.parametrize("min_face", ["abc", 40.5, [40], True])
def test_an_option_that_is_no_number_of_pixels_is_refused(
    min_face: object, client: Client, portrait: Path
) -> None:
    with pytest.raises(AppError, match="min_face"):
        client.predict(handle_file(portrait), min_face, api_name="/analyze_photo")


@pytest.mark.parametrize("payload", [None, "x", 7, {}, {"path": None}, {"path": 3}])
def test_no_upload_is_said(payload: object, client: Client) -> None:
    with pytest.raises(AppError, match="upload a file first"):
        client.predict(payload, api_name="/analyze_photo")


def test_a_path_on_the_server_is_not_read(client: Client, portrait: Path) -> None:
    with pytest.raises(AppError, match="a path on the server is not read"):
        client.predict({"path": str(portrait)}, api_name="/analyze_photo")


def test_tool_for_assistants_is_listed(address: str) -> None:
    with urllib.request.urlopen(f"{address}gradio_api/mcp/schema") as answer:
        tools = {tool["name"]: tool for tool in json.load(answer)}
    assert "analyze_photo" in tools
    assert list(tools["analyze_photo"]["inputSchema"]["properties"]) == [
        "photo",
        "min_face",
        "align",
        "prior",
        "model",
    ]


def test_only_named_endpoints_are_public(client: Client) -> None:
    names = set(client.view_api(return_format="dict")["named_endpoints"])
    assert "/analyze_photo" in names
    known = {"analyze_photo", "analyze_video", "analyze_group", "live_frame", "leaderboard"}
    known |= {"validate_submission", "submit_predictions", "compare_submissions"}
    assert names <= {f"/{name}" for name in known}
