"""``femo evaluate``: score a model folder on a labelled data set, with 95 % intervals."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from femo.cli.options import Model, PriorOption
from femo.cli.output import STDOUT, named_files, write_json
from femo.output.names import refuse_inputs

if TYPE_CHECKING:
    from femo.pipeline import Pipeline


def evaluate(
    ferplus: Annotated[Path | None, typer.Option(metavar="FILE.npz", help="FER+ partition.")] = None,
    utkface: Annotated[Path | None, typer.Option(metavar="FILE.zip", help="UTKFace zip or folder.")] = None,
    abaw: Annotated[Path | None, typer.Option(metavar="DIR", help="Aff-Wild2, validation set.")] = None,
    afew: Annotated[Path | None, typer.Option(metavar="DIR", help="AFEW, validation clips.")] = None,
    vgaf: Annotated[Path | None, typer.Option(metavar="DIR", help="VGAF, validation clips.")] = None,
    lfw: Annotated[Path | None, typer.Option(metavar="DIR", help="LFW, a folder per person.")] = None,
    photos: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Photos of your own: a folder per expression, or a CSV with path and expression."
        ),
    ] = None,
    drawn: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Drawn faces: random_face/data of the package random-face.")
    ] = None,
    model: Model = None,
    json: Annotated[
        str | None, typer.Option("--json", metavar="OUT", help="Write JSON here; - is stdout.")
    ] = None,
    features: Annotated[Path | None, typer.Option(help="With --abaw: feature cache.")] = None,
    crops: Annotated[Path | None, typer.Option(help="With --abaw: folder or zip of cropped faces.")] = None,
    workers: Annotated[int, typer.Option(help="With --abaw: processes that extract features.")] = 2,
    prior: PriorOption = None,
    stress: Annotated[bool, typer.Option("--stress", help="With --ferplus: worse and worse pictures.")] = False,
    cut_out: Annotated[
        bool, typer.Option("--cut-out", help="With --photos: each is a face that is cut out already.")
    ] = False,
) -> None:
    """Score a model on a labelled data set, with 95 % intervals."""
    sets = {"ferplus": ferplus, "utkface": utkface, "abaw": abaw, "afew": afew, "vgaf": vgaf, "lfw": lfw}
    sets |= {"photos": photos, "drawn": drawn}
    given = {name: path for name, path in sets.items() if path is not None}
    if len(given) != 1:
        raise typer.BadParameter("name exactly one data set, such as --ferplus FILE.npz")
    [(name, path)] = given.items()
    refuse_inputs(named_files([json]), [source for source in (path, crops) if source is not None])
    if prior is not None and name not in ("ferplus", "utkface", "lfw", "photos", "drawn"):
        raise typer.BadParameter(
            "--prior belongs to --ferplus, --utkface, --lfw, --photos and --drawn: the others read natural expressions"
        )
    for option, chosen, owner in (("--stress", stress, "ferplus"), ("--cut-out", cut_out, "photos")):
        if chosen and name != owner:
            raise typer.BadParameter(f"{option} belongs to --{owner}")
    if name == "abaw":
        from femo.cli.train_abaw import evaluate_abaw

        tables = json != STDOUT
        report = evaluate_abaw(path, model=model, features=features, crops=crops, workers=workers, tables=tables)
    else:
        report = _report("stress" if stress else "cut_out" if cut_out else name, path, model, prior)
    if json is not None:
        write_json(json, report)
    if json != STDOUT and name != "abaw":
        _print(report)


def _report(name: str, path: Path, model: str | None, prior: str | None) -> dict[str, Any]:
    """Run one protocol; heavy imports happen here."""
    if name in ("afew", "vgaf"):
        from femo.cli.train_clips import evaluate_clips

        return evaluate_clips(name, path, model)
    from functools import partial

    from femo.pipeline import load
    from femo.training.faces import evaluate as evaluate_faces
    from femo.training.faces import lfw
    from femo.training.faces import stress as worse

    protocols: dict[str, Callable[..., dict[str, Any]]] = {
        "ferplus": evaluate_faces.evaluate_ferplus,
        "utkface": _evaluate_utkface,
        "lfw": lfw.evaluate_lfw,
        "stress": worse.evaluate_stress,
        "photos": _evaluate_photos,
        "drawn": _evaluate_drawn,
        "cut_out": partial(_evaluate_photos, cut_out=True),
    }
    pipeline = load(model, prior=prior)
    return {**protocols[name](pipeline, path), "prior": pipeline.decision.default}


def _evaluate_utkface(pipeline: "Pipeline", path: Path) -> dict[str, Any]:
    """What the set's labels say, what viewers saw in pictures made of its faces, and what coders and raters saw in some of it."""
    from femo.training.faces.evaluate import evaluate_utkface
    from femo.training.faces.utkface import read_named
    from femo.training.look.evaluate import evaluate_coded, names_coded
    from femo.training.posed.evaluate import evaluate_posed, made_again
    from femo.training.posed.viewers import names_seen

    report = evaluate_utkface(pipeline, path)
    report |= evaluate_posed(pipeline, made_again(read_named(path, names_seen("held_out"))))
    return report | evaluate_coded(pipeline, read_named(path, names_coded()))


