"""What grants access is hidden, is no part of what a file is known by, and leaves two files two."""

from itertools import pairwise
from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from femo.media.grants import lasting, shown, spelt_out, without_secrets

ENDINGS = (".mp4", ".png", ".parquet")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://ann:pass@host/a.mp4", "https://…@host/a.mp4"),
        (
            "no https://host/a.mp4?id=3&X-Amz-Signature=0f3&n=1 there",
            "no https://host/a.mp4?id=3&X-Amz-Signature=…&n=1 there",
        ),
        ("https://h/a?sv=2024&sig=a%2Fb#t", "https://h/a?sv=2024&sig=…#t"),
        ("https://h/a?Key-Pair-Id=K1;Signature=S", "https://h/a?Key-Pair-Id=…;Signature=…"),
        ("https://h/get?id=3&view=token", "https://h/get?id=3&view=token"),
        ("https://h/a.mp4?md5=S&expires=9&pw=T", "https://h/a.mp4?md5=…&expires=9&pw=…"),
        ("https://h/a.mp4?__gda__=exp=1~hmac=S&verify=17-S", "https://h/a.mp4?__gda__=…&verify=…"),
        ("https://h/a;jsessionid=S", "https://h/a;jsessionid=…"),
        ("https://h/a?bearer=T&ticket=U&otp=3", "https://h/a?bearer=…&ticket=…&otp=…"),
        ("https://ann:pa/ss@host/a.mp4", "https://…@host/a.mp4"),
        ("s3://AKIA:pa/ss+word@bucket/a.mp4", "s3://…@bucket/a.mp4"),
        ("https://host:80/@ann/a@b.mp4", "https://host:80/@ann/a@b.mp4"),
        ("s3://bucket/a@b/c=d.mp4", "s3://bucket/a@b/c=d.mp4"),
        ("hf://datasets/user/set@main/a.mp4", "hf://datasets/user/set@main/a.mp4"),
        ("/home/ann@work/token=1.mp4", "/home/ann@work/token=1.mp4"),
        (
            "https://p/get?u=https%3A%2F%2Fann%3Apass%40h%2Fa.mp4&n=1",
            "https://p/get?u=https%3A%2F%2F…%40h%2Fa.mp4&n=1",
        ),
        ("https://p/get?u=https%3a//ann%3apass%40h/a.mp4", "https://p/get?u=https%3a//…%40h/a.mp4"),
        (
            "https://p/?u=https%3A%2F%2Fh%2Fa%3Fsig%3DS%252F%26v%3D3&n=1",
            "https://p/?u=https%3A%2F%2Fh%2Fa%3Fsig%3D…%26v%3D3&n=1",
        ),
        (
            "https://p/a?u=x%253A%252F%252Fh%252Fa%253Ftoken%253DS%2526v",
            "https://p/a?u=x%253A%252F%252Fh%252Fa%253Ftoken%253D…%2526v",
        ),
        ("https://p/?u=https:%2F%2Fann:pass@h%2Fa.mp4&n", "https://p/?u=https:%2F%2F…@h%2Fa.mp4&n"),
        ("https://p/?u=https:%252F%252Fann%3Apass%2540h%252Fa", "https://p/?u=https:%252F%252F…%2540h%252Fa"),
        ("https://p/?u=https%3A//ann:pass@h/a.mp4", "https://p/?u=https%3A//…@h/a.mp4"),
        ("https://p/?u=https://ann:pass%40h/a.mp4", "https://p/?u=https://…%40h/a.mp4"),
        ("https://p/?u=https%3A%2F%2Fann%3Apa%2Fss%40h%2Fa", "https://p/?u=https%3A%2F%2F…%40h%2Fa"),
        ("https://p/?u=https%3A%2F%2Fh%3A80%2Fb%40c.mp4", "https://p/?u=https%3A%2F%2Fh%3A80%2Fb%40c.mp4"),
        ("https://p/?u=https%3A%2F%2Fh%2Fa%3Fsig=S&n=1", "https://p/?u=https%3A%2F%2Fh%2Fa%3Fsig=…&n=1"),
        ("https://p/?u=https%3A%2F%2Fh%2Fa?sig%3DS%26v", "https://p/?u=https%3A%2F%2Fh%2Fa?sig%3D…%26v"),
        ("https://p/?u=https%3A%2F%2Fh%2Fb%40c.mp4", "https://p/?u=https%3A%2F%2Fh%2Fb%40c.mp4"),
        ("https://h/monkey%3D3/a%40b%20c.mp4 50%", "https://h/monkey%3D3/a%40b%20c.mp4 50%"),
    ],
)
def test_what_grants_access_is_hidden_and_the_rest_stays(text: str, shown: str) -> None:
    assert without_secrets(text) == shown


