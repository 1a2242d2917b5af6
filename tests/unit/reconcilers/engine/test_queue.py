"""The keyed queue: dedup, earliest time, highest priority, one worker per key."""

from hypothesis import given, settings
from hypothesis import strategies as st

from porto.reconcilers.engine.queue import Priority, Queue


def drain(queue: Queue, now: float) -> list[int]:
    found = []
    while (key := queue.pop(now)) is not None:
        found.append(key)
        queue.done(key)
    return found


def test_a_key_is_handed_out_once_however_often_it_was_added() -> None:
    queue = Queue()
    for _ in range(3):
        queue.add(7, due=0.0, priority=Priority.EVENT)
    assert drain(queue, 1.0) == [7]


def test_a_readd_keeps_the_earlier_time() -> None:
    queue = Queue()
    queue.add(1, due=5.0, priority=Priority.EVENT)
    queue.add(1, due=2.0, priority=Priority.EVENT)
    queue.add(1, due=9.0, priority=Priority.EVENT)
    assert queue.pop(1.9) is None
    assert queue.next_due() == 2.0
    assert queue.pop(2.0) == 1


def test_a_readd_keeps_the_higher_priority() -> None:
    queue = Queue()
    queue.add(1, due=0.0, priority=Priority.CALLER)
    queue.add(2, due=0.0, priority=Priority.EVENT)
    queue.add(1, due=0.0, priority=Priority.RESYNC)
    queue.add(3, due=0.0, priority=Priority.RESYNC)
    assert drain(queue, 0.0) == [1, 2, 3]


def test_a_later_readd_with_more_priority_does_not_delay() -> None:
    queue = Queue()
    queue.add(1, due=1.0, priority=Priority.RESYNC)
    queue.add(1, due=50.0, priority=Priority.CALLER)
    assert queue.pop(1.0) == 1


def test_a_busy_key_waits_for_the_end_of_its_pass() -> None:
    queue = Queue()
    queue.add(1, due=0.0, priority=Priority.CALLER)
    assert queue.pop(0.0) == 1
    queue.add(1, due=0.0, priority=Priority.CALLER)
    queue.add(2, due=0.0, priority=Priority.RESYNC)
    assert queue.pop(0.0) == 2
    assert queue.pop(0.0) is None
    queue.done(1)
    assert queue.pop(0.0) == 1


def test_a_forgotten_key_is_not_handed_out() -> None:
    queue = Queue()
    queue.add(1, due=0.0, priority=Priority.EVENT)
    queue.forget(1)
    assert queue.pop(0.0) is None
    assert queue.next_due() is None


additions = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 10).map(float), st.sampled_from(list(Priority))),
    max_size=30,
)


@settings(max_examples=50)
@given(additions)
def test_every_key_comes_out_exactly_once_and_never_early(
    added: list[tuple[int, float, Priority]],
) -> None:
    queue = Queue()
    earliest: dict[int, float] = {}
    for key, due, priority in added:
        queue.add(key, due=due, priority=priority)
        earliest[key] = min(due, earliest.get(key, due))
    found: dict[int, float] = {}
    for now in range(11):
        for key in drain(queue, float(now)):
            assert key not in found
            found[key] = float(now)
    assert found == earliest
    assert len(queue) == 0
