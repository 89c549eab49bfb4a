"""``femo train faces`` from two tiny data sets to a folder that reads, and what it refuses before it starts."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import femo
from femo.cli import train_faces as command
from femo.cli.main import main
from femo.errors import FemoError
from femo.labels import AFFECTNET_8
from femo.models.config import read_spec
from femo.models.find import find_model
from femo.models.weights import weights_sha256
from femo.training.faces import boxes, finish, sets, start
from femo.training.faces import network as network_module
from femo.training.faces.network import FaceNetwork
from femo.training.faces.recipe import Phase, Recipe
from femo.training.generated import pool as drawn_faces
from femo.training.posed import pool
from femo.training.posed.viewers import read_seen
from tests.face_files import write_ferplus, write_utkface
from tests.face_pools import TINY, face_pool

RECIPE = Recipe(
    "resnet18", TINY, (Phase(24, 1, 5e-3, 1e-3),), shares=(8, 4), warmup_steps=2, dropout=0.0,
    task_weights={"expression": 1.0, "age": 0.12, "gender": 0.25, "ethnicity": 0.3, "identity": 1.0},
)  # fmt: skip


def run(*arguments: object) -> int:
    with pytest.raises(SystemExit) as done:
        main(["train", "faces", *map(str, arguments)])
    assert isinstance(done.value.code, int)
    return done.value.code


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Five pictures of each expression, whose level tells which it is, and twenty faces of two ages, bright and dark."""
    monkeypatch.setattr(sets, "N_SLICE", 4)
    monkeypatch.setattr(command, "N_HELD_OUT", 4)
    monkeypatch.setattr(command, "N_WATCHED", 4)
    monkeypatch.setattr(command, "STORED_PX", 48)
    folder = tmp_path / "data"
    folder.mkdir()
    for name, n in (("train", 5), ("valid", 1)):
        votes = [[9 if k == label else 0 for k in range(10)] for label in range(8) for _ in range(n)]
        write_ferplus(
            folder / f"ferplus_{name}.npz", votes, [25 * label for label in range(8) for _ in range(n)], noise=60
        )
    faces = {f"{20 + 40 * (k % 2)}_{k % 2}_{k % 5}_{k}.jpg.chip.jpg": 60 + 120 * (k % 2) for k in range(20)}
    write_utkface(folder / "utkface.zip", faces)
    threads = torch.get_num_threads()
    yield folder
    torch.set_num_threads(threads)


@pytest.fixture
def recipe(tmp_path: Path) -> Path:
    path = tmp_path / "recipe.json"
    path.write_text(json.dumps(RECIPE.to_dict()))
    return path


