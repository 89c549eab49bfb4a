"""ELAN's annotations, read back by pympi."""

from pathlib import Path

from pympi import Eaf

from femo.output.export.exchange import write_eaf
from femo.results import VideoResult
from tests.femo import results_by_hand as by_hand


def test_elan_reads_expressions_units_and_blinks(clip: VideoResult, tmp_path: Path) -> None:
    write_eaf(tmp_path / "clip.eaf", clip, "clip.mp4")
    eaf = Eaf(str(tmp_path / "clip.eaf"))
    assert set(eaf.get_tier_names()) == {
        *(f"person 1 {what}" for what in ("expression", "AU12", "AU25", "blinks")),
        "person 2 expression",
    }
    assert eaf.get_annotation_data_for_tier("person 1 expression") == [
        (0, 400, "happiness"),
        (400, 500, "surprise"),  # up to the frame without the person
        (600, 1200, "surprise"),  # to the end of the clip
    ]
    # .5 is crossed in frame 6, frame 8 was not measured
    assert eaf.get_annotation_data_for_tier("person 1 AU12") == [(600, 800, "AU12"), (900, 1200, "AU12")]
    assert eaf.get_annotation_data_for_tier("person 1 AU25") == []
    assert eaf.get_annotation_data_for_tier("person 1 blinks") == [(200, 400, "blink")]
    assert eaf.get_parameters_for_tier("person 1 AU12")["PARTICIPANT"] == "person 1"
    [media] = eaf.get_linked_files()
    assert (media["MEDIA_URL"], media["MIME_TYPE"]) == ("clip.mp4", "video/mp4")


def test_elan_files_of_nobody_and_of_odd_names_are_whole(tmp_path: Path) -> None:
    write_eaf(tmp_path / "a.eaf", by_hand.video(time_s=[0.0]), 'a<b>&"\x07.webm')
    eaf = Eaf(str(tmp_path / "a.eaf"))
    assert eaf.get_tier_names() in ([], {}.keys())
    assert eaf.get_linked_files()[0]["MEDIA_URL"] == 'a<b>&"_.webm'
    assert eaf.get_linked_files()[0]["MIME_TYPE"] == "video/webm"
