"""Jobs of the tabs: progress until the end, one per visitor, stopped when asked, replaced or left."""

import threading
import time

import pytest

from femo.demo.jobs import Job, Jobs, why_nothing
from femo.errors import Cancelled, MediaError
from femo.media.streaming import Progress, raise_if


def waiting(begun: threading.Event) -> Job[str]:
    """A job that reads until it is told to stop."""

    def read(report, cancel):
        report(Progress(1, 2, 0.1, 0))
        begun.set()
        while True:
            raise_if(cancel)
            threading.Event().wait(0.005)

    return Job(read)


def finishing(n_frames: int) -> Job[int]:
    """A job that reads so many frames."""

    def read(report, cancel):
        report(Progress(n_frames, n_frames, 0.1, 0))
        return n_frames

    return Job(read)


def test_progress_comes_until_the_end_then_the_result():
    jobs, job = Jobs(), finishing(7)

    news = list(jobs.follow("ann", job))

    assert news[0] is None
    assert {progress.n_done for progress in news[1:]} <= {7}  # what the end overtakes is left out
    assert job.result() == 7


def test_a_cancelled_job_has_no_result_and_others_go_on():
    jobs, begun = Jobs(), threading.Event()
    job = waiting(begun)
    news = jobs.follow("ann", job)
    assert next(news) is None
    assert next(news).n_done == 1

    jobs.cancel("bob")
    assert not job.watch.stop.is_set()
    jobs.cancel("ann")

    assert list(news) == []
    with pytest.raises(Cancelled):
        job.result()


def test_a_second_job_of_the_same_visitor_stops_the_first_but_nobody_elses():
    jobs, begun = Jobs(), threading.Event()
    first, other = waiting(begun), waiting(begun)
    followed = [jobs.follow("ann", first), jobs.follow("bob", other)]
    assert [next(news) for news in followed] == [None, None]

    list(jobs.follow("ann", finishing(1)))

    assert first.watch.stop.is_set()
    assert not other.watch.stop.is_set()


def test_who_leaves_the_loop_stops_the_job():
    jobs, begun = Jobs(), threading.Event()
    job = waiting(begun)
    news = jobs.follow("ann", job)
    next(news)
    next(news)

    news.close()

    assert job.watch.stop.is_set()
    with pytest.raises(Cancelled):
        job.result()


def test_who_leaves_the_loop_does_not_wait_for_a_reading_that_does_not_look():
    """Gradio closes the loop where it answers every visitor."""
    jobs, begun, go = Jobs(), threading.Event(), threading.Event()

    def read(report, cancel):
        report(Progress(1, 2, 0.1, 0))
        begun.set()
        go.wait(20)
        raise_if(cancel)

    deaf, ran = Job(read), []
    news = jobs.follow("ann", deaf)
    next(news)
    next(news)
    left_s = time.monotonic()
    news.close()
    left_s = time.monotonic() - left_s
    later, stopped = (
        Job(lambda report, cancel: ran.append("later")),
        Job(lambda report, cancel: ran.append("stopped")),
    )
    following = [threading.Thread(target=list, args=[Jobs().follow("bob", job)]) for job in (stopped, later)]
    stopped.watch.stop.set()
    for thread in following:
        thread.start()
    time.sleep(0.2)
    ran_meanwhile = list(ran)
    go.set()
    for thread in following:
        thread.join(20)

    assert left_s < 5
    assert ran_meanwhile == []  # one analysis at a time
    assert ran == ["later"]
    for job in (deaf, stopped):
        with pytest.raises(Cancelled):
            job.result()


def test_a_job_that_ended_can_no_longer_be_cancelled():
    jobs, job, later = Jobs(), finishing(1), finishing(2)
    list(jobs.follow("ann", job))
    news = jobs.follow("ann", later)
    next(news)
    news.close()
    later.watch.stop.clear()

    jobs.cancel("ann")

    assert not later.watch.stop.is_set()


def test_the_reason_is_told_as_text():
    assert "<b>Cancelled</b>Nothing was kept." in why_nothing(Cancelled("The analysis was cancelled."))
    assert "<b>Not read</b>&lt;i&gt;.mp4 is no video" in why_nothing(MediaError("<i>.mp4 is no video"))
