"""Runs jobs in processes that each keep to cores of their own.

A network takes a thread for every core that it sees, and so does OpenCV; processes that all see all cores wait for each
other's threads, and two of them are slower than one.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from multiprocessing import get_context
from typing import Any


def in_processes(
    n_processes: int,
    start: Callable[..., object],
    start_with: tuple[Any, ...],
    work: Callable[..., Any],
    jobs: Sequence[tuple[Any, ...]],
    poll_s: float | None = None,
) -> Iterator[list[tuple[int, Any]]]:
    """Give jobs to processes, in their order; yields what is finished: position of the job and result.

    Args:
        n_processes: How many; no more are started than there are jobs.
        start: Called once in every process, with ``start_with``.
        start_with: Its arguments.
        work: Called for every job.
        jobs: Arguments of each call.
        poll_s: Yield after so many seconds even if nothing is finished.
    """
    n_processes = min(n_processes, len(jobs))
    pools = [
        ProcessPoolExecutor(1, get_context("spawn"), _begin, (cores, start, start_with))
        for cores in share_cores(n_processes)
    ]
    waiting, idle = list(enumerate(jobs)), list(pools)
    running: dict[Future[Any], tuple[ProcessPoolExecutor, int]] = {}
    try:
        while waiting or running:
            while waiting and idle:
                (number, job), pool = waiting.pop(0), idle.pop(0)
                running[pool.submit(work, *job)] = (pool, number)
            finished = []
            for future in wait(running, timeout=poll_s, return_when=FIRST_COMPLETED).done:
                pool, number = running.pop(future)
                idle.append(pool)
                finished.append((number, future.result()))
            yield finished
    finally:
        for pool in pools:
            pool.shutdown(cancel_futures=True)


def share_cores(n_processes: int) -> list[list[int]]:
    """Deal the cores of this process to others; a share is empty where they do not suffice or cannot be chosen."""
    cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    return [cores[i::n_processes] for i in range(n_processes)]


def _begin(cores: Sequence[int], start: Callable[..., object], start_with: tuple[Any, ...]) -> None:
    if cores:  # before anything counts them
        os.sched_setaffinity(0, cores)
    import cv2

    cv2.setNumThreads(max(1, len(cores)))
    start(*start_with)
