"""The four endpoints through gradio_client on a running gr.Blocks: JSON in and out, and nothing that leaks."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fastapi
import gradio as gr
import pytest
from gradio_client import Client, handle_file

from leaderboard.errors import LeaderboardError
from leaderboard.opening import open_board
from leaderboard.page.api import BoardApi, NotSignedIn, one_sentence, owner, owns, submitter, uploaded
from leaderboard.page.events import BoardEvents
from leaderboard.page.layout import BADGES, BoardLayout
from leaderboard.page.tab import build_tab
from leaderboard.store.details import Details
from leaderboard.store.entries import NotOwner
from leaderboard.store.users import local_user
from leaderboard.tasks import TASKS
from tests.loopback import free_port

TASK = "sandbox-afew"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("board")


@pytest.fixture(scope="module")
def client(folder: Path) -> Iterator[Client]:
    before = os.environ.get("GRADIO_TEMP_DIR")
    os.environ["GRADIO_TEMP_DIR"] = str(folder / "uploads")
    with gr.Blocks(analytics_enabled=False) as demo, gr.Tab("Leaderboard"):
        build_tab(open_board({"FEMO_STORE": str(folder / "store")}))
    _, address, _ = demo.launch(
        prevent_thread_lock=True, quiet=True, ssr_mode=False, server_name="127.0.0.1", server_port=free_port()
    )
    client = Client(address, verbose=False, download_files=str(folder / "downloads"), httpx_kwargs={"timeout": 60})
    try:
        yield client
    finally:
        client.close()
        demo.close()
        if before is None:
            del os.environ["GRADIO_TEMP_DIR"]
        else:
            os.environ["GRADIO_TEMP_DIR"] = before


def predictions(folder: Path, name: str, emotion: str) -> Path:
    """Return a sandbox file that answers the same for every clip."""
    path = folder / f"{name}.csv"
    board = open_board({"FEMO_STORE": str(folder / "store")})
    header, *rows = board.template(TASKS[TASK]).splitlines()
    path.write_text("\n".join([header, *(f"{row.split(',')[0]},{emotion}" for row in rows)]) + "\n")
    return path


def ask(client: Client, api: str, **values: Any) -> dict[str, Any]:
    answer = client.predict(api_name=f"/{api}", **values)
    assert isinstance(answer, dict)
    return answer


def test_the_four_endpoints_and_no_other_are_public(client: Client) -> None:
    named = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    assert set(named) == {"/leaderboard", "/validate_submission", "/submit_predictions", "/compare_submissions"}
    asked = [parameter["parameter_name"] for parameter in named["/submit_predictions"]["parameters"]]
    assert asked == ["task", "file", "system", "team", "links", "note", "private"], (
        "no field may set the submitter"
    )


def test_the_table(client: Client) -> None:
    answer = ask(client, "leaderboard", task="vgaf", group="val · faces-only")
    assert (answer["task"], answer["main"], answer["signature"]) == ("vgaf", "accuracy", None)
    assert [row["main"] for row in answer["rows"]][:2] == [0.7112, 0.7031]
    assert {row["subset"] for row in answer["rows"]} == {"faces-only"}
    assert answer["rows"][0]["rank"] == [1, 6]


def test_unknown_names_are_an_answer(client: Client) -> None:
    answer = ask(client, "leaderboard", task="imagenet")
    assert "no task is called 'imagenet'" in answer["error"]
    assert "no group is called" in ask(client, "leaderboard", task="vgaf", group="x")["error"]


def test_submit_compare_and_see_the_rows(client: Client, folder: Path) -> None:
    happy, sad = predictions(folder, "happy", "Happy"), predictions(folder, "sad", "Sad")
    valid = ask(client, "validate_submission", task=TASK, file=handle_file(happy))
    assert valid == {"task": TASK, "valid": True, "n_rows": 60, "keys_checked": True, "notes": []}
    first = ask(client, "submit_predictions", task=TASK, file=handle_file(happy), system="<b>happy</b>")
    second = ask(
        client, "submit_predictions", task=TASK, file=handle_file(sad), system="sad", links="https://example.org"
    )
    score = first["score"]
    assert score["signature"].startswith("sandbox-afew|sandbox|ref:")
    assert score["interval"][0] <= score["main"] <= score["interval"][1]
    assert (score["confusion"], score["per_class"], score["per_video"]) == (None, [], [])
    rows = ask(client, "leaderboard", task=TASK)["rows"]
    assert {row["system"]: row["main"] for row in rows} == {
        "<b>happy</b>": score["main"],
        "sad": second["score"]["main"],
    }
    assert {row["user"] for row in rows} == {local_user()}
    assert next(row["links"] for row in rows if row["system"] == "sad") == ["https://example.org"]
    result = ask(client, "compare_submissions", first=first["entry"], second=second["entry"])
    assert result["difference"] == pytest.approx(score["main"] - second["score"]["main"], abs=1e-9)
    assert 0 <= result["p_first_better"] <= 1
    again = ask(client, "submit_predictions", task=TASK, file=handle_file(happy), system="again")
    assert "this very file is on the board already" in again["error"]


def test_a_refusal_lists_every_problem(client: Client, folder: Path) -> None:
    path = predictions(folder, "bad", "Bored")
    answer = ask(client, "submit_predictions", task=TASK, file=handle_file(path), system="bad")
    assert answer["n_problems"] == 60
    assert len(answer["problems"]) == 20
    assert answer["problems"][0]["line"] == 2
    assert answer["problems"][0]["found"] == "'Bored'"
    assert all(row["system"] != "bad" for row in ask(client, "leaderboard", task=TASK)["rows"])


def test_a_task_without_labels_says_what_a_visitor_can_do(client: Client, folder: Path) -> None:
    path = folder / "real.csv"
    path.write_text("clip,emotion\n000000001,Happy\n")
    valid = ask(client, "validate_submission", task="afew", file=handle_file(path))
    assert (valid["valid"], valid["keys_checked"]) == (True, False)
    answer = ask(client, "submit_predictions", task="afew", file=handle_file(path), system="x")
    assert "FEMO_REFERENCE" not in answer["error"]
    assert "score yours on your own machine" in answer["error"]


def test_a_path_on_the_server_is_not_read(client: Client, folder: Path) -> None:
    """A caller may write any path into the request, such as that of the labels."""
    secret = folder / "secret.csv"
    secret.write_text("clip,emotion\n")
    for payload in ({"path": str(secret)}, {"path": "/etc/passwd"}, {"path": ""}, {}):
        with pytest.raises(LeaderboardError, match="upload"):
            uploaded(payload)


def test_an_upload_that_was_deleted_meanwhile_is_to_be_sent_again(client: Client, folder: Path) -> None:
    """Uploads go within the hour, and the page or a script may hold the path of one for longer."""
    swept = Path(os.environ["GRADIO_TEMP_DIR"]) / "ab" / "mine.csv"
    with pytest.raises(LeaderboardError, match=r"^mine\.csv does not exist any more: upload it again$"):
        uploaded({"path": str(swept)})
    with pytest.raises(LeaderboardError, match=r"^x{300} does not exist any more: upload it again$"):
        uploaded({"path": str(swept.with_name("x" * 300))})
    answer = ask(client, "validate_submission", task=TASK, file={"path": str(swept)})
    assert answer["error"] == "mine.csv does not exist any more: upload it again"


def test_labels_and_submissions_have_no_address(client: Client, folder: Path) -> None:
    """Gradio serves files of the working folder's cache only; the store and the sandbox labels are in neither."""
    import httpx

    predictions(folder, "x", "Sad")
    stored = next(path for path in (folder / "store" / "files").rglob("*") if path.is_file())
    labels = Path(open_board.__code__.co_filename).parent / "sandbox" / "afew.csv"
    assert labels.is_file()
    for path in (stored, folder / "store" / "board.sqlite", labels):
        assert httpx.get(f"{client.src.rstrip('/')}/gradio_api/file={path}", timeout=60).status_code in (403, 404)