LETTERS = st.text(st.sampled_from("abcXYZ0189-_.~%+/="), min_size=3, max_size=12).map(lambda text: f"qq{text}qq")


@given(
    LETTERS,
    st.sampled_from(
        ["X-Amz-Signature", "Policy", "x-goog-credential", "sig", "access_token", "apikey", "Password"]
    ),
)
def test_no_value_of_such_a_parameter_is_left(secret: str, name: str) -> None:
    for text in (f"https://h/a?b=1&{name}={secret}", f"x https://h/a?{name}={secret}&b=1: Forbidden"):
        shown = without_secrets(text)
        assert secret not in shown
        assert shown == without_secrets(shown)
        assert "b=1" in shown


@given(
    LETTERS, st.sampled_from(["Signature", "access_token", "pw"]), st.sets(st.sampled_from(":/?&=@")).map("".join)
)
def test_nor_where_an_address_inside_another_is_encoded_in_part(secret: str, name: str, plain: str) -> None:
    for inside in (
        f"https://h/a?b=1&{name}={quote(secret, safe='')}",
        f"https://ann:{quote(secret, safe='')}@h/a",
    ):
        hidden = without_secrets(f"https://p/get?n=1&u={quote(inside, safe=plain)}")
        assert unquote_often(secret) not in unquote_often(hidden)
        assert hidden == without_secrets(hidden)
        assert hidden.startswith("https://p/get?n=1&u=https")


@given(LETTERS, st.sampled_from(["Signature", "access_token", "pw"]), st.integers(1, 3))
def test_nor_is_one_left_in_an_address_inside_another(secret: str, name: str, times: int) -> None:
    for inside in (
        f"https://h/a?{name}={quote(secret, safe='')}&b=1",
        f"https://ann:{quote(secret, safe='')}@h/a",
    ):
        for _ in range(times):
            inside = quote(inside, safe="")
        hidden = without_secrets(f"https://p/get?u={inside}&n=1")
        assert unquote_often(secret) not in unquote_often(hidden)
        assert hidden == without_secrets(hidden)
        assert hidden.endswith("&n=1")


def unquote_often(text: str) -> str:
    for _ in range(9):
        text = unquote(text)
    return text


@pytest.mark.parametrize(
    ("url", "known"),
    [
        (
            "https://b.s3.amazonaws.com/a.mp4?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=A%2F1%2Fs3&X-Amz-Date=2"
            "&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=1&versionId=7",
            "https://b.s3.amazonaws.com/a.mp4?versionId=7",
        ),
        (
            "https://b.s3.amazonaws.com/a.mp4?AWSAccessKeyId=A&Expires=17&Signature=b%2Fc%3D&x-amz-security-token=T",
            "https://b.s3.amazonaws.com/a.mp4",
        ),
        (
            "https://storage.googleapis.com/b/a.mp4?generation=5&X-Goog-Date=2&x-goog-signature=1&X-Goog-Expires=6",
            "https://storage.googleapis.com/b/a.mp4?generation=5",
        ),
        (
            "https://storage.googleapis.com/b/a?GoogleAccessId=A&Expires=1&Signature=2",
            "https://storage.googleapis.com/b/a",
        ),
        (
            "https://n.blob.core.windows.net/c/a.mp4?snapshot=3&sp=r&st=1&se=2&spr=https&sv=2024-11-04&sr=b&skoid=1"
            "&sktid=2&skt=3&ske=4&sks=b&skv=5&sig=a%2B",
            "https://n.blob.core.windows.net/c/a.mp4?snapshot=3",
        ),
        (
            "https://d1.cloudfront.net/i.png?size=large&Expires=1&Signature=n~&Key-Pair-Id=K2&Hash-Algorithm=SHA256",
            "https://d1.cloudfront.net/i.png?size=large",
        ),
        (
            "https://d1.cloudfront.net/i.png?Policy=ey_&Signature=n&Key-Pair-Id=K2",
            "https://d1.cloudfront.net/i.png",
        ),
        ("https://h/a.mp4?Key-Pair-Id=K1;Signature=S;id=2", "https://h/a.mp4?id=2"),
        ("https://h/o/in%2Fa.MP4?alt=media&token=0b2-f", "https://h/o/in%2Fa.MP4?alt=media"),
        ("https://h/get?id=5&api_key=3&expires=9#t=2", "https://h/get?id=5#t=2"),
        ("https://ann:pass@h:8/a.mp4", "https://h:8/a.mp4"),
        ("https://h/rows.parquet?X-Amz-Signature=1#image:0", "https://h/rows.parquet#image:0"),
        ("ftp://ann:pass@h/a.mp4", "ftp://ann@h/a.mp4"),
        ("s3://bucket/a?sig=1&sv=2", "s3://bucket/a?sig=1&sv=2"),
    ],
)
def test_a_file_is_known_by_its_address_without_what_grants_access(url: str, known: str) -> None:
    assert lasting(url, ENDINGS) == known
    assert lasting(known, ENDINGS) == known


