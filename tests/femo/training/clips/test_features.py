"""Descriptors of clips: once each, whatever is stopped and however many processes work."""

from pathlib import Path

import numpy as np
import pytest

from femo.errors import FemoError
from femo.mesh.reader import MeshReader
from femo.training.clips.features import Extraction, describe, extract, load_once
from femo.training.clips.layout import LabelledClip, read_layout
from tests.clip_sets import write_vgaf
from tests.small_models import write_small


@pytest.fixture(scope="module")
def vgaf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_vgaf(tmp_path_factory.mktemp("vgaf"), n_train=1, n_val=3)


def test_extraction_goes_on_from_its_cache(vgaf: Path, tmp_path: Path) -> None:
    clips = read_layout("vgaf", vgaf, "val")[:3]
    what = Extraction(None, "vgaf-mean-std", tmp_path)
    seen: list[int] = []
    first = extract(what, clips[:2], 1, lambda done, of: None)
    again = extract(what, clips, 1, lambda done, of: seen.append(done))
    assert seen == [2, 3]
    np.testing.assert_array_equal(again[:2], first)


def test_no_mesh_is_laid_for_a_descriptor(vgaf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = read_layout("vgaf", vgaf, "val")[0]
    pipeline = load_once(None)
    monkeypatch.setattr(MeshReader, "crop", lambda *_: pytest.fail("a mesh was laid"))
    vector = describe(pipeline, clip.path, "vgaf-mean-std")
    assert vector.shape == (4 * pipeline.readers[0].spec.embedding_dim,)


def test_two_processes_find_what_one_finds(vgaf: Path, tmp_path: Path) -> None:
    clips = read_layout("vgaf", vgaf, "val")[:3]
    one, two = (
        extract(Extraction(None, "vgaf-mean-std", tmp_path / str(n)), clips, n, lambda done, of: None)
        for n in (1, 2)
    )
    assert np.ptp(one, axis=0).max() > 0.05
    np.testing.assert_allclose(two, one, atol=0.01)  # vectors of length 1; sums in another order, in bfloat16


def test_unreadable_clips_are_named_together(vgaf: Path, tmp_path: Path) -> None:
    clips = []
    for name in ("one", "two"):
        path = tmp_path / f"{name}.mp4"
        path.write_bytes(b"broken")
        clips.append(LabelledClip(name, path, 0))
    with pytest.raises(FemoError, match=r"2 of 3 clips cannot be read: .*one\.mp4.*two\.mp4"):
        extract(
            Extraction(None, "vgaf-mean-std", tmp_path / "c"),
            [*clips, read_layout("vgaf", vgaf, "val")[0]],
            1,
            lambda done, of: None,
        )


def test_networks_descriptors_and_sizes_keep_apart(tmp_path: Path) -> None:
    models = [str(write_small(tmp_path / f"small{seed}", seed=seed)) for seed in (1, 2)]
    folders = [
        Extraction(model, descriptor, tmp_path, min_face).folder()
        for model in models
        for descriptor in ("vgaf-mean-std", "afew-mean-std-min-max")
        for min_face in (None, 30)
    ]
    assert len(set(folders)) == 8
    assert folders[0].name.startswith("small1-vgaf-mean-std-")