def test_a_named_problem_is_shown_as_text() -> None:
    with pytest.raises(gr.Error) as shown, one_sentence():
        raise LeaderboardError("<b>labels</b> cannot be read")
    assert shown.value.message == "&lt;b&gt;labels&lt;/b&gt; cannot be read"


def test_a_visitor_of_a_space_must_sign_in(monkeypatch: pytest.MonkeyPatch) -> None:
    assert submitter(None) == local_user()
    monkeypatch.setenv("SPACE_ID", "someone/femo")
    with pytest.raises(NotSignedIn, match="sign in"):
        submitter(None)
    profile = gr.OAuthProfile({"name": "Ada", "preferred_username": "ada", "profile": "", "picture": ""})
    assert submitter(profile) == "ada"


def visitor(host: str, **headers: str) -> gr.Request:
    scope = {
        "type": "http",
        "client": (host, 1),
        "headers": [(k.encode(), v.encode()) for k, v in headers.items()],
    }
    return gr.Request(request=fastapi.Request(scope))


def test_who_sits_at_the_computer_owns_its_entries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FEMO_HOST", raising=False)
    assert owner(None, visitor("127.0.0.1")) == local_user()
    assert owner(None, visitor("::1")) == local_user()


ELSEWHERE = pytest.mark.parametrize(
    ("request_", "host"),
    [
        (visitor("192.0.2.7"), ""),
        (visitor("127.0.0.1", **{"x-forwarded-for": "192.0.2.7"}), ""),
        (visitor("127.0.0.1", via="1.1 proxy"), ""),
        (visitor("127.0.0.1"), "faces.example.org"),
    ],
)


