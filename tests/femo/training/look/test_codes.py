"""What coders wrote, and the pictures that they wrote it of."""

import csv
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from femo.errors import FemoError
from femo.labels import ABAW_AU
from femo.training.look.codes import CODES, Coded, agreement, read_codes, read_pictures, shown
from tests.face_files import write_ferplus, write_utkface


def said(values: np.ndarray) -> dict[str, float]:
    return {name: float(value) for name, value in zip(ABAW_AU, values, strict=True) if value}


def test_a_unit_is_clear_or_slight() -> None:
    assert said(shown("12 25 6?")) == {"AU12": 1, "AU25": 1, "AU6": 0.5}
    assert said(shown("")) == {}


def test_two_codings_are_averaged_and_one_that_is_none_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "codes.csv"
    path.write_text(
        "part,origin,name,units,second\n"
        "held_out,utkface,a.jpg,12 25,25 4?\n"
        "train,utkface,b.jpg,1,-\n"
        "held_out,ferplus_train,7,-,15?\n"
    )
    first, second = read_codes("held_out", path)
    assert (first.origin, first.name, said(first.shown)) == (
        "utkface",
        "a.jpg",
        {"AU12": 0.5, "AU25": 1, "AU4": 0.25},
    )
    assert (second.origin, second.name, said(second.shown)) == ("ferplus_train", "7", {"AU15": 0.5})
    assert [one.name for one in read_codes("train", path)] == ["b.jpg"]


def test_the_parts_have_no_picture_in_common_and_what_is_held_out_was_coded_twice() -> None:
    with CODES.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert Counter(row["part"] for row in rows) == {"train": 3237, "slice": 200, "held_out": 626}
    assert len({(row["origin"], row["name"]) for row in rows}) == len(rows)
    assert all((row["second"] != "-") <= (row["part"] == "held_out") for row in rows)
    twice = [row for row in rows if row["part"] == "held_out" and "-" not in (row["units"], row["second"])]
    assert len(twice) > 590
    smiles = sum(one.shown[ABAW_AU.index("AU12")] > 0 for one in read_codes("train"))
    assert smiles > 1000


def test_pictures_are_found_by_file_and_by_row(tmp_path: Path) -> None:
    write_utkface(tmp_path / "utkface_1.zip", {"a.jpg": 40, "b.jpg": 90})
    write_utkface(tmp_path / "utkface_2.zip", {"folder/c.jpg": 200})
    write_ferplus(tmp_path / "ferplus_train.npz", [[10, *[0] * 9]] * 3, [11, 22, 33])
    none = np.zeros(12, np.float32)
    names = [("utkface", "c.jpg"), ("ferplus_train", "2"), ("utkface", "a.jpg"), ("ferplus_train", "0")]
    found = read_pictures([Coded(origin, name, none) for origin, name in names], tmp_path)
    assert [picture.shape for picture in found] == [(200, 200, 3), (48, 48, 3), (200, 200, 3), (48, 48, 3)]
    assert [round(float(picture.mean())) for picture in found] == [200, 33, 40, 11]
    for origin, name in (("utkface", "d.jpg"), ("ferplus_train", "3")):
        with pytest.raises(FemoError, match=f"lacks 1 of 1 coded pictures, {name} for example"):
            read_pictures([Coded(origin, name, none)], tmp_path)


def test_coders_agree_as_far_as_chance_does_not_explain(tmp_path: Path) -> None:
    path = tmp_path / "codes.csv"
    rows = [("12", "12?"), ("12", ""), ("", ""), ("", ""), ("-", "12")]
    path.write_text(
        "part,origin,name,units,second\n"
        + "".join(f"held_out,utkface,{number},{first},{second}\n" for number, (first, second) in enumerate(rows))
        + "train,utkface,9,1,1\n"
    )
    found = agreement(path)
    # of four pictures, 12 in both, first, none, none: seen .75 alike, by chance .5 * .25 + .5 * .75
    assert found["AU12"] == pytest.approx((0.75 - 0.5) / 0.5)
    assert np.isnan(found["AU1"])
    assert agreement()["AU12"] > 0.8
