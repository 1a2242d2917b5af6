"""Delays between tries of one key."""

from itertools import pairwise

from porto.reconcilers.engine.backoff import Backoff


def test_delays_grow_to_a_bound() -> None:
    backoff = Backoff()
    delays = [backoff.next() for _ in range(12)]
    assert delays[:4] == [0.1, 0.2, 0.4, 0.8]
    assert all(earlier <= later for earlier, later in pairwise(delays))
    assert delays[8:] == [25.6, 30.0, 30.0, 30.0]


def test_a_success_starts_anew() -> None:
    backoff = Backoff()
    for _ in range(5):
        backoff.next()
    backoff.reset()
    assert [backoff.next(), backoff.next()] == [0.1, 0.2]