@ELSEWHERE
def test_a_visitor_from_elsewhere_owns_nothing(
    request_: gr.Request, host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Away from a Space all visitors are one user, so each would be the owner of every entry."""
    monkeypatch.delenv("SPACE_ID", raising=False)
    monkeypatch.setenv("FEMO_HOST", host)
    with pytest.raises(NotOwner, match=r"python -m leaderboard .*publish TASK ID, withdraw TASK ID"):
        owner(None, request_)
    assert not owns(None, request_)
    assert not owns(None, None)


@ELSEWHERE
def test_a_visitor_from_elsewhere_learns_and_changes_nothing_of_private_entries(
    request_: gr.Request, host: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The attack: who visits a page that runs on another's computer plays its owner with every handler that there is."""
    monkeypatch.delenv("SPACE_ID", raising=False)
    monkeypatch.setenv("FEMO_HOST", host)
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path))
    board = open_board({"FEMO_STORE": str(tmp_path / "store")})
    task, files = TASKS[TASK], [predictions(tmp_path, emotion, emotion) for emotion in ("Sad", "Happy", "Fear")]
    secret = board.submit(task, files[0], local_user(), Details("secret net"), private=True)
    public = board.submit(task, files[1], local_user(), Details("public net"))
    with gr.Blocks(analytics_enabled=False), gr.Tab("Leaderboard"):
        events = BoardEvents(board, BoardLayout())
    api = BoardApi(board)

    for answer in (events.withdraw_entry(secret.id, request_, None), events.publish_entry(secret.id, request_, None),
                   events.withdraw_entry(public.id, request_, None)):  # fmt: skip
        assert "all visitors of this page are one user" in answer
    assert [entry.state for entry in board.mine(task, local_user())] == ["private", "re-scored here"]

    assert "secret net" not in str(events.views.open_task(TASK, list(BADGES), request_, None))
    assert "no submitted file" in events.compare_two(TASK, secret.id, public.id, request_, None)
    compared = api.compare_submissions(secret.id, public.id, None, request_)
    assert "has no submitted file on the board" in compared["error"]
    kept = api.submit_predictions(TASK, {"path": str(files[2])}, "mine", private=True, request=request_)
    assert "private entries are kept" in kept["error"]
    shown = api.submit_predictions(TASK, {"path": str(files[2])}, "theirs", request=request_)
    assert len(shown["entry"]) == 32, "whoever visits may submit for all to see"


def test_the_owner_publishes_and_withdraws_on_the_page(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("FEMO_HOST", raising=False)
    board, here = open_board({"FEMO_STORE": str(tmp_path / "store")}), visitor("127.0.0.1")
    with gr.Blocks(analytics_enabled=False), gr.Tab("Leaderboard"):
        events = BoardEvents(board, BoardLayout())
    path = predictions(tmp_path, "sad", "Sad")
    entry = board.submit(TASKS[TASK], path, local_user(), Details("secret net"), private=True)
    assert "secret net" in str(events.views.open_task(TASK, list(BADGES), here, None))
    assert "Published" in events.publish_entry(entry.id, here, None)
    assert [row.system for row in board.rows(TASKS[TASK])] == ["secret net"]
    assert "Withdrawn" in events.withdraw_entry(entry.id, here, None)
    assert board.rows(TASKS[TASK]) == []


@pytest.mark.parametrize(
    "link", ["https://arxiv.org@example.net/abs/1", "https://user:word@example.org", "https://@example.org/"]
)
def test_a_link_that_hides_where_it_leads_is_refused(client: Client, folder: Path, link: str) -> None:
    file = handle_file(predictions(folder, "links", "Neutral"))
    answer = ask(client, "submit_predictions", task=TASK, file=file, system="links", links=link)
    assert "must not hold a user name" in answer["error"]