@pytest.mark.parametrize(
    "query",
    [
        "key=a", "id=5", "v=abc", "sv=3", "se=1", "Expires=4", "policy=2", "token=a", "keyword=x", "author=ann", "design=2",
        "sign=stop", "key=a&v=b", "", "a&b;c",
    ],
)  # fmt: skip
def test_what_may_name_a_file_stays(query: str) -> None:
    assert lasting(f"https://h/get?{query}", ENDINGS) == f"https://h/get?{query}".rstrip("?")


NAMES = st.sampled_from(["key", "id", "v", "file", "sv", "path", "expires", "version"])
VALUES = st.text(st.sampled_from("abc019-_.~%/"), max_size=5)
SIGNATURES = st.sampled_from(
    [
        ("X-Amz-Algorithm=1", "X-Amz-Date={}", "X-Amz-Expires={}", "X-Amz-Signature={}"),
        ("X-Goog-Credential={}", "X-Goog-Signature={}"),
        ("Policy={}", "Signature={}", "Key-Pair-Id={}"),
    ]
)


@given(
    st.lists(st.tuples(NAMES, VALUES), max_size=4),
    SIGNATURES,
    st.lists(st.text("0123456789abcdef", min_size=1, max_size=8), min_size=2, max_size=2),
)
def test_a_new_signature_makes_no_new_file_and_another_question_does(
    asked: list[tuple[str, str]], form: tuple[str, ...], grants: list[str]
) -> None:
    own = [f"{name}={value}" for name, value in asked if name != "expires"]
    signed = ["https://h/get?" + "&".join([*own, *(each.format(grant) for each in form)]) for grant in grants]
    first, second = (lasting(url, ENDINGS) for url in signed)
    assert first == second == "https://h/get" + ("?" + "&".join(own) if own else "")
    assert lasting(signed[0].replace("/get?", "/get?key=other&", 1), ENDINGS) != first


# --- names


def test_files_that_differ_in_what_is_hidden_have_two_names() -> None:
    known = ["https://h/get?key=a", "https://h/get?key=b", "https://h/get?token=a", "https://h/get?id=1"]
    names = [shown(each) for each in known]
    assert [name.partition("#")[0] for name in names] == [without_secrets(each) for each in known]
    assert names[0] == "https://h/get?key=…#97d822020955"  # the same in every run, on every machine
    assert names[3] == known[3]  # nothing of it is hidden
    assert len(set(names)) == 4
    assert [
        without_secrets(name) for name in names
    ] == names  # the tag is no secret, and stays where a sentence is cleared
    assert shown("https://h/set/get?key=a", "https://h/set/").startswith("get?key=…#")


@given(
    st.lists(
        st.text("abcXYZ019-_.", min_size=3, max_size=20).map(lambda text: f"qq{text}qq"), min_size=2, unique=True
    )
)
def test_no_name_tells_what_is_hidden(values: list[str]) -> None:
    names = sorted(shown(f"https://h/get?id=1&key={value}") for value in values)
    assert not [one for one, other in pairwise(names) if one == other]
    assert not [value for value in values for name in names if value in name]


# --- sending


@pytest.mark.parametrize(
    ("said", "sent"),
    [
        ("HTTPS://h/a.mp4", "https://h/a.mp4"),
        ("https://h/a b/é'\"<.mp4?sig=a b'c", "https://h/a%20b/%C3%A9%27%22%3C.mp4?sig=a%20b%27c"),
        ("https://h/a%20b.mp4?x=%2F&y=[1]#image:0", "https://h/a%20b.mp4?x=%2F&y=[1]#image:0"),
        ("S3://Bucket/a b.mp4", "s3://Bucket/a b.mp4"),
        ("No Address", "No Address"),
        ("https://h/caf\udce9.mp4", "https://h/caf%E9.mp4"),
    ],
)
def test_an_address_is_spelt_as_it_is_sent(said: str, sent: str) -> None:
    assert spelt_out(said) == sent
    assert spelt_out(sent) == sent
