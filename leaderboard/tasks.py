"""The tasks, one row of data each, and their sandbox twins.

Conventions: class names stand in the order of their ids. Scores are fractions except MTL (a sum, at most 3) and
UTKFace (years, lower is better). Formats and metrics follow the ABAW papers and data set notes (Kollias et al.;
Savchenko, SISY 2021 and CVPR-W 2022 section 3), EmotiW's submission pages, and the data sets' own files.
"""

from dataclasses import replace
from typing import Final

from leaderboard.errors import UnknownTask
from leaderboard.labels import (
    AFEW,
    AFFECTNET,
    AROUSAL,
    AU_HEADER,
    CE_HEADER,
    COMPOUND,
    ETHNICITIES,
    EXPR_HEADER,
    EXPRESSIONS,
    GENDERS,
    LSD,
    UNIT_COLUMNS,
    VALENCE,
    VGAF,
    class_column,
)
from leaderboard.schema import Column, Task

__all__ = ["TASKS", "UNSERVED", "Task", "get_task", "register"]

_PER_VIDEO = (
    "Either a folder or zip with one txt per video and annotated subject (video.txt, video_left.txt, "
    "video_right.txt): the header line `{header}`, then one line per frame from frame 1; or one txt or CSV with "
    "the header `image_location,{header}` and rows `video/00001.jpg,{values}`. Every frame of every listed video "
    "must be there. "
)

_ROWS: Final = (
    Task(
        name="abaw-expr",
        title="ABAW expression",
        about="Which of eight expressions a face shows in each video frame (Aff-Wild2, validation): macro F1.",
        family="classes",
        metric="f1-macro-fixed8",
        main="macro F1",
        parts=("accuracy",),
        columns=(class_column("expression", EXPRESSIONS),),
        key="frame",
        headers=(f"image_location,{EXPR_HEADER}", "image_location,expression", "image,expression"),
        file_header=EXPR_HEADER,
        folders=("EXPR_Recognition_Challenge", "EXPR_Classification_Challenge"),
        format=_PER_VIDEO.format(header=EXPR_HEADER, values="<class 0-7>"),
    ),
    Task(
        name="abaw-va",
        title="ABAW valence and arousal",
        about="How pleasant and how aroused a face looks in each video frame (Aff-Wild2, validation): mean CCC.",
        family="valence-arousal",
        metric="ccc-pooled-mean",
        main="mean CCC",
        parts=("ccc_valence", "ccc_arousal"),
        columns=(VALENCE, AROUSAL),
        key="frame",
        headers=("image_location,valence,arousal", "image,valence,arousal"),
        file_header="valence,arousal",
        folders=("VA_Estimation_Challenge",),
        format=_PER_VIDEO.format(header="valence,arousal", values="<valence>,<arousal>")
        + "Both are numbers in [-1, 1]; nothing is clipped.",
    ),
    Task(
        name="abaw-au",
        title="ABAW action units",
        about="Which of twelve facial action units are active in each frame (Aff-Wild2, validation): mean F1.",
        family="action-units",
        metric="f1-positive-mean12",
        main="mean F1",
        columns=UNIT_COLUMNS,
        key="frame",
        headers=(f"image_location,{AU_HEADER}", f"image,{AU_HEADER}"),
        file_header=AU_HEADER,
        folders=("AU_Detection_Challenge",),
        format=_PER_VIDEO.format(header=AU_HEADER, values="<twelve 0 or 1>"),
    ),
    Task(
        name="abaw-mtl",
        title="ABAW multi-task",
        about="Valence, arousal, expression and action units of an image at once (s-Aff-Wild2): a sum of scores.",
        family="multi-task",
        metric="mtl-sum",
        main="P_VA + P_EXPR + P_AU",
        parts=("p_va", "p_expr", "p_au"),
        columns=(VALENCE, AROUSAL, class_column("expression", EXPRESSIONS), *UNIT_COLUMNS),
        key="frame",
        headers=("image,valence,arousal,expression,aus", f"image,valence,arousal,expression,{AU_HEADER}"),
        folders=("MTL_Challenge/validation_set.txt", "MTL_Challenge/validation_set_annotations.txt"),
        format="One txt or CSV: the header `image,valence,arousal,expression,aus`, then 16 values a row: "
        "`video/00001.jpg,<valence>,<arousal>,<class 0-7>,<twelve 0 or 1>`.",
    ),
    Task(
        name="abaw-ce",
        title="ABAW compound expression",
        about="Which of seven compound expressions a face shows in each video frame (C-EXPR-DB): macro F1.",
        family="classes",
        metric="f1-macro-fixed7",
        main="macro F1",
        parts=("accuracy",),
        columns=(class_column("expression", COMPOUND),),
        key="frame",
        headers=(f"image_location,{CE_HEADER}", "image_location,expression", "image,expression"),
        file_header=CE_HEADER,
        folders=("CE_Recognition_Challenge", "Compound_Expression_Challenge"),
        split="test",
        fill="edge-1",
        format=_PER_VIDEO.format(header=CE_HEADER, values="<class 0-6>")
        + "Decoders disagree by one frame here: a video one frame short repeats its last prediction, one frame "
        "long drops it, and the score says so.",
    ),
    Task(
        name="abaw-lsd",
        title="ABAW learning from synthetic data",
        about="Which of six expressions a face shows, for networks that learnt from synthetic faces: macro F1.",
        family="classes",
        metric="f1-macro-fixed6",
        main="macro F1",
        parts=("accuracy",),
        columns=(class_column("expression", LSD, aliases=(("angrer", 0),)),),
        key="image",
        headers=("image,expression",),
        folders=("LSD_Challenge",),
        format="One txt or CSV: the header `image,expression`, then rows `0.jpg,<class 0-5>`.",
    ),
    Task(
        name="afew",
        title="AFEW",
        about="Which of seven emotions a film clip shows (EmotiW, validation, 383 clips): accuracy.",
        family="accuracy",
        metric="accuracy",
        main="accuracy",
        columns=(class_column("emotion", AFEW, aliases=(("anger", 0), ("happiness", 3), ("sadness", 5))),),
        key="clip",
        headers=("clip,emotion", "video,emotion"),
        folders=("AFEW", "Val_AFEW"),
        format="Either a zip or folder, one txt per clip, named after the clip (`011145880.txt`) and holding one "
        "word: Angry, Disgust, Fear, Happy, Neutral, Sad or Surprise; or a CSV with the header `clip,emotion`.",
    ),
    Task(
        name="vgaf",
        title="VGAF",
        about="Whether the mood of a group in a clip is positive, neutral or negative (EmotiW 2020, validation).",
        family="accuracy",
        metric="accuracy",
        main="accuracy",
        columns=(class_column("emotion", VGAF, low=1),),
        key="clip",
        headers=("clip,emotion", "video,emotion"),
        folders=("VGAF",),
        format="Either a zip or folder with one txt per clip, named after the clip and holding Positive, Neutral "
        "or Negative; or a label file like Val_labels.txt: a header line, then `clip label` with 1 Positive, "
        "2 Neutral, 3 Negative; or one CSV with the header `clip,emotion`.",
    ),
    Task(
        name="affectnet-8",
        title="AffectNet, 8 classes",
        about="Which of eight expressions a photo shows (AffectNet, validation, 4,000 images): accuracy.",
        family="accuracy",
        metric="accuracy",
        main="accuracy",
        columns=(class_column("expression", AFFECTNET),),
        key="image",
        headers=("image,expression",),
        folders=("AffectNet",),
        format="One CSV with the header `image,expression`; ids are AffectNet's own: 0 Neutral, 1 Happiness, "
        "2 Sadness, 3 Surprise, 4 Fear, 5 Disgust, 6 Anger, 7 Contempt; names are accepted too.",
    ),
    Task(
        name="affectnet-7",
        title="AffectNet, 7 classes",
        about="AffectNet without contempt (validation, 3,500 images): accuracy.",
        family="accuracy",
        metric="accuracy",
        main="accuracy",
        columns=(class_column("expression", AFFECTNET[:7]),),
        key="image",
        headers=("image,expression",),
        folders=("AffectNet",),
        format="One CSV with the header `image,expression`; ids are AffectNet's own 0-6, names are accepted too. "
        "Images of contempt may be left out; they never count.",
    ),
    Task(
        name="utkface",
        title="UTKFace",
        about="Age, gender and ethnicity of a face (UTKFace): mean absolute error of age, lower is better.",
        family="faces",
        metric="age-mae",
        main="age MAE (years)",
        parts=("gender_accuracy", "ethnicity_accuracy", "age_cs5"),
        columns=(
            Column("age", "real", 0, 120),
            class_column("gender", GENDERS),
            class_column("ethnicity", ETHNICITIES, aliases=(("others", 4),)),
        ),
        key="image",
        headers=("image,age,gender,ethnicity", "image,age,gender,race"),
        folders=("UTKFace",),
        split="all",
        higher_is_better=False,
        precision=2,
        hidden=False,
        format="One CSV with the header `image,age,gender,ethnicity`: age in years (a number), gender 0 male or "
        "1 female, ethnicity 0 White, 1 Black, 2 Asian, 3 Indian, 4 Other; names are accepted too.",
    ),
    Task(
        name="lfw",
        title="LFW rank-1",
        about="Face identification, one gallery photo for each of 596 people: rank-1 accuracy; published only.",
        family="published",
        metric="rank1-accuracy",
        main="rank-1 accuracy",
        columns=(),
        key="image",
        headers=(),
        split="10 random splits",
        hidden=False,
        format="This task shows published results only.",
    ),
)