def _evaluate_photos(pipeline: "Pipeline", path: Path, cut_out: bool = False) -> dict[str, Any]:
    from femo.training.labelled import evaluate_labelled

    with _bar("photos") as report:
        return evaluate_labelled(pipeline, path, cut_out=cut_out, report=report)


def _evaluate_drawn(pipeline: "Pipeline", path: Path) -> dict[str, Any]:
    """What viewers saw in the faces, and what coders and raters saw in some of them."""
    from femo.training.generated.evaluate import draw_held_out, evaluate_drawn
    from femo.training.generated.generator import Generator
    from femo.training.look.card import LEAST_SHOWN
    from femo.training.look.drawn import DRAWN_CODES, DRAWN_RATINGS
    from femo.training.look.evaluate import evaluate_coded

    with _bar("faces drawn") as report:
        drawn = draw_held_out(Generator(path), report)
    photos = {face.name: picture for face, picture in drawn}
    coded = evaluate_coded(pipeline, photos, DRAWN_CODES, DRAWN_RATINGS, LEAST_SHOWN)
    return evaluate_drawn(pipeline, drawn) | coded


@contextmanager
def _bar(what: str) -> Iterator[Callable[[int, int], None]]:
    """What takes minutes shows on a terminal how many are done, and of how many."""
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda n, of: bar.update(task, completed=n, total=of)


def _print(report: dict[str, Any]) -> None:
    for name, rows in report.get("stress", {}).items():
        for row in rows:
            typer.echo(f"{name + ', ' + row['strength']:46} {row['accuracy']['value']:.4f}")
    classes = {f"recall, {label}": entry for label, entry in report.get("per_class", {}).items()}
    for key, entry in {**report, **classes}.items():
        if isinstance(entry, dict) and entry.get("interval"):
            low, high = entry["interval"]
            typer.echo(f"{key:24} {entry['value']:.4f}  (95 %: {low:.4f} - {high:.4f}, N {entry['n']})")
        elif isinstance(entry, dict) and "mean" in entry:
            typer.echo(f"{key:24} {entry['mean']:.4f} ± {entry['std']:.4f}  ({entry['n_splits']} splits)")
    n_seen = report.get("n_coded", 0) - report.get("n_coded_left_out", 0)
    for unit, found in report.get("coded_units", {}).items():
        typer.echo(
            f"{unit:24} AUC {found['auc']:.3f}, F1 {found['f1']:.3f}  (N {n_seen}, {found['faces']} show it)"
        )
    for name, found in report.get("coded_affect", {}).items():
        typer.echo(f"{name:24} CCC {found['ccc']:.3f}, r {found['r']:.3f}")
    if report.get("n_without_face"):
        typer.echo(f"{report['n_without_face']} photos without a face count as errors")
    if left_out := report.get("unreadable"):
        files = f"{len(left_out)} file{'s' * (len(left_out) > 1)}"
        typer.echo(f"{files} left out that cannot be read, the first: {left_out[0]}")
