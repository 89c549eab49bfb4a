"""``femo corpus`` as a user meets it, with real workers and a small model."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from femo.cli.main import main
from femo.pipeline import load
from tests import clips
from tests.corpora import read, silent_server
from tests.small_models import write_small


def _run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as done:
        main([str(argument) for argument in arguments])
    assert isinstance(done.value.code, int)
    return done.value.code


def test_photos_clips_and_a_bad_one_end_in_the_data_sets(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, out, metrics = tmp_path / "source", tmp_path / "out", tmp_path / "femo.prom"
    source.mkdir()
    clips.write_clip(source / "a.mp4", clips.moving_face(8, 160, 140)[0])
    Image.fromarray(clips.portrait()).save(source / "b.png")
    (source / "c.mp4").write_bytes(b"no video at all")
    small = write_small(tmp_path / "small")
    load(str(small), measure=False)  # compiled here, so that no worker has to
    command = ["corpus", source, "--out", out, "--model", small, "--no-mesh"]
    command += ["--workers", 2, "--json-progress", "--prometheus", metrics]
    assert _run(*command) == 1
    printed = capsys.readouterr()
    states = [json.loads(line) for line in printed.out.splitlines()]
    assert {key: states[-1][key] for key in ("n_inputs", "n_done", "n_failed", "n_frames", "left_s")} == {
        "n_inputs": 3,
        "n_done": 2,
        "n_failed": 1,
        "n_frames": 9,
        "left_s": 0.0,
    }
    assert "c.mp4 is no readable video" in printed.err
    assert "Traceback" not in printed.err
    assert "femo_corpus_inputs_done 2\n" in metrics.read_text()
    assert read(out, "clips")[["clip", "kind", "n_frames"]].sort_values("clip").values.tolist() == [
        ["a.mp4", "clip", 8],
        ["b.png", "photo", 1],
    ]
    assert read(out, "frames").groupby("clip").size().to_dict() == {"a.mp4": 8, "b.png": 1}
    assert read(out, "failures")["clip"].tolist() == ["c.mp4"]
    assert (out / "summary.html").exists()
    assert _run(*command) == 1  # nothing is read again, and what failed is still said
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (last["n_done"], last["n_failed"], last["frames_per_s"]) == (2, 1, 0.0)


def test_a_folder_without_photo_or_clip_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "notes.txt").write_text("no clip")
    command = ["corpus", tmp_path / "empty", "--out", tmp_path / "out", "--model", write_small(tmp_path / "small")]
    assert _run(*command) == 0
    assert (
        f"{tmp_path}/empty has no photo or clip; in a folder those are files that end like"
        in capsys.readouterr().err
    )


def test_no_command_line_tells_what_grants_access(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not where a list on the web is empty, has other columns, is gone, or lies where nobody knows the way."""
    contents = {
        "empty.csv": b"url\n",
        "columns.csv": b"id\n1\n",
        "bare.csv": b"https://ann:open-sesame@h/a.mp4?sig=open-sesame\n",
    }

    def pieces(url: str, timeout_s: float) -> Iterator[bytes]:
        name = url.partition("?")[0].rpartition("/")[2]
        if name not in contents:
            raise ConnectionError(f"no answer from {url}")
        yield contents[name]

    monkeypatch.setattr("femo.corpora.addresses.pieces", pieces)
    small = write_small(tmp_path / "small")
    for name, status in (("empty.csv", 0), ("columns.csv", 1), ("bare.csv", 1), ("gone.csv", 1)):
        for secret in ("open-sesame", "open 'open-sesame"):
            source = f"https://ann:{secret}@h/{name}?X-Amz-Credential={secret}&X-Amz-Signature={secret}"
            assert _run("corpus", source, "--out", tmp_path / name, "--model", small) == status
            printed = "".join(capfd.readouterr())
            assert name in printed
            assert "open-sesame" not in printed
    assert (
        _run("corpus", "odd://ann:open-sesame@h/a.csv?sig=open-sesame", "--out", tmp_path / "o", "--model", small)
        == 1
    )
    assert "open-sesame" not in "".join(capfd.readouterr())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty.csv", "small"]


def test_a_url_that_does_not_answer_fails_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Image.fromarray(clips.portrait()).save(tmp_path / "b.png")
    small = write_small(tmp_path / "small")
    load(str(small), measure=False)
    with silent_server() as url:
        (tmp_path / "list.csv").write_text(f"url\n{url}/a.mp4\nb.png\n")
        command = ["corpus", tmp_path / "list.csv", "--out", tmp_path / "out", "--model", small, "--no-mesh"]
        assert _run(*command, "--workers", 1, "--timeout", 0.5) == 1
    assert f"{url}/a.mp4 did not answer within 0.5 s." in capsys.readouterr().err
    assert read(tmp_path / "out", "failures")[["clip", "problem"]].values.tolist() == [
        [f"{url}/a.mp4", f"{url}/a.mp4 did not answer within 0.5 s."]
    ]
    assert read(tmp_path / "out", "clips")["clip"].tolist() == ["b.png"]


def test_wrong_options_are_told_before_anything_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for options, message in (
        (["--smooth", "gauss"], "Smoothing is 'gauss'"),
        (["--every", "some"], "some"),
        (["--fpr", "0.1"], "--fpr belongs to --every auto"),
        (["--address", "ray://x"], "--address belongs to --engine ray"),
        (["--shard-minutes", "0"], "shard_minutes is 0.0; expected a number above 0"),
        (["--timeout", "-1"], "timeout_s is -1.0; expected a number of seconds above 0, at most 86400"),
        (["--timeout", "0"], "timeout_s is 0.0; expected"),
        (["--timeout", "nan"], "timeout_s is nan; expected"),
        (["--timeout", "inf"], "timeout_s is inf; expected"),
    ):
        assert _run("corpus", tmp_path, "--out", tmp_path / "out", *options) == 2
        assert message in " ".join(capsys.readouterr().err.replace("│", " ").split())
    assert not (tmp_path / "out").exists()
    assert _run("corpus", tmp_path) == 2


def test_progress_for_prometheus_replaces_nothing_that_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, small = tmp_path / "clips", write_small(tmp_path / "small")
    folder.mkdir()
    (folder / "a.jpg").write_bytes(b"a photo")
    (folder / "list.csv").write_text("path\na.jpg\n")
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    for source, metrics in ((folder, "a.jpg"), (folder / "list.csv", "list.csv")):
        out = ["--out", tmp_path / "out", "--model", small, "--no-mesh"]
        assert _run("corpus", source, *out, "--prometheus", folder / metrics) == 1
        assert f"{folder / metrics} holds something else than progress of" in capsys.readouterr().err
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert not (tmp_path / "out").exists()
    (folder / "a.jpg").unlink()  # the manifest is made in between
    (folder / "list.csv").unlink()
    for _ in range(2):
        assert _run("corpus", folder, *out, "--prometheus", tmp_path / "out" / "manifest.sqlite") == 1
        assert "manifest.sqlite holds something else" in capsys.readouterr().err
    assert _run("corpus", folder, *out, "--prometheus", tmp_path / "femo.prom") == 0


def test_names_that_two_sources_have_in_common_are_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, small = tmp_path / "out", write_small(tmp_path / "small")
    for day in ("one", "two"):
        (tmp_path / day).mkdir()
        (tmp_path / day / "a.jpg").write_bytes(b"no photo")
        assert _run("corpus", tmp_path / day, "--out", out, "--model", small, "--no-mesh", "--workers", 1) == 1
        said = "1 name in the column clip stands for several inputs; join the data sets by clip_id\n"
        assert (said in capsys.readouterr().err) == (day == "two")