def _sandbox(task: Task) -> Task:
    """Return the twin whose labels are synthetic but handled as hidden ones are."""
    return replace(
        task,
        name=f"sandbox-{task.name}",
        title=f"Sandbox: {task.title}",
        about=f"Made-up labels to try submitting with. {task.about}",
        split="sandbox",
        hidden=True,
    )


TASKS: Final = {task.name: task for task in (*_ROWS, *(_sandbox(task) for task in _ROWS if task.columns))}
"""Every task by its name, real ones first. Challenges are added at start, before anything is served."""


UNSERVED: Final[dict[str, str]] = {}
"""Why a challenge cannot be served, by its name."""


def register(*tasks: Task) -> None:
    """Serve an organiser's challenge, with all its phases or none of them, beside the built-in tasks.

    Raises:
        UnknownTask: A built-in task has one of the names.
    """
    for task in tasks:
        if TASKS.get(task.name, task).labels is None:
            raise UnknownTask(f"a task is called {task.name} already")
    TASKS.update({task.name: task for task in tasks})


def get_task(name: str) -> Task:
    """Return the task called ``name``.

    Raises:
        UnknownTask: No such task; the message lists the names, or says why the challenge of this name is not served.
    """
    if name not in TASKS:
        for challenge, why in UNSERVED.items():
            if name == challenge or name.startswith(f"{challenge}-"):
                raise UnknownTask(f"the challenge {challenge} is not served: {why}")
        raise UnknownTask(f"no task is called {name!r}; the tasks are {', '.join(TASKS)}")
    return TASKS[name]
