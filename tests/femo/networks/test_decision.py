"""The priors against hand calculation."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from femo.clips.batches import Read
from femo.clips.live import Live
from femo.clips.timelines import RawPerson, RawVideo
from femo.faces.reidentification import Tracklet
from femo.labels import AFFECTNET_8
from femo.models.config import HeadSpec
from femo.networks.decision import Decision, decided
from femo.networks.heads import softmax
from femo.types import ClipInfo, Faces, Floats, Scores
from tests.femo.results_by_hand import SHARES


def head(
    shares: dict[str, float] | None = None, temperature: float = 1.0, balance: float | None = None
) -> HeadSpec:
    return HeadSpec(
        "expression",
        "affectnet-8",
        "distribution",
        "trained",
        temperature=temperature,
        class_shares=shares or SHARES,
        temperature_balanced=balance,
    )


def said(values: Floats) -> Scores:
    return Scores("expression", AFFECTNET_8, np.asarray(values, np.float32), "distribution", "trained")


def test_balanced_divides_by_the_shares() -> None:
    """Anger .1 of share .1, disgust .1 of .01, neutral .8 of .35: 1, 10 and 2.2857 parts."""
    natural = np.zeros((1, 8), np.float32)
    natural[0, [0, 2, 5]] = 0.1, 0.1, 0.8
    got = decided(said(natural), head(), "balanced").values[0]
    parts = 1 + 10 + 0.8 / 0.35
    np.testing.assert_allclose(got[[0, 2, 5]], [1 / parts, 10 / parts, 0.8 / 0.35 / parts], rtol=1e-5)
    assert got.sum() == pytest.approx(1)


def test_halfway_divides_by_the_root_of_the_shares_at_its_own_temperature() -> None:
    """Disgust .2 of share .01 and neutral .8 of .35; T = 1 and T' = .5 square what the roots left: .04 / .01 and .64 / .35."""
    natural = np.zeros((1, 8), np.float32)
    natural[0, [2, 5]] = 0.2, 0.8
    spec = replace(head(balance=9.0), temperature_halfway=0.5)
    got = decided(said(natural), spec, "halfway").values[0]
    parts = np.array([0.04 / 0.01, 0.64 / 0.35])
    np.testing.assert_allclose(got[[2, 5]], parts / parts.sum(), rtol=1e-5)


def test_temperatures_by_hand() -> None:
    """T = 2 and T' = 4 raise p to 1/2 and the shares to 1/4; shares 16/32 and 1/32 (one) against 1/32: roots 2 and 1."""
    shares = dict.fromkeys(AFFECTNET_8, 1 / 32) | {"happiness": 16 / 32, "neutral": 10 / 32}
    natural = np.zeros((1, 8), np.float32)
    natural[0, [0, 4]] = 0.2, 0.8
    got = decided(said(natural), head(shares, 2, 4), "balanced").values[0]
    anger, happiness = 0.2**0.5 * 32**0.25, 0.8**0.5 * 2**0.25
    np.testing.assert_allclose(got[[0, 4]], np.array([anger, happiness]) / (anger + happiness), rtol=1e-4)


LOGITS = hnp.arrays(np.float32, (4, 8), elements=st.floats(-20, 20, width=32))
CHOICE = st.floats(0.3, 4)


@given(LOGITS, CHOICE, CHOICE)
def test_from_natural_probabilities_it_is_what_the_logits_give(
    logits: Floats, natural: float, other: float
) -> None:
    """The reference is the formula of the paper on the logits, in float64."""
    z = (logits.astype(np.float64) - np.log([SHARES[label] for label in AFFECTNET_8])) / other
    expected = np.exp(z - z.max(axis=1, keepdims=True))
    expected /= expected.sum(axis=1, keepdims=True)
    got = decided(said(softmax(logits, natural)), head(None, natural, other), "balanced").values
    # what float32 keeps of a natural probability below 1e-37 decides nothing unless the temperatures differ by far
    known = logits.max(axis=1) - logits.min(axis=1) < 80 * natural
    np.testing.assert_allclose(got[known], expected[known], atol=2e-4)


def test_what_was_not_measured_stays_so_and_no_logit_overflows() -> None:
    values = np.full((2, 8), np.nan, np.float32)
    values[1] = np.eye(8)[5]
    got = decided(said(values), head(), "balanced").values
    assert np.isnan(got[0]).all()
    assert got[1, 5] == pytest.approx(1)


def test_a_clip_is_decided_frame_by_frame_before_it_is_smoothed() -> None:
    """Two frames, smoothed over both: the mean of balanced rows, not the balanced mean."""
    values = np.zeros((2, 8), np.float32)
    values[0, [2, 5]], values[1, [4, 5]] = (0.2, 0.8), (0.5, 0.5)
    decision = Decision("m", head())
    person = RawPerson(
        1, np.array([0, 1]), np.tile(np.float32([0, 0, 9, 9]), (2, 1)), {"expression": said(values)}
    )
    times = np.array([0.0, 0.1])
    raw = RawVideo(times, times, (person,), ClipInfo(0, "m", 0.2, 100, 100), decision=decision)
    result = raw.result("mean:3", prior="balanced")
    expected = decided(said(values), head(), "balanced").values.mean(axis=0)
    np.testing.assert_allclose(result.timelines[0].scores["expression"].values, [expected, expected], atol=1e-6)
    assert result.to_dict()["prior"] == "balanced"
    np.testing.assert_allclose(raw.result("none").timelines[0].scores["expression"].values, values)


class One:
    """A tracker that always sees person 1."""

    def update(self, frame: object) -> Faces:
        return Faces(
            np.array([[0, 0, 9, 9]], np.float32),
            np.ones(1, np.float32),
            np.zeros((1, 5, 2), np.float32),
            np.array([1]),
        )

    def add_embeddings(self, *_: object) -> None: ...

    def stable(self, track: np.ndarray) -> np.ndarray:
        return track

    def tracklets(self) -> list[Tracklet]:
        box = np.zeros(4, np.float32)
        return [Tracklet(1, 0, 0.0, 0.0, box, box)]


def test_a_camera_may_change_its_mind() -> None:
    values = np.zeros((2, 1, 8), np.float32)
    values[0, 0, [2, 5]], values[1, 0, [4, 5]] = (0.2, 0.8), (0.5, 0.5)
    given_rows = iter(values)
    live = Live(
        One(),  # type: ignore[arg-type]
        lambda rgb, faces, measure: Read(
            {"expression": said(next(given_rows))}, np.zeros((1, 3)), np.zeros((1, 0))
        ),
        "m",
        Decision("m", head()),
    )
    rgb = np.zeros((20, 20, 3), np.uint8)
    assert live.frame(rgb, 0.0).scores["expression"].values == pytest.approx(values[0])
    second = live.frame(rgb, 0.1, prior="balanced")
    assert second.prior == "balanced"
    expected = decided(said(values[:, 0]), head(), "balanced").values.mean(axis=0)
    assert second.scores["expression"].values[0] == pytest.approx(expected, abs=1e-6)
