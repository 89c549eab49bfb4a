"""HDR against the tables of BT.2100 and BT.2408 and clips encoded here."""

import io
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from femo.media.containers import VideoLimits
from femo.media.hdr import HLG, PQ, ToSdr, gamut_matrix, light, pressed, sdr
from femo.media.moments import picture_at
from femo.media.pieces import cut, open_piece
from femo.media.video import open_video
from femo.output.export.video import write_annotated
from tests import clips


def encode(picture: np.ndarray, file_format: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, file_format, **options)
    return buffer.getvalue()


def grey(level: float) -> np.ndarray:
    return np.full((1, 3), level)


def test_light_of_hlg_and_pq_is_that_of_the_standards() -> None:
    """BT.2408-7 table 1: diffuse white of 203 cd/m² is 75 % HLG and 58 % PQ, an 18 % grey card 26 cd/m² is 38 % of both."""
    for transfer, signal, nits in ((HLG, 0.75, 203), (PQ, 0.58, 203), (HLG, 0.38, 26), (PQ, 0.38, 26)):
        assert light(grey(signal), transfer)[0, 0] == pytest.approx(nits, rel=0.03), (transfer, signal)
    assert light(grey(1.0), PQ)[0, 1] == pytest.approx(10_000)
    assert light(grey(1.0), HLG)[0, 1] == pytest.approx(1000, rel=1e-6)
    assert light(grey(0.0), PQ)[0, 2] == light(grey(0.0), HLG)[0, 2] == 0


def test_the_matrix_is_that_of_bt2087() -> None:
    """ITU-R BT.2087-0, annex 1, the inverse of its matrix M2 from BT.709 to BT.2020."""
    m2 = np.array([[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]])
    bt2020, bt709 = (0.708, 0.292, 0.170, 0.797, 0.131, 0.046), (0.640, 0.330, 0.300, 0.600, 0.150, 0.060)
    np.testing.assert_allclose(gamut_matrix(bt2020, bt709) @ m2, np.eye(3), atol=3e-4)


def test_highlights_are_pressed_and_nothing_below_them() -> None:
    x = np.linspace(0, 5, 200)
    y = pressed(x, 5.0)
    np.testing.assert_array_equal(y[x <= 0.75], x[x <= 0.75])
    assert (np.diff(y) > 0).all()
    assert y[-1] == pytest.approx(1.0)
    np.testing.assert_allclose(pressed(x[x <= 1], 1.0), x[x <= 1])


@pytest.mark.parametrize(("transfer", "primaries"), [(HLG, 9), (PQ, 9), (1, 9), (13, 12)])
def test_the_table_is_the_formula(transfer: int, primaries: int) -> None:
    rgb = np.random.default_rng(5).integers(0, 256, (40, 50, 3), dtype=np.uint8)
    table = ToSdr(transfer, primaries, rgb)
    white = 1.0
    if transfer in (HLG, PQ):
        luminance = light(rgb[::4, ::4] / 255.0, transfer) @ np.array([0.2627, 0.6780, 0.0593])
        white = float(np.clip(luminance.mean() / 0.18, 203, 1000))  # the noise holds the brightest white too
    off = np.abs(table(rgb) - 255 * sdr(rgb / 255.0, transfer, primaries, white))
    assert np.percentile(off, 95) < 4
    assert off.mean() < 1.2


def write_hdr(path: Path, frames: list[np.ndarray], transfer: int, white: float) -> Path:
    """Encode SDR pictures as HDR in BT.2020 and 10 bits, SDR's white at ``white`` cd/m² (formulas of BT.2100-2, tables 4, 5)."""
    m2 = np.array([[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]])
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuv420p10le"
        stream.options = {"preset": "ultrafast", "crf": "4", "g": "5"}
        context = stream.codec_context
        context.color_trc, context.color_primaries, context.colorspace, context.color_range = transfer, 9, 9, 1
        for index, rgb in enumerate(frames):
            nits = np.clip((rgb / 255.0) ** 2.4 @ m2.T, 0, 1) * white
            code = np.round(_coded(nits, transfer) * 65535).astype(np.uint16)
            frame = av.VideoFrame.from_ndarray(code, format="rgb48le")
            frame = frame.reformat(format="yuv420p10le", dst_colorspace=9, dst_color_range=1)
            frame.color_trc, frame.color_primaries, frame.colorspace = transfer, 9, 9
            frame.pts, frame.time_base = index, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def _coded(nits: np.ndarray, transfer: int) -> np.ndarray:
    if transfer == PQ:
        y = (nits / 10_000) ** 0.1593017578125
        return ((0.8359375 + 18.8515625 * y) / (1 + 18.6875 * y)) ** 78.84375
    luminance = (nits @ np.array([0.2627, 0.6780, 0.0593]))[..., None] / 1000
    scene = nits / 1000 * np.maximum(luminance, 1e-9) ** (1 / 1.2 - 1)
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    return np.where(scene <= 1 / 12, np.sqrt(3 * scene), a * np.log(np.maximum(12 * scene - b, 1e-9)) + c)


@pytest.mark.parametrize(("transfer", "white"), [(HLG, 1000.0), (HLG, 203.0), (PQ, 203.0), (PQ, 1000.0)])
def test_an_hdr_clip_looks_like_its_sdr_form(transfer: int, white: float, tmp_path: Path) -> None:
    picture = clips.portrait()  # bright, so that its white has to be found in the picture
    picture = np.asarray(Image.fromarray(picture).resize((128, 128)))
    path = write_hdr(tmp_path / "hdr.mp4", [picture] * 3, transfer, white)
    with open_video(path) as reader:
        rgb = next(iter(reader)).rgb
    assert abs(float(rgb.mean()) - float(picture.mean())) < 8
    assert np.abs(rgb.astype(int) - picture).mean() < 12
    write_annotated(tmp_path / "copy.mp4", path, lambda frame: frame.rgb)
    with av.open(str(tmp_path / "copy.mp4")) as container:
        stream = container.streams.video[0]
        context = stream.codec_context
        assert (context.color_trc, context.color_primaries, context.colorspace) == (1, 1, 1)
        assert stream.pix_fmt == "yuv420p"
    with open_video(tmp_path / "copy.mp4") as reader:
        assert abs(float(next(iter(reader)).rgb.mean()) - float(rgb.mean())) < 2


def test_ordinary_clips_go_no_detour(tmp_path: Path) -> None:
    with open_video(clips.write_clip(tmp_path / "sdr.mp4", clips.numbered(2))) as reader:
        list(reader)
        assert reader._to_sdr is None


def test_a_clip_has_the_white_of_its_first_frame_wherever_it_is_read_from(tmp_path: Path) -> None:
    """A dim second, then a bright one, whose own white is four times as bright."""
    bright = np.asarray(Image.fromarray(clips.portrait()).resize((128, 128)))
    path = write_hdr(tmp_path / "hdr.mp4", [bright // 3] * 25 + [bright] * 25, HLG, 1000.0)
    with open_video(path) as reader:
        whole = {frame.index: frame.rgb for frame in reader}
    first, second = cut(path, VideoLimits(), 1, 1.0, 1.0)
    assert (first.first, second.first) == (0, 25)
    for span in (first, second):
        with open_piece(path, VideoLimits(), 1, span) as piece:
            for frame in piece:
                assert np.array_equal(frame.rgb, whole[frame.index]), frame.index
    assert np.array_equal(picture_at(path, VideoLimits(), 40, 40 / 25), whole[40])
    with open_video(path, every=20) as reader:
        assert all(np.array_equal(frame.rgb, whole[frame.index]) for frame in reader)
