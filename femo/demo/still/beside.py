"""The card of two models side by side: one photo as both read it, face by face, and where they differ."""

from femo import PhotoResult
from femo.demo.events import mixes
from femo.demo.markup import render
from femo.output.figures import beside


def beside_card(first: PhotoResult, second: PhotoResult, row: int) -> str:
    """Return the card; the faces in a table, and one of them in full.

    Args:
        first: As the tab's model reads the photo.
        second: As the other reads it.
        row: Which face is shown in full, from 0.

    Raises:
        FemoError: The two are not of the same faces.
    """
    table = beside.beside_table(first, second)
    return render(
        "beside",
        names=(first.model, second.model),
        said=beside.agreement(first, second),
        mixes=mixes(first, second),
        rows=list(table.itertuples(index=False, name=None)),
        number=row + 1,
        expressions=beside.expressions(first, second, row),
        measures=beside.measures(first, second, row),
        attributes=beside.attributes(first, second, row),
    )


def waiting_card(first: str, second: str) -> str:
    """Return the card while the second model still reads."""
    return render("beside_waiting", names=(first, second))
