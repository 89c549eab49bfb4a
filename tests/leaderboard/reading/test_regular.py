"""What is read by array operations is what the careful reader reads, whatever a line holds."""

from hypothesis import example, given, settings
from hypothesis import strategies as st

from leaderboard.errors import Problems
from leaderboard.reading.cells import LineFormat, parse_line
from leaderboard.reading.rows import RowBuffer, clean, read_rows
from leaderboard.tasks import get_task

CELL = st.one_of(
    st.sampled_from(
        ["0", "1", "7", "8", "-1", "-5", "0.5", "-1.0", "1e-3", ".5", "", " 1 ", "nan", "inf", "--1", "1_0", "1e999", "٣", "Fear",
         "0.1234567890123456789012345678901234567890", "other", "4.0", "1.", "07.00",
         "\u20281", "1\xa0", "\x0c0", "\x1c0", "0\x85", "\u2003", "\x0b1",
         "1\x00"[:1], "+1", "a/b", '"0"', '"1', '0"', '"0" ', '""', '"0""1"',
         '"1,0"', '1"0', "1e00003", "0.1 ", "\t1"]
    ),
    st.floats(-1, 1).map(repr),
)  # fmt: skip


KEY = st.one_of(
    st.sampled_from(
        ["v/00001.jpg", "v/00002.jpg", "w_left/00010.jpg", "v/1.jpg", "v/00001.JPG", "v/00001.png", "v/000001.jpg", "v/00000.jpg",
         " v/00003.jpg", "v/00001", "/00001.jpg", "a/b/00001.jpg", "é/00001.jpg", "\x7f/00001.jpg", "",
         " /00001.jpg", "v /00004.jpg", "v\u2028/00001.jpg", "\u2028v/00001.jpg", "v\xa0/00001.jpg",
         "\x0cv/00001.jpg", "v\x0b/00001.jpg",
         "\x1c", "v\x85/00001.jpg", '"v/00005.jpg"', '"a,b/00001.jpg"', '"v/00001.jpg', 'v"/00001.jpg', "\ufffd/00001.jpg"]
    )
)  # fmt: skip


@settings(max_examples=120)
@example([("v/00001.jpg", ["0", "0"])], "abaw-va", False)
@given(
    st.lists(st.tuples(KEY, st.lists(CELL, min_size=1, max_size=3)), min_size=1, max_size=8),
    st.sampled_from(["abaw-va", "abaw-expr", "abaw-lsd"]),
    st.booleans(),
)
def test_the_fast_reader_reads_what_the_careful_one_does(
    lines: list[tuple[str, list[str]]], name: str, labels: bool
) -> None:
    task = get_task(name)
    layout = LineFormat(task.columns, task.key, labels=labels)
    body = [",".join([key, *cells]) for key, cells in lines]
    careful, expected, n_whole = Problems(), [], 0
    data = clean("\n".join(body).encode())
    for number, line in enumerate(data.decode().split("\n") if data else [], start=2):
        key, values, whole = parse_line(line, layout, "f", number, careful)
        n_whole += whole
        if key is not None:
            expected.append((key, number, values))
    fast, rows = Problems(), RowBuffer(layout)
    read_rows(data, "f", 2, rows, fast)
    keys, numbers, values = rows.stacked()
    found = [
        ((keys.groups[keys.group[row]], int(keys.frame[row])), int(numbers[row]), values[row].tolist())
        for row in range(len(keys))
    ]
    assert found == expected
    if not careful.count:
        assert rows.n_whole == n_whole
    assert (fast.count, fast.first) == (careful.count, careful.first)


@settings(max_examples=60)
@example([["7"], ["0"]], "abaw-expr")
@example([["7"], ["8"]], "abaw-expr")
@example([["1"] * 12, ["0"] * 11 + ["2"]], "abaw-au")
@given(
    st.one_of(
        st.lists(st.lists(CELL, min_size=1, max_size=3), min_size=1, max_size=8),
        st.lists(st.lists(st.sampled_from("0123456789"), min_size=1, max_size=1), min_size=1, max_size=8),
    ),
    st.sampled_from(["abaw-va", "abaw-expr"]),
)
def test_the_grid_reads_what_the_careful_one_does(lines: list[list[str]], name: str) -> None:
    layout = LineFormat(get_task(name).columns)
    data = clean("\n".join(",".join(cells) for cells in lines).encode())
    careful = Problems()
    expected = (
        [parse_line(line, layout, "f", n, careful)[1] for n, line in enumerate(data.decode().split("\n"), 2)]
        if data
        else []
    )
    fast, rows = Problems(), RowBuffer(layout)
    read_rows(data, "f", 2, rows, fast, "video")
    keys, _, values = rows.stacked()
    assert values.tolist() == expected
    assert keys.frame.tolist() == list(range(1, len(expected) + 1))
    assert (fast.count, fast.first) == (careful.count, careful.first)