def test_from_pictures_to_a_folder_that_reads(
    data: Path, recipe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, log = tmp_path / "mine", tmp_path / "run"
    command_line = ("--data", data, "--out", out, "--run", log, "--recipe", recipe, "--threads", 1)
    assert run(*command_line) == 0
    said = capsys.readouterr().err
    assert "36 FER+ and 12 UTKFace images to train on" in said
    spec = read_spec(out)
    assert (spec.name, spec.arch, spec.input_size, spec.identity) == ("mine", "resnet18", 24, None)
    assert spec.head("expression").class_shares is not None
    assert sum(spec.head("expression").class_shares.values()) == pytest.approx(1, abs=1e-4)
    photo = femo.load(str(out)).score_crops([np.full((48, 48, 3), 90, np.uint8)])
    assert set(photo) >= {"expression", "age", "gender", "ethnicity"}
    card = (out / "README.md").read_text()
    assert "no pretrained weights of any kind went in" in card
    assert json.loads(card.rsplit("```json\n", 1)[1].removesuffix("\n```\n"))["n_threads"] == 1
    held = sorted(path.name for path in (log / "utkface_held_out").iterdir())
    assert len(held) == 4
    assert [path.name.split("-")[0] for path in sorted(log.glob("*.npy"))] == ["faces_ferplus", "faces_utkface"]
    assert len((log / "log.csv").read_text().splitlines()) == 2
    assert "vision-language" not in spec.head("expression").citation
    two = tmp_path / "two"
    recipe.write_text(json.dumps(replace(RECIPE, looks=2.0).to_dict()))
    assert run(*command_line) == 1
    said = " ".join(capsys.readouterr().err.split())
    assert "holds a run whose recipe has another looks, and 1 of its epochs are done" in said
    with_looks = (*command_line, "--out", two, "--run", tmp_path / "with-looks")
    assert run(*with_looks) == 0
    alone = weights_sha256(read_spec(two))
    assert run(*with_looks, "--second", out) == 0
    both = read_spec(two)
    assert both.second is not None
    assert "votes of vision-language models" in both.head("expression").citation
    assert (both.second.arch, both.second.heads) == ("resnet18", ("expression", "age", "gender", "ethnicity"))
    assert (weights_sha256(both), len(both.files)) == (alone, 2)
    assert "A second network reads photos beside it" in (two / "README.md").read_text()
    assert "The first network alone on the same pictures" in (two / "README.md").read_text()
    recipe.write_text(json.dumps(replace(RECIPE, identity=True).to_dict()))
    assert run(*command_line) == 1
    assert "holds a run whose recipe has another identity" in " ".join(capsys.readouterr().err.split())


def test_made_pictures_are_a_third_pool(
    data: Path, recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are made once, of the pictures to train on; the head's citation says so."""
    asked: list[tuple[Any, ...]] = []

    def made(attributes: Any, names: Any, teachers: Any, n_faces: int, seed: int, report: Any) -> Any:
        asked.append((len(attributes), len(names), [size for _, size in teachers], n_faces, seed))
        return face_pool(6, 9, True)

    monkeypatch.setattr(pool, "posed_pool", made)
    command_line = ("--data", data, "--recipe", recipe, "--threads", 1)
    assert run(*command_line, "--out", tmp_path / "mine", "--run", tmp_path / "one") == 0
    posed = replace(RECIPE, looks=2.0, posed=9, shares=(4, 4, 4), seed=5, teachers=({"name": "mine"},))
    recipe.write_text(json.dumps(posed.to_dict()))
    out = tmp_path / "posed"
    assert run(*command_line, "--out", out, "--run", tmp_path / "two", "--teacher", tmp_path / "mine") == 0
    assert asked == [(12, 12, [24], 9, 5)]
    assert run(*command_line, "--out", out, "--run", tmp_path / "two", "--teacher", tmp_path / "mine") == 0
    assert len(asked) == 1  # nothing is left to learn
    head = read_spec(out).head("expression")
    assert "as they are and with the points of the face moved" in head.citation
    before = read_spec(tmp_path / "mine").head("expression").class_shares
    assert before is not None
    assert head.class_shares is not None
    seen = dict(zip(AFFECTNET_8, np.mean([one.shares for one in read_seen("train")], axis=0), strict=True))
    for name, share in head.class_shares.items():
        assert share == pytest.approx(0.9 * before[name] + 0.1 * float(seen[name]), abs=1e-4), name


def test_drawn_faces_are_the_last_pool(
    data: Path, recipe: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """They are drawn once, by the generator that is named; without one nothing is read. The head's citation says so."""
    asked: list[tuple[Path, list[int]]] = []

    def drawn(folder: Path, teachers: Any, report: Any) -> Any:
        asked.append((folder, [size for _, size in teachers]))
        return face_pool(6, 9, True)

    monkeypatch.setattr(drawn_faces, "drawn_pool", drawn)
    monkeypatch.setattr(command, "_check_generator", lambda recipe, folder: None)
    monkeypatch.setattr(finish, "Generator", lambda folder: folder)
    monkeypatch.setattr(finish, "draw_held_out", lambda generator, ties: generator)
    monkeypatch.setattr(finish, "cut_out", lambda pipeline, generator: None)
    command_line = ("--data", data, "--recipe", recipe, "--threads", 1)
    assert run(*command_line, "--out", tmp_path / "mine", "--run", tmp_path / "one") == 0
    learns = replace(RECIPE, looks=2.0, drawn=True, shares=(4, 4, 4), seed=5, teachers=({"name": "mine"},))
    recipe.write_text(json.dumps(learns.to_dict()))
    out, teacher = tmp_path / "drawn", ("--teacher", tmp_path / "mine", "--generator", tmp_path / "g")
    for _ in range(2):  # the second time nothing is left to learn
        assert run(*command_line, "--out", out, "--run", tmp_path / "two", *teacher) == 0
    assert asked == [(tmp_path / "g", [24])]
    assert (
        read_spec(out)
        .head("expression")
        .citation.endswith("and faces drawn by MobileStyleGAN with votes of vision-language models")
    )
    monkeypatch.undo()
    nameless = (*command_line, "--out", out, "--run", tmp_path / "three", "--teacher", tmp_path / "mine")
    assert run(*nameless) == 1
    assert "name random_face/data of random-face 2021.7.21.1 with --generator" in " ".join(
        capsys.readouterr().err.split()
    )
    assert run(*nameless, "--generator", tmp_path) == 1
    assert "MappingNetwork.xml is missing" in " ".join(capsys.readouterr().err.split())
    assert not (tmp_path / "three").exists()


def test_drawn_faces_come_after_made_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """As their shares of a batch do."""
    made, faces = face_pool(6, 9, True), face_pool(4, 8, True)
    monkeypatch.setattr(pool, "posed_pool", lambda *given: made)
    monkeypatch.setattr(drawn_faces, "drawn_pool", lambda *given: faces)
    learns = replace(RECIPE, posed=9, drawn=True, shares=(4, 4, 2, 3))
    both = command._made(face_pool(3, 1, True), [], [], learns, Path("g"), lambda _: None)
    assert [one is other for one, other in zip(both, (made, faces), strict=True)] == [True, True]


def test_what_is_missing_is_said_before_anything_is_read(
    data: Path, recipe: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "mine"
    for options, message in (
        (["--data", tmp_path / "nowhere"], "nowhere is no folder; expected ferplus_train.npz"),
        (["--data", data, "--out", data], "is read, so it cannot be written"),
        (["--data", data], "name the file with --start"),  # femo-base's own recipe has a start
        (["--data", data, "--recipe", tmp_path / "gone.json"], "gone.json is no recipe"),
        (["--data", data, "--recipe", recipe, "--init", "nowhere"], "nowhere"),
        (
            ["--data", data, "--recipe", recipe, "--init", "femo-base"],
            "but --init expects the recipe's network, a",
        ),
        (["--data", recipe.parent, "--recipe", recipe], "has no utkface*.zip"),
    ):
        assert run("--out", out, "--run", tmp_path / "run", *options) == 1
        assert message in capsys.readouterr().err.replace("\n", " ")
    assert not out.exists()
    (out).mkdir()
    (out / "config.json").write_text(recipe.read_text())
    assert run("--data", data, "--out", out, "--recipe", out / "config.json") == 1
    assert "which is read" in capsys.readouterr().err
    for beside in ("--second", "--teacher"):
        assert run("--data", data, "--out", out, "--recipe", recipe, beside, out) == 1
        assert "is read, so it cannot be written" in capsys.readouterr().err.replace("\n", " ")
    assert not (tmp_path / "run").exists()


def test_a_recipe_with_teachers_wants_their_folders_and_notes_their_weights(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spec = find_model("femo-base")
    sha256 = weights_sha256(spec)
    learns = replace(RECIPE, teachers=({"name": "an older one"},))
    used, [(network, size)] = command._teachers(learns, [spec.folder])
    assert (size, network.heads["gender"].out_features) == (spec.input_size, 2)
    assert used == replace(learns, teachers=[{"name": "an older one", "sha256": sha256}])
    assert command._teachers(RECIPE, []) == (replace(RECIPE, teachers=[]), [])
    with pytest.raises(FemoError, match=r"learns from an older one; name a folder with --teacher for each, not 0"):
        command._teachers(learns, [])
    with pytest.raises(FemoError, match=r"learns from nobody; name a folder with --teacher for each, not 1"):
        command._teachers(RECIPE, [spec.folder])
    with pytest.raises(FemoError, match=r"learns from teachers .* but names none"):
        command._teachers(replace(RECIPE, taught=0.5), [])
    with pytest.raises(FemoError, match=r"has its teachers say the gender of drawn faces .* but names no teacher"):
        command._teachers(replace(RECIPE, drawn=True, shares=(4, 4, 4)), [])
    with pytest.raises(FemoError, match=r"moves faces that its teachers call neutral .* but names no teacher"):
        command._teachers(replace(RECIPE, posed=9, shares=(4, 4, 4)), [])
    few = FaceNetwork("resnet18", TINY, {"gender": 2, "expression": 7})
    monkeypatch.setattr(network_module, "network_of", lambda spec, sha256: few)
    with pytest.raises(FemoError, match="cannot teach: it reads"):
        command._teachers(replace(learns, posed=9, shares=(4, 4, 4)), [spec.folder])
    only = FaceNetwork("resnet18", TINY, {"expression": 8})
    monkeypatch.setattr(network_module, "network_of", lambda spec, sha256: only)
    with pytest.raises(
        FemoError, match=r"femo-base cannot say the gender of drawn faces \(drawn\): it reads none"
    ):
        command._teachers(replace(learns, drawn=True, shares=(4, 4, 4)), [spec.folder])
    mute = FaceNetwork("resnet18", TINY, {"gender": 2})
    monkeypatch.setattr(network_module, "network_of", lambda spec, sha256: mute)
    with pytest.raises(FemoError, match=r"femo-base cannot say which faces are neutral.*reads no expression"):
        command._teachers(replace(learns, posed=9, shares=(4, 4, 4)), [spec.folder])
    kept = replace(learns, kept=0.5)
    with pytest.raises(FemoError, match=r"keeps some of it .* but names no start"):
        command._teachers(kept, [spec.folder])
    begun = replace(kept, kept=0.0, from_teacher=True, start={"name": "f", "sha256": "0"})
    with pytest.raises(
        FemoError, match=r"the first teacher is a resnet18, but .*femo-base holds a mobilenetv1_100"
    ):
        command._teachers(begun, [spec.folder])
    command._teachers(replace(begun, arch=spec.arch, arch_args=dict(spec.arch_args)), [spec.folder])
    monkeypatch.setattr(
        network_module, "network_of", lambda spec, sha256: FaceNetwork("resnet18", TINY, {"expression": 7})
    )
    with pytest.raises(
        FemoError, match=r"femo-base cannot teach: it reads \{'expression': 7\}, but what learns has"
    ):
        command._teachers(replace(learns, taught=0.5), [spec.folder])
    command._teachers(learns, [spec.folder])
    monkeypatch.undo()
    other = replace(RECIPE, teachers=({"name": "an older one", "sha256": "00"},))
    with pytest.raises(FemoError, match=f"have SHA-256 {sha256}, but the recipe names 00"):
        command._teachers(other, [spec.folder])


def test_a_start_gives_weights_and_who_is_in_the_colour_pictures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The grey pictures get boxes alone: the start network knows colours."""
    weights = {"w": torch.zeros(1)}
    asked: list[Any] = []
    monkeypatch.setattr(start, "read_start", lambda path, wanted: asked.append((path, wanted)) or weights)
    monkeypatch.setattr(boxes, "find_faces", lambda images, kept, report: torch.full((len(images), 14), 0.25))
    monkeypatch.setattr(
        start,
        "identity_targets",
        lambda begun, images, points, kept: (
            asked.append((begun, tuple(points[0, 0].tolist()), kept)) or torch.ones(len(images), 128)
        ),
    )
    begun = replace(RECIPE, start={"name": "f", "sha256": "0"})
    assert command._start(begun, Path("f.json")) is weights
    assert command._start(RECIPE, Path("f.json")) is None
    grey, colour = face_pool(3, 0, True), face_pool(2, 1, False)
    first, second = command._targets([grey, colour], weights, tmp_path, print)
    assert bool((first.boxes == 0.25).all() & (second.boxes == 0.25).all())
    assert (bool(first.identity.isnan().all()), bool((second.identity == 1).all())) == (True, True)
    assert asked == [(Path("f.json"), begun.start), (weights, (0.25, 0.25), tmp_path / "identity_utkface.npy")]
    assert bool(command._targets([grey, colour], None, tmp_path, print)[1].identity.isnan().all())
