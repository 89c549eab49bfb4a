"""What the tabs for clips share: run, cancel, clear, nothing found, and files for download.

Conventions: a tab has one running analysis per visitor. Files are made when asked for, in a folder that is gone once Gradio
has copied them into its cache, which is swept (``server.cache``).
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, ClassVar, Final, Generic, TypeVar

import gradio as gr
from gradio.components import Component

from femo.demo.events import COPIES, FILES, LONG, no_longer_kept, one_sentence, uploaded
from femo.demo.jobs import Job, Jobs, progress_bar, why_nothing
from femo.demo.markup import empty, render
from femo.errors import FemoError
from femo.media.streaming import Cancel, Report

T = TypeVar("T")
Source = TypeVar("Source")
Update = dict[Any, Any]
"""Component -> its new state."""

NOBODY: Final = empty(
    "No face found",
    "Faces must be seen mostly from the front. Small ones are found with a smaller “smallest face”.",
)
SMALLEST: Final = [("quick", 0), ("40 px", 40), ("20 px", 20), ("12 px", 12)]
HIDDEN: Final[dict[str, Any]] = {"api_visibility": "private", "show_progress": "hidden"}
ENCODED: Final = ("mp4",)
"""Kinds of files that take a whole encoding."""
SAVE: Final = """(file) => {
  const link = document.createElement('a');
  link.href = file.url;
  link.download = file.orig_name;
  link.click();
}"""
"""Saves the file that was just made, and not what a button on the page still links to where the page is slow."""


class ClipTab(ABC, Generic[T]):
    """A tab that reads one clip at a time into a ``T``.

    Attributes:
        name: Beginning of the element ids.
        what: Noun for an upload that is missing.
        empty: What the tab says before anything was read.
        unit: What progress counts.
        said: Where messages and progress go; made by the tab itself.
        show: Reads an upload and fills the tab, telling how far it is.
    """

    name: ClassVar[str]
    what: ClassVar[str]
    empty: ClassVar[str]
    unit: ClassVar[str] = "frame"
    said: gr.HTML
    show: Callable[..., Iterator[Update]]

    def __init__(self) -> None:
        self.jobs = Jobs()

    def controls(self) -> None:
        """Build the buttons that start and stop."""
        with gr.Row():
            self.run = gr.Button("Analyse", variant="primary", elem_id=f"{self.name}-run")
            self.cancel = gr.Button("Cancel", elem_id=f"{self.name}-cancel", visible=False)

    def downloads(self, kinds: Mapping[str, tuple[str, str]]) -> None:
        """Build a button per kind of file, and the hidden one that holds the file."""
        with gr.Row(elem_classes="femo-files"):
            self.files = {kind: gr.Button(title, size="sm", min_width=0) for kind, (title, _) in kinds.items()}
        self.file = gr.DownloadButton("Download", elem_id=f"{self.name}-file", elem_classes="femo-hidden")

    def wire_reading(
        self,
        changes: Sequence[Any],
        inputs: Sequence[Component],
        outputs: Sequence[Component],
        example: Any = None,
    ) -> None:
        """Register the reading: ``show`` after any of ``changes`` or the button, and once an ``example`` has been put in.

        What is dropped or changed while an earlier reading waits its turn, or comes to its end, is read after it; a second press
        of the button is none.
        """
        reading: dict[str, Any] = {
            "fn": self.show,
            "inputs": inputs,
            "outputs": outputs,
            "preprocess": False,
            "api_visibility": "private",
            "show_progress": "minimal",  # the place in the line and the time to expect
            "show_progress_on": [self.said],
            **LONG,
        }
        gr.on(changes, **reading, trigger_mode="always_last")
        self.run.click(**reading)
        if example is not None:
            example.then(**reading, trigger_mode="always_last")

    def wire_controls(self, source: Component, outputs: Sequence[Component]) -> None:
        """Register stopping and emptying."""
        self.cancel.click(self.stop, None, None, queue=False, **HIDDEN)
        source.clear(self.clear, None, outputs, queue=False, **HIDDEN)  # type: ignore[attr-defined]

    def wire_downloads(self, inputs: Sequence[Component]) -> None:
        """Register the files; ``inputs`` are what was read and the settings that ``write`` takes."""
        for kind, button in self.files.items():
            button.click(
                partial(self.download, kind),
                inputs,
                self.file,
                api_visibility="private",
                show_progress_on=[button],
                **(COPIES if kind in ENCODED else FILES),
            ).success(None, self.file, None, js=SAVE)

    def follow(
        self, payload: Any, read: Callable[[Path, Report, Cancel], T], request: gr.Request
    ) -> Generator[Update, None, T | None]:
        """Read an upload, telling how far it is; return what was read, or None where the tab says why not."""
        if payload is None:
            yield self.nothing(render("notes", lines=[f"There is no {self.what} yet: drop one in first."]))
            return None
        return (yield from self.follow_job(lambda: uploaded(payload, self.what), read, request))

    def follow_job(
        self,
        door: Callable[[], Source],
        read: Callable[[Source, Report, Cancel], T],
        request: gr.Request,
    ) -> Generator[Update, None, T | None]:
        """Read what ``door`` lets in, telling how far it is; return as ``follow`` does."""
        try:
            source = door()
            job = Job(lambda report, cancel: read(source, report, cancel))
            for progress in self.jobs.follow(str(request.session_hash), job):
                yield {self.said: progress_bar(progress, self.unit)} if progress else self._running()
            return job.result()
        except FemoError as error:
            yield self.nothing(why_nothing(error))
            return None

    def stop(self, request: gr.Request) -> None:
        """Cancel this visitor's analysis."""
        self.jobs.cancel(str(request.session_hash))

    def clear(self, request: gr.Request) -> Update:
        """Cancel this visitor's analysis and empty the tab."""
        self.stop(request)
        return self.nothing(self.empty)

    def download(self, kind: str, reading: T | None, *settings: Any) -> Iterator[Any]:
        """Make one file."""
        if reading is None:
            raise no_longer_kept(self.what)
        with one_sentence(), TemporaryDirectory() as folder:
            yield gr.DownloadButton(value=str(self.write(kind, reading, Path(folder), *settings)))

    def buttons(self, *, running: bool, again: bool = False) -> Update:
        """Show what can be pressed; after a reading it is another one."""
        run = gr.Button("Analyse again" if again else "Analyse", visible=not running)
        return {self.run: run, self.cancel: gr.Button(visible=running)}

    def _running(self) -> Update:
        return self.nothing(progress_bar(None, self.unit)) | self.buttons(running=True)

    @abstractmethod
    def nothing(self, message: str) -> Update:
        """Return the tab without a reading."""

    @abstractmethod
    def write(self, kind: str, reading: T, folder: Path, *settings: Any) -> Path:
        """Write one file of what was read into a folder."""
