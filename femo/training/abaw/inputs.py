"""From an Aff-Wild2 folder and a model folder to clips with features: what training and evaluation share.

Order: find the parts, read annotations, list crops, join them, say what was found, extract what the cache lacks, join
again without the crops that could not be decoded.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from femo.models.config import ModelSpec
from femo.training.abaw.dataset.crops import Video, read_crops
from femo.training.abaw.dataset.layout import find_layout
from femo.training.abaw.dataset.split import AnnotatedClip, Found, counts_table, join_split, listed, media_name
from femo.training.abaw.dataset.tasks import AbawError, AbawTask, Split
from femo.training.abaw.extract import FeatureNetwork, OnExtraction, extract, needed_bytes
from femo.training.abaw.features import FeatureCache, Stored, open_cache, stored_columns
from femo.training.abaw.predictions import test_clips

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Inputs:
    """Where the data is, and how features are kept.

    Attributes:
        data: Aff-Wild2 folder.
        features: Cache folder.
        crops: Folder or zip of crops, None to find it.
        store: What a row holds.
        workers: Processes for the extraction.
    """

    data: Path
    features: Path
    crops: Path | None = None
    store: Stored = "both"
    workers: int = 1


@dataclass(frozen=True, slots=True)
class AbawRun:
    """What training and evaluation work with, and whom they tell.

    Attributes:
        source: Where the data is.
        spec: The model folder whose features are used.
        say: Gets what a person should read while it runs.
        progress: Gets the state of the extraction.
        network: Stands in for the model in tests.
    """

    source: Inputs
    spec: ModelSpec
    say: Say = lambda text: None
    progress: OnExtraction = lambda state: None
    network: FeatureNetwork | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Data:
    """What training and evaluation start from.

    Attributes:
        cache: Features.
        clips: Split to clips, those without crops last.
        test: Clips of the test list, without labels.
        table: Counts in markdown.
        notes: One sentence each.
    """

    cache: FeatureCache
    clips: Mapping[Split, Sequence[AnnotatedClip]]
    test: Sequence[AnnotatedClip]
    table: str
    notes: tuple[str, ...]


def read_data(task: AbawTask, run: AbawRun, splits: Sequence[Split]) -> Data:
    """Read annotations and make the features that are missing.

    Args:
        task: Which annotations.
        run: Where things are, and whom to tell.
        splits: Splits that are needed.

    Raises:
        AbawError: Something is missing, mixed up, or of another model.
    """
    source, spec = run.source, run.spec
    layout = find_layout(source.data, task, source.crops, splits)
    annotations = {split: layout.read(split) for split in splits}
    crops = read_crops(layout.crops)
    clips: dict[Split, list[AnnotatedClip]] = {}
    found: dict[Split, Found] = {}
    for split in splits:
        clips[split], found[split] = join_split(annotations[split], crops, task)
    shared = _shared(clips, source.data)
    test, notes = test_clips(layout, crops) if "train" in splits else ([], [])
    wanted = _wanted([*(clip for split in splits for clip in clips[split]), *test], crops)
    columns = stored_columns(source.store, spec.embedding_dim, _n_scores(spec))
    cache = open_cache(source.features, spec, columns)
    run.say(counts_table(found, task, shared))
    n_crops = sum(len(video.frames) for video in wanted.values())
    run.say(
        f"{n_crops:,} crops, {cache.columns.row_bytes:,} bytes each; {needed_bytes(cache, wanted) / 1e9:.2f} GB more are "
        f"needed in {source.features}"
    )
    extract(cache, wanted, spec, source.workers, run.progress, run.network)
    unreadable = {name: bad for name in wanted if (bad := cache.unreadable(name))}
    for split in splits:
        clips[split], found[split] = join_split(annotations[split], crops, task, unreadable)
    table = counts_table(found, task, shared)
    return Data(cache, clips, test, table, (*layout.notes, *shared, *notes, *_damaged(unreadable)))


def _shared(clips: Mapping[Split, Sequence[AnnotatedClip]], data: Path) -> list[str]:
    """Return a sentence on videos that training and validation both have, other subjects of them; none where none is shared.

    Raises:
        AbawError: A clip is in both: what was learnt by heart would be scored.
    """
    if len(clips) < 2:
        return []
    train, val = ({clip.video for clip in clips[split]} for split in ("train", "val"))
    if twice := sorted(train & val):
        raise AbawError(
            f"{data} has {listed(twice)} annotated for training and for validation; keep each in one of the two"
        )
    both = sorted(set(map(media_name, train)) & set(map(media_name, val)))
    told = "in training and in validation, with other subjects: the scores are not of unseen videos alone"
    return [f"videos {told}: {listed(both)}"] if both else []


def _wanted(clips: Sequence[AnnotatedClip], crops: Mapping[str, Video]) -> dict[str, Video]:
    return {clip.video: crops[clip.video] for clip in clips if clip.video in crops}


def _n_scores(spec: ModelSpec) -> int:
    from femo.networks.heads import AFFECTNET_HEAD

    names = [head.name for head in spec.heads]
    return len(spec.head(AFFECTNET_HEAD if AFFECTNET_HEAD in names else "expression").labels)


def _damaged(unreadable: Mapping[str, Sequence[int]]) -> list[str]:
    n_crops = sum(len(rows) for rows in unreadable.values())
    if not n_crops:
        return []
    return [f"{n_crops} crops cannot be decoded and count as missing, in {', '.join(list(unreadable)[:5])}"]
