"""Names of outputs: unique, stable, and never an input."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from femo.errors import FemoError
from femo.output.export.exchange import SUFFIXES
from femo.output.names import (
    SOMEBODY,
    STEM_BYTES,
    identities,
    name_outputs,
    owner_of,
    place_of,
    refuse_folder,
    refuse_inputs,
)

# --- names -----------------------------------------------------------------------------------------------------


def test_a_source_alone_lends_its_stem() -> None:
    paths = [Path("a/one.mp4"), Path("b/two.mp4"), Path("c/.hidden")]
    assert name_outputs(paths) == dict(zip(paths, ("one", "two", ".hidden"), strict=True))


@pytest.mark.parametrize(
    ("first", "second"),
    [("a/img.jpg", "b/img.jpg"), ("pic.jpg", "pic.jpeg"), ("a/IMG.jpg", "b/img.jpg"), ("a/é.jpg", "b/é.jpg")],
    ids=["folders", "suffixes", "letter case", "accents in two forms"],
)
def test_equal_stems_get_tags_that_do_not_depend_on_order(first: str, second: str) -> None:
    paths = [Path(first), Path(second), Path("else.jpg")]
    names = name_outputs(paths)
    assert names == name_outputs(paths[::-1])
    assert names[paths[2]] == "else"
    for path in paths[:2]:
        assert names[path] == f"{path.stem}-{place_of(path)[:8]}"
    assert len({name.casefold() for name in names.values()}) == 3


def test_what_an_earlier_run_left_keeps_its_name_and_its_owner() -> None:
    a, b = Path("a/clip.mp4"), Path("b/clip.mp4")
    tagged = f"clip-{place_of(b)[:8]}"
    left: dict[str, str] = {"clip": place_of(a)}
    assert name_outputs([a], left.get) == {a: "clip"}
    assert name_outputs([b], left.get) == {b: tagged}  # the name is taken by another source
    assert name_outputs([b, a], left.get) == {b: tagged, a: "clip"}
    left[tagged] = place_of(b)
    assert name_outputs([b], left.get) == {b: tagged}
    assert name_outputs([b], {tagged: place_of(b)}.get) == {b: tagged}  # also when the other's is gone


def test_a_file_named_twice_is_one(tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"x")
    (tmp_path / "link").mkdir()
    (tmp_path / "link" / "clip.mp4").symlink_to(clip)
    assert name_outputs([clip, tmp_path / "link" / "clip.mp4"]) == {
        clip: "clip",
        tmp_path / "link" / "clip.mp4": "clip",
    }


@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.sampled_from(["x", "X", "y", "x-1"]), st.sampled_from(["jpg", "png"])),
        min_size=1, max_size=8, unique=True,
    )
)  # fmt: skip
def test_names_are_unique_whatever_comes(parts: list[tuple[str, str, str]]) -> None:
    paths = [Path(folder) / f"{stem}.{suffix}" for folder, stem, suffix in parts]
    names = name_outputs(paths)
    assert len({name.casefold() for name in names.values()}) == len(paths)


def test_files_of_one_name_with_different_ends_are_kept_apart() -> None:
    a, b, c = Path("a.mp4"), Path("A-of.mp4"), Path("c.mp4")
    tagged = {path: f"{path.stem}-{place_of(path)[:8]}" for path in (a, b)}
    assert name_outputs([a, b, c], ends=(".csv", "-of.csv")) == {**tagged, c: "c"}
    assert name_outputs([b, a], ends=(".csv", "-of.csv")) == tagged
    assert name_outputs([a, b], ends=(".csv", ".srt")) == {a: "a", b: "A-of"}
    known = {"a": place_of(a), "A-of": place_of(b)}
    with pytest.raises(
        FemoError, match=r"^a\.mp4 and A-of\.mp4 would both write A-of\.csv; rename one of them\.$"
    ):
        name_outputs([a, b], known.get, ends=(".csv", "-of.csv"))


def test_a_name_that_somebodys_files_bear_is_left_to_them() -> None:
    a = Path("a/clip.mp4")
    tagged = f"clip-{place_of(a)[:8]}"
    assert name_outputs([a], {"clip": SOMEBODY}.get) == {a: tagged}
    assert name_outputs([a], {"clip": SOMEBODY, tagged: place_of(a)}.get) == {a: tagged}
    assert name_outputs([a], {tagged: SOMEBODY}.get) == {a: "clip"}
    with pytest.raises(
        FemoError, match=rf"^Files named {tagged} are there already and not told to be of a/clip\.mp4; move"
    ):
        name_outputs([a], {"clip": SOMEBODY, tagged: SOMEBODY}.get)


@pytest.mark.parametrize("letter", ["x", "é", "感", "🙂", b"\xff".decode("utf-8", "surrogateescape")])
def test_a_stem_that_leaves_no_room_is_cut_and_tagged(letter: str, tmp_path: Path) -> None:
    ends = (*SUFFIXES.values(), "_person1234.txt", ".mp4", ".png")
    fits, long = (letter * (STEM_BYTES // len(os.fsencode(letter)) + more) for more in (0, 1))
    one, two, three = (Path(folder, f"{stem}.avi") for folder, stem in (("a", fits), ("a", long), ("b", long)))
    names = name_outputs([one, two, three])
    assert names[one] == fits
    for path in (two, three):
        start, _, tag = names[path].rpartition("-")
        assert (tag, start) == (place_of(path)[:8], letter * len(start))
        assert STEM_BYTES - len(os.fsencode(letter)) < len(os.fsencode(names[path])) <= STEM_BYTES
        assert name_outputs([path], {long: place_of(path)}.get) == {path: names[path]}
    for end in ends:
        for name in names.values():
            (tmp_path / f"{name}{end}").write_text("")


def test_whose_files_are_is_told_by_those_that_are_there(tmp_path: Path) -> None:
    a, b, gone = (tmp_path / name for name in ("a.csv", "b.csv", "gone.csv"))
    a.write_text("a")
    b.write_text("b")
    for files, owner in (
        ({}, None),
        ({gone: "mine"}, None),
        ({a: "mine", gone: "yours"}, "mine"),
        ({a: "mine", b: "mine"}, "mine"),
        ({a: "mine", b: "yours"}, SOMEBODY),
        ({a: "mine", b: None}, SOMEBODY),
        ({a: None, gone: "mine"}, SOMEBODY),
        ({tmp_path: None}, SOMEBODY),
    ):
        assert owner_of(files) == owner, files
    assert owner_of({a: None, b: "mine"}, identities([a, gone])) == "mine"  # a is read, which refuse_inputs says
    assert identities([a, gone, tmp_path]) == {(a.stat().st_dev, a.stat().st_ino): a}


# --- refusals --------------------------------------------------------------------------------------------------


def same(kind: str, source: Path) -> Path:
    """Another way to name the file."""
    other = source.with_name(f"other-{kind}")
    if kind == "link":
        other.symlink_to(source)
    elif kind == "hard link":
        os.link(source, other)
    elif kind == "folder link":
        (source.parent / "elsewhere").symlink_to(source.parent)
        return source.parent / "elsewhere" / source.name
    else:
        return source.parent / ".." / source.parent.name / source.name
    return other


@pytest.mark.parametrize("kind", ["link", "hard link", "folder link", "dots"])
def test_no_output_is_an_input(kind: str, tmp_path: Path) -> None:
    source = tmp_path / "clip.mp4"
    source.write_bytes(b"clip")
    output = same(kind, source)
    for outputs, inputs in (([output], [source]), ([tmp_path / "new.csv", source], [tmp_path / "x", output])):
        with pytest.raises(FemoError, match=r"would replace .*, which is read; write somewhere else\.$"):
            refuse_inputs(outputs, inputs)
    assert source.read_bytes() == b"clip"


def test_two_outputs_are_two_files(tmp_path: Path) -> None:
    with pytest.raises(FemoError, match="are one file; name two"):
        refuse_inputs([tmp_path / "a.csv", tmp_path / "." / "b" / ".." / "a.csv"], [])
    refuse_inputs([Path("/dev/null"), Path("/dev/null"), tmp_path / "a.csv"], [Path("/dev/null")])


def test_files_within_a_folder_that_is_read(tmp_path: Path) -> None:
    data = tmp_path / "data"
    (data / "labels").mkdir(parents=True)
    labels = data / "labels" / "val.txt"
    labels.write_text("1")
    with pytest.raises(FemoError, match=r"val\.txt would replace a file of .*data, which is read"):
        refuse_inputs([labels], [data])
    refuse_inputs([data / "labels" / "new.txt", tmp_path / "out.txt"], [data])
    report = data / "report.json"
    report.write_text("{}")
    refuse_inputs([report], [data])  # the report of the run before
    with pytest.raises(FemoError, match="is read, so it cannot be written"):
        refuse_folder(tmp_path / "data" / "labels" / "..", [data])
    refuse_folder(tmp_path / "new", [data])


def test_a_pipe_is_another_source_in_each_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pipe, file = tmp_path / "clip.mp4", tmp_path / "file.mp4"
    os.mkfifo(pipe)
    file.touch()
    places = [place_of(pipe), place_of(file)]
    assert [place_of(pipe), place_of(file)] == places  # all of a run is of one source
    assert name_outputs([pipe, file], dict(zip(("clip", "file"), places, strict=True)).get) == {
        pipe: "clip",
        file: "file",
    }
    monkeypatch.setattr("femo.output.names.RUN", "the next one")
    assert place_of(pipe) != places[0]
    assert place_of(file) == places[1]
    assert name_outputs([pipe], {"clip": places[0]}.get) == {pipe: f"clip-{place_of(pipe)[:8]}"}
