"""What augmentation does to pictures in which it can be read off."""

from dataclasses import replace

import pytest
import torch

from femo.training.faces.augment import EYES, MOUTH, Augmentation, augment, degrade, erase, frames, recolour, warp

STILL = Augmentation(
    keep_whole=0,
    jitter=0,
    rotation_deg=0,
    tilted=0,
    grey=0,
    tint=0,
    shade=0,
    noise=0,
    erase=0,
    cover=0,
    small=0,
    soft=0,
    jpeg=0,
)
NOWHERE = torch.full((1, 4), torch.nan)


def test_still_augmentation_mirrors_or_keeps() -> None:
    image = torch.rand(1, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    seen = set()
    for seed in range(8):
        how = STILL
        out = augment(image, NOWHERE, 16, how, torch.Generator().manual_seed(seed))
        kept, mirrored = (float((_levels(out) - _levels(ref)).abs().mean()) for ref in (image, image.flip(-1)))
        seen.add("kept" if kept < mirrored else "mirrored")
        assert min(kept, mirrored) < 0.05
    assert seen == {"kept", "mirrored"}


def _levels(images: torch.Tensor) -> torch.Tensor:
    """Ranks of the pixels, which brightness, contrast and gamma leave alone."""
    flat = images.mean(dim=1).flatten()
    return flat.argsort().argsort().float().view(1, 16, 16) / len(flat)


def test_half_of_the_pictures_are_cut_by_their_box() -> None:
    """A white square in the lower right quarter: cut by its box it fills the crop, shown whole a quarter of it."""
    image = torch.zeros(1, 1, 32, 32)
    image[:, :, 16:, 16:] = 1
    box = torch.tensor([[0.5, 0.5, 1.0, 1.0]])
    levels = [
        float(warp(image, box, 32, replace(STILL, keep_whole=0.5), torch.Generator().manual_seed(seed)).mean())
        for seed in range(40)
    ]
    assert {round(level, 1) for level in levels} <= {1.0, 0.2, 0.3}
    assert 8 <= sum(level > 0.9 for level in levels) <= 32


def test_small_pictures_lose_what_is_finer_than_their_pixels() -> None:
    fine = torch.zeros(1, 3, 64, 64)
    fine[..., ::2] = 1
    how = replace(STILL, small=1.0, smallest_px=8)
    deviations = [float(degrade(fine, how, torch.Generator().manual_seed(seed)).std()) for seed in range(6)]
    assert float(fine.std()) == pytest.approx(0.5, abs=0.01)
    assert max(deviations) < 0.35


def test_weaker_damage_leaves_place_roll_and_mirror() -> None:
    weak = Augmentation().weakened(0.5)
    assert (weak.noise, weak.jpeg, weak.tint, weak.tilted) == (0.075, 0.175, 0.25, 0.1)
    assert (weak.keep_whole, weak.jitter, weak.rotation_deg, weak.grey) == (0.5, 0.06, 6.0, 0.3)


def test_without_jitter_the_cut_is_the_box_or_the_whole() -> None:
    boxes = torch.tensor([[0.5, 0.25, 1.0, 0.75], [torch.nan] * 4])
    cut = frames(boxes, STILL, torch.Generator().manual_seed(0))
    torch.testing.assert_close(cut, torch.tensor([[0.75, 0.5, 0.5, 0.5], [0.5, 0.5, 1.0, 1.0]]))


def test_jitter_moves_and_scales_within_its_measure() -> None:
    """Sides vary by the common and half of their own deviation, the centre by half: sqrt(1.25) and .5 times the jitter."""
    cut = frames(torch.full((20_000, 4), torch.nan), replace(STILL, jitter=0.06), torch.Generator().manual_seed(0))
    assert float(cut[:, 2].log().std()) == pytest.approx(0.06 * 1.25**0.5, rel=0.03)
    assert float(cut[:, 0].std()) == pytest.approx(0.03, rel=0.03)


def test_a_grey_picture_has_one_value_in_all_channels() -> None:
    image = torch.zeros(1, 3, 8, 8)
    image[:, 0] = 0.8
    grey = recolour(image, replace(STILL, grey=1.0), torch.Generator().manual_seed(0))
    assert float((grey[:, 0] - grey[:, 1]).abs().max()) == pytest.approx(0, abs=1e-6)
    colour = recolour(image, STILL, torch.Generator().manual_seed(0))
    assert float((colour[:, 0] - colour[:, 1]).min()) > 0.2


def test_a_shadow_darkens_one_side_by_a_third_to_three_quarters() -> None:
    flat = torch.full((40, 3, 32, 32), 0.5)
    shaded = recolour(flat, replace(STILL, shade=1.0), torch.Generator().manual_seed(0))
    ratio = shaded.amin(dim=(1, 2, 3)) / shaded.amax(dim=(1, 2, 3))
    assert 0.24 < float(ratio.min()) < 0.4
    assert 0.6 < float(ratio.max()) < 0.72
    assert float(recolour(flat, STILL, torch.Generator().manual_seed(0))[0].std()) == pytest.approx(0, abs=1e-6)


def test_a_cover_hides_mouth_or_eyes_and_nothing_else() -> None:
    image = torch.rand(30, 3, 50, 50, generator=torch.Generator().manual_seed(1))
    out = erase(image, replace(STILL, cover=1.0), torch.Generator().manual_seed(2))
    changed = (out != image).all(dim=1).all(dim=2)  # whole rows
    untouched = (out == image).all(dim=1).all(dim=2)
    rows = [tuple(torch.nonzero(row).flatten()[[0, -1]].tolist()) for row in changed]
    assert set(rows) == {
        (int(50 * first), int(50 * first) + int(50 * (last - first)) - 1) for first, last in (MOUTH, EYES)
    }
    assert bool((changed | untouched).all())


def test_an_erased_rectangle_covers_at_most_two_fifths_of_each_side() -> None:
    image = torch.rand(50, 3, 100, 100, generator=torch.Generator().manual_seed(1))
    out = erase(image, replace(STILL, erase=1.0), torch.Generator().manual_seed(2))
    gone = (out != image).any(dim=1)
    heights, widths = gone.any(dim=2).sum(dim=1), gone.any(dim=1).sum(dim=1)
    for sides in (heights, widths):
        assert 15 <= int(sides.min()) < 20
        assert 35 < int(sides.max()) <= 40
    torch.testing.assert_close(gone.sum(dim=(1, 2)), heights * widths)


def test_noise_is_of_three_hundredths() -> None:
    flat = torch.full((4, 1, 64, 64), 0.5)
    how = replace(STILL, noise=1.0)
    out = augment(flat, NOWHERE.expand(4, 4), 64, how, torch.Generator().manual_seed(0))
    for picture in out:
        assert float(picture.std()) == pytest.approx(0.03, rel=0.05)
