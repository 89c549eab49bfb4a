"""Who of those seen in a clip is a person: who was well seen for a while.

Conventions: a frame lasts until the next one, the last one as long as most. So a clip whose frames are unevenly apart, or
share time stamps, is measured in seconds like any other.
"""

import numpy as np

from femo.types import Doubles

SURE_S = 0.2
"""Who was well seen for less is no person: a blur between two shots, a head from behind, a pattern like a face,"""
SURE_CONFIDENCE = 0.9
"""and well seen is what the detector is so sure of: O-Net gives 95 % of frontal faces 0.999 or more."""
TICK_S = 0.001
"""Times may be off by so much: Matroska counts milliseconds."""
ALONE_S = 0.04
"""How long the only frame of a clip lasts."""


def lasts(time_s: Doubles) -> Doubles:
    """Return how long each frame lasts, in seconds (T,)."""
    steps = np.diff(time_s)
    return np.append(steps, np.median(steps) if len(steps) else ALONE_S)


def is_person(sure_s: Doubles, clip_s: float) -> bool:
    """Tell whether somebody was well seen for ``SURE_S``, of a short clip for half of it, give or take half a frame.

    Args:
        sure_s: float64 (n,), how long each frame lasts in which the person was well seen.
        clip_s: How long all frames last.
    """
    if not len(sure_s):
        return False
    # frames d apart show somebody who is there for a time t in t / d of them, to within one
    seconds = float(sure_s.sum() + sure_s.mean() / 2)
    return seconds >= min(SURE_S, clip_s / 2) - TICK_S
