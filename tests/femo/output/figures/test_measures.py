"""What was measured over a clip, as parts of its timeline."""

import numpy as np

from femo.output.figures import video as figures_video
from femo.results import Timeline
from femo.types import Scores
from tests.femo.meshes_by_hand import COVERED, GONE, mesh_track, person
from tests.femo.results_by_hand import video


def texts(line: Timeline) -> str:
    figure = figures_video.timeline(video(line, duration_s=1.2), line.track)
    return " ".join(note.text for note in figure.layout.annotations)


def test_the_timeline_shows_what_was_measured_and_no_prior() -> None:
    line = person(1, mesh_track())
    figure = figures_video.timeline(video(line, duration_s=1.2), 1)
    said = texts(line)
    for part in ("Expression", "Action units", "Head turned", "Eyes", "blinks 30 a minute", "Mouth and brows"):
        assert part in said
    assert "Valence" not in said
    by_name = {trace.name: trace for trace in figure.data if trace.name}
    assert by_name["to the left"].y[0] == -20
    assert np.isnan([by_name["down"].y[row] for row in (GONE, COVERED)]).all()
    [heat] = [trace for trace in figure.data if trace.type == "heatmap"]
    assert list(heat.y) == ["AU 12", "AU 25"]
    assert np.isnan(np.array(heat.z, float)[:, COVERED]).all()
    [blink] = [shape for shape in figure.layout.shapes if "domain" in str(shape.yref)]
    assert (blink.x0, blink.x1) == (0.2, 0.4)


def test_without_a_mesh_only_the_expression_is_left() -> None:
    said = texts(person(1, None))
    assert "Expression" in said
    assert not [part for part in ("Action units", "Head", "Eyes", "Mouth", "Valence") if part in said]


def test_what_was_learnt_is_charted() -> None:
    line = person(1, None)
    scores = {
        name: Scores(name, head.labels, head.values, head.kind, "trained") for name, head in line.scores.items()
    }
    said = texts(Timeline(1, line.time_s, line.present, line.xyxy, scores))
    assert "Valence and arousal" in said
    assert "Action units" in said
