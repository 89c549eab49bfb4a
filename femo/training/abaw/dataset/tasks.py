"""The four ABAW tasks as data: columns, headers, official folder names, and what the paper printed.

Conventions: labels of a frame are float32 columns, NaN where the annotation says "invalid". Published figures are
those of CVPR-W 2022 (Savchenko, Video-based Frame-level Facial Analysis of Affective Behavior on Mobile Devices using
EfficientNets). Its table 6 prints the columns P_EXPR and P_VA interchanged (the notebook of its author shows which is
which); here they are right. Of its row with tuned thresholds the printed total, 1.150, is not the sum of the printed
parts, 1.176, and no source says which of them is the slip: all are kept as printed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from femo.errors import FemoError
from femo.labels import ABAW_AU, ABAW_EXPR, ABAW_EXPR_HEADER, VALENCE_AROUSAL

TaskName = Literal["expr", "va", "au", "mtl"]
Part = Literal["expr", "va", "au"]
Split = Literal["train", "val"]

INVALID_CLASS: Final = -1
INVALID_VA: Final = -5


class AbawError(FemoError):
    """The data folder, a feature cache or a run does not fit the ABAW recipe."""


@dataclass(frozen=True, slots=True)
class Counts:
    """Frames of one split as the paper counts them: with a label and a crop.

    Attributes:
        videos: Annotated videos, None where no source states it.
        used: Frames.
        no_crop: Labelled frames without a crop, None where no source states it.
    """

    videos: int | None
    used: int
    no_crop: int | None


@dataclass(frozen=True, slots=True)
class AbawTask:
    """One task.

    Attributes:
        name: Name on the command line.
        parts: Which of the uni-tasks it holds, in the order of the label columns.
        folders: Beginnings of the official folder names, any edition, lower case.
        header: First line of an annotation file, split.
        test_list: Words that all stand in the name of the official test list.
        leaderboard: Task name of ``python -m leaderboard``.
        table: Which tables of the paper it repeats.
        counts: What the paper counts.
    """

    name: TaskName
    parts: tuple[Part, ...]
    folders: tuple[str, ...]
    header: tuple[str, ...]
    test_list: tuple[str, ...]
    leaderboard: str
    table: str
    counts: Mapping[Split, Counts]


WIDTH: Final[Mapping[Part, int]] = {"expr": 1, "va": 2, "au": len(ABAW_AU)}
"""Label columns of a part."""
OUTPUTS: Final[Mapping[Part, int]] = {"expr": len(ABAW_EXPR), "va": 2, "au": len(ABAW_AU)}
"""Neurons of a part's output layer."""
HEADS: Final[Mapping[Part, str]] = {"expr": "expression", "va": "valence_arousal", "au": "action_units"}
"""Name of the head in a model folder."""

TASKS: Final[Mapping[TaskName, AbawTask]] = {
    "expr": AbawTask(
        name="expr",
        parts=("expr",),
        folders=("expr_",),
        header=ABAW_EXPR_HEADER,
        test_list=("expression", "test"),
        leaderboard="abaw-expr",
        table="1 and 5",
        counts={"train": Counts(248, 585_317, 12_044), "val": Counts(70, 280_532, 3_698)},
    ),
    "va": AbawTask(
        name="va",
        parts=("va",),
        folders=("va_",),
        header=VALENCE_AROUSAL,
        test_list=("valence", "test"),
        leaderboard="abaw-va",
        table="4 and 5",
        counts={"train": Counts(None, 1_555_919, None), "val": Counts(71, 338_755, 5_959)},
    ),
    "au": AbawTask(
        name="au",
        parts=("au",),
        folders=("au_",),
        header=ABAW_AU,
        test_list=("action", "test"),
        leaderboard="abaw-au",
        table="3 and 5",
        counts={"train": Counts(None, 1_356_861, None), "val": Counts(105, 445_836, 9)},
    ),
    "mtl": AbawTask(
        name="mtl",
        parts=("va", "expr", "au"),
        folders=("mtl_", "mtl"),
        header=("image", *VALENCE_AROUSAL, "expression", *ABAW_AU),
        test_list=("mtl", "test"),
        leaderboard="abaw-mtl",
        table="6",
        counts={"train": Counts(None, 142_225, 2_666), "val": Counts(None, 26_876, 211)},
    ),
}


