"""What is sent just as the stream of answers ends is answered (answers.js): in the app, and with a server made of JavaScript."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from femo.demo.markup import file

pytestmark = pytest.mark.ui

LATE = """(() => {
  const real = window.fetch;
  let overtaken = () => {};
  window.fetch = async (input, init) => {
    const path = new URL(input.url ?? input, document.baseURI).pathname, answer = await real(input, init);
    if (path.endsWith('/queue/join')) setTimeout(overtaken, 200);
    if (!path.endsWith('/queue/data') || window.ended) return answer;
    window.ended = 'not yet';
    const late = new TransformStream({async transform(chunk, out) {
      if (new TextDecoder().decode(chunk).includes('"close_stream"')) {
        window.ended = 'on its way';
        await new Promise(resolve => { overtaken = resolve; });
      }
      out.enqueue(chunk);
    }});
    return new Response(answer.body.pipeThrough(late), {status: answer.status, headers: answer.headers});
  };
})()"""
"""A network on which the end of the page's first stream comes after the next receipt."""

SERVER = """(() => {
  const event = (msg, id = null, more = {}) => ({msg, event_id: id, ...more});
  window.streams = [];  // each is told by tell and ended by end
  window.receipts = [];  // each is given by answering
  window.tell = (k, ...what) => what.forEach(([msg, id, more]) =>
    streams[k].enqueue(new TextEncoder().encode(`data: ${JSON.stringify(event(msg, id, more))}\\n\\n`)));
  window.end = (k) => { tell(k, ['close_stream']); streams[k].close(); };
  window.fetch = (input) => new Promise((resolve, reject) => {
    if (String(input.url ?? input).includes('/queue/join')) receipts.push({resolve, reject});
    else resolve(new Response(new ReadableStream({start: (out) => { streams.push(out); }})));
  });
  window.receive = (k, id, status = 200) => receipts[k].resolve(new Response(JSON.stringify({event_id: id}), {status}));
})()"""
"""A server whose every word a test speaks."""

CLIENT = """(() => {
  window.heard = [];
  window.join = () => { fetch('http://app/queue/join?', {method: 'POST'}).then(a => a.json(), () => {}); };
  window.listen = async () => {
    const answer = await fetch(new Request('http://app/queue/data?session_hash=a'));
    const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
    try {
      for (;;) {
        const {done, value} = await reader.read();
        if (done) break;
        for (const one of value.split('\\n\\n').filter(Boolean)) heard.push(JSON.parse(one.slice(6)).msg);
      }
      heard.push('end');
    } catch { heard.push('broken'); }
  };
  window.settled = () => new Promise(resolve => setTimeout(resolve, 50));
})()"""
"""A page that notes what it hears."""


@pytest.fixture
def scene(browser: Browser) -> Any:
    """A blank page with our script between a server and a client of its own."""
    page = browser.new_page()
    for script in (SERVER, file("answers.js"), CLIENT):
        page.evaluate(f"() => {{ {script} }}")
    yield page
    page.close()


def play(scene: Page, script: str) -> list[str]:
    """Return what the client has heard after these lines."""
    heard: list[str] = scene.evaluate(f"async () => {{ {script}; await settled(); return heard; }}")
    return heard


def test_a_photo_dropped_just_as_the_stream_ends_is_read(browser: Browser, address: str, examples: Path) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.add_init_script(LATE)
    page.goto(address)
    page.wait_for_function(
        "window.ended === 'on its way'"
    )  # the leaderboard has what it asked for, and nobody waits
    page.locator("#photo-input input[type=file]").set_input_files(examples / "triptych.jpg")
    expect(page.locator("#photo-table tbody tr")).to_have_count(3)
    page.close()


FIRST = "join(); receive(0, 'a'); await settled(); listen(); await settled(); tell(0, ['process_completed', 'a'])"
"""One event with its answer."""


def test_the_end_is_passed_on_when_nobody_waits(scene: Page) -> None:
    assert play(scene, f"{FIRST}; end(0)") == ["process_completed", "close_stream", "end"]
    assert scene.evaluate("streams.length") == 1


def test_the_stream_goes_on_for_an_event_whose_receipt_came_before_the_end(scene: Page) -> None:
    script = f"{FIRST}; join(); receive(1, 'b'); await settled(); end(0)"
    assert play(scene, script) == ["process_completed"]
    more = "tell(1, ['process_starts', 'b'], ['process_completed', 'b']); end(1)"
    assert play(scene, more) == ["process_completed", "process_starts", "process_completed", "close_stream", "end"]
    assert scene.evaluate("streams.length") == 2


def test_the_stream_goes_on_for_an_event_that_is_under_way_at_the_end(scene: Page) -> None:
    assert play(scene, f"{FIRST}; join(); end(0)") == ["process_completed"]
    assert scene.evaluate("streams.length") == 1  # it may be refused
    assert play(scene, "receive(1, 'b'); await settled(); tell(1, ['process_starts', 'b'])")[1:] == [
        "process_starts"
    ]


@pytest.mark.parametrize("refusal", ["receive(1, null, 503)", "receipts[1].reject(new TypeError('no network'))"])
def test_the_end_is_passed_on_when_what_was_under_way_is_refused(scene: Page, refusal: str) -> None:
    script = f"{FIRST}; join(); end(0); await settled(); {refusal}"
    assert play(scene, script) == ["process_completed", "close_stream", "end"]
    assert scene.evaluate("streams.length") == 1


def test_an_answer_before_its_receipt_is_one(scene: Page) -> None:
    script = f"{FIRST}; join(); await settled(); tell(0, ['process_completed', 'b']); end(0); await settled()"
    assert play(scene, f"{script}; receive(1, 'b')") == [
        "process_completed",
        "process_completed",
        "close_stream",
        "end",
    ]
    assert scene.evaluate("streams.length") == 1


def test_words_in_pieces_are_put_together(scene: Page) -> None:
    script = """join(); receive(0, 'a'); await settled(); listen(); await settled();
        const all = [{msg: 'process_completed', event_id: 'a', output: 'ä'.repeat(9)}, {msg: 'close_stream', event_id: null}]
          .map(one => `data: ${JSON.stringify(one)}\\n\\n`).join('');
        for (const byte of new TextEncoder().encode(all)) streams[0].enqueue(new Uint8Array([byte]));
        streams[0].close()"""
    assert play(scene, script) == ["process_completed", "close_stream", "end"]


def test_a_stream_that_breaks_off_is_told_so(scene: Page) -> None:
    assert play(scene, f"{FIRST}; join(); receive(1, 'b'); await settled(); streams[0].error(1)") == [
        "process_completed",
        "broken",
    ]
