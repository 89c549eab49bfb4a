"""The user of this computer, and what stands for one where there is none."""

import getpass

import pytest

from leaderboard.store.users import local_user


def test_the_user_is_who_runs_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "ada lovelace")
    assert local_user() == "ada lovelace"


@pytest.mark.parametrize(
    "problem", [KeyError("uid not found: 1000"), OSError("no user database"), ImportError("pwd")]
)
def test_a_container_without_a_user_database_has_a_user_too(
    problem: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown() -> str:
        raise problem

    monkeypatch.setattr(getpass, "getuser", unknown)
    assert local_user() == "local user"