def columns(task: AbawTask) -> dict[Part, slice]:
    """Return where each part's labels stand in a label row."""
    out: dict[Part, slice] = {}
    start = 0
    for part in task.parts:
        out[part] = slice(start, start + WIDTH[part])
        start += WIDTH[part]
    return out


Figures = tuple[float, ...]
PUBLISHED_COLUMNS: Final[Mapping[TaskName, tuple[str, ...]]] = {
    "expr": ("P_EXPR", "accuracy"),
    "va": ("CCC_V", "CCC_A", "P_VA"),
    "au": ("P_AU", "P_AU tuned"),
    "mtl": ("P_MTL", "P_VA", "P_EXPR", "P_AU"),
}
PUBLISHED: Final[Mapping[TaskName, Mapping[str, Mapping[str, Figures]]]] = {
    "expr": {
        "embeddings": {"MobileNet": (0.285, 0.398), "B0": (0.307, 0.428), "B2": (0.305, 0.412)},
        "embeddings, 1 hidden layer": {"MobileNet": (0.338, 0.460), "B0": (0.381, 0.500), "B2": (0.317, 0.435)},
        "scores": {"MobileNet": (0.236, 0.435)},
        "scores, 1 hidden layer": {"MobileNet": (0.286, 0.433)},
    },
    "au": {
        "embeddings": {"MobileNet": (0.473, 0.524), "B0": (0.491, 0.518), "B2": (0.468, 0.503)},
        "embeddings, 1 hidden layer": {"MobileNet": (0.477, 0.529), "B0": (0.508, 0.537), "B2": (0.482, 0.512)},
        "scores": {"MobileNet": (0.432, 0.442)},
        "scores, 1 hidden layer": {"MobileNet": (0.452, 0.487)},
    },
    "va": {
        "embeddings": {
            "MobileNet": (0.303, 0.449, 0.376),
            "B0": (0.309, 0.436, 0.372),
            "B2": (0.377, 0.474, 0.426),
        },
        "scores": {"MobileNet": (0.404, 0.423, 0.413), "B0": (0.429, 0.496, 0.463), "B2": (0.408, 0.477, 0.443)},
    },
    "mtl": {
        "embeddings + scores": {
            "MobileNet": (1.112, 0.358, 0.282, 0.471),
            "B0": (1.123, 0.386, 0.283, 0.455),
            "B2": (1.147, 0.384, 0.302, 0.461),
        },
        "embeddings + scores, 1 hidden layer": {
            "MobileNet": (1.037, 0.321, 0.252, 0.464),
            "B0": (1.121, 0.381, 0.272, 0.469),
            "B2": (1.135, 0.378, 0.298, 0.458),
        },
        "embeddings + scores, tuned thresholds": {"B2": (1.150, 0.384, 0.302, 0.490)},
    },
}
"""Tables 1, 3, 4 and 6, validation set: method -> network -> figures in the order of PUBLISHED_COLUMNS."""
BASELINE: Final[Mapping[TaskName, str]] = {
    "expr": "VGGFACE baseline: P_EXPR 0.23",
    "va": "ResNet-50 baseline: CCC_V 0.31, CCC_A 0.17, P_VA 0.24",
    "au": "VGGFACE baseline: P_AU 0.39",
    "mtl": "VGGFACE baseline: P_MTL 0.30",
}
PUBLISHED_SMOOTHING: Final[Mapping[str, Mapping[Part, float]]] = {
    "none": {"expr": 0.3807, "au": 0.5367, "va": 0.46385},
    "mean:5": {"expr": 0.3914, "au": 0.5447, "va": 0.47535},
    "median:5": {"expr": 0.3888, "au": 0.5430, "va": 0.4713},
    "mean:15": {"expr": 0.4018, "au": 0.5445, "va": 0.4919},
    "median:15": {"expr": 0.3996, "au": 0.5478, "va": 0.48655},
}
"""Table 5, validation set, EfficientNet-B0; P_VA is the mean of the two printed CCCs."""


def network_family(arch: str) -> str | None:
    """Return which network of the paper a timm architecture is: MobileNet, B0, B2 or None."""
    name = arch.lower()
    if "efficientnet_b0" in name:
        return "B0"
    if "efficientnet_b2" in name:
        return "B2"
    return "MobileNet" if name.startswith("mobilenetv1") else None
