"""The keyed queue: dedup, earliest time, highest priority, owners in turn."""

from hypothesis import given, settings
from hypothesis import strategies as st

from porto.reconcilers.engine.queue import Priority, Queue
from porto.spec.key import Key


def key(number: int) -> Key:
    return Key("toy", number)


def drain(queue: Queue, now: float) -> list[int]:
    found = []
    while (found_key := queue.pop(now)) is not None:
        found.append(found_key.id)
    return found


def test_a_key_is_handed_out_once_however_often_it_was_added() -> None:
    queue = Queue()
    for _ in range(3):
        queue.add(key(7), due=0.0, priority=Priority.EVENT)
    assert drain(queue, 1.0) == [7]


def test_a_readd_keeps_the_earlier_time() -> None:
    queue = Queue()
    queue.add(key(1), due=5.0, priority=Priority.EVENT)
    queue.add(key(1), due=2.0, priority=Priority.EVENT)
    queue.add(key(1), due=9.0, priority=Priority.EVENT)
    assert queue.pop(1.9) is None
    assert queue.next_due() == 2.0
    assert queue.pop(2.0) == key(1)


def test_higher_priority_comes_first_whatever_the_order_of_adding() -> None:
    queue = Queue()
    for number, priority in ((1, Priority.RESYNC), (2, Priority.EVENT), (3, Priority.CALLER)):
        queue.add(key(number), due=0.0, priority=priority)
    assert drain(queue, 0.0) == [3, 2, 1]


def test_a_readd_keeps_the_higher_priority() -> None:
    queue = Queue()
    queue.add(key(2), due=0.0, priority=Priority.EVENT)
    queue.add(key(1), due=0.0, priority=Priority.CALLER)
    queue.add(key(1), due=0.0, priority=Priority.RESYNC)
    assert drain(queue, 0.0) == [1, 2]


def test_an_earlier_readd_with_less_priority_keeps_its_priority() -> None:
    queue = Queue()
    queue.add(key(1), due=5.0, priority=Priority.CALLER)
    queue.add(key(2), due=0.0, priority=Priority.EVENT)
    queue.add(key(1), due=0.0, priority=Priority.RESYNC)
    assert drain(queue, 0.0) == [1, 2]


def test_the_same_priority_is_first_come_first_served() -> None:
    queue = Queue()
    for number in (3, 1, 2):
        queue.add(key(number), due=0.0, priority=Priority.EVENT)
    queue.add(key(3), due=0.0, priority=Priority.EVENT)
    assert drain(queue, 0.0) == [3, 1, 2]


def test_the_next_time_is_that_of_what_still_waits() -> None:
    queue = Queue()
    queue.add(key(1), due=3.0, priority=Priority.EVENT)
    queue.add(key(2), due=7.0, priority=Priority.EVENT)
    queue.add(key(1), due=1.0, priority=Priority.EVENT)
    assert queue.pop(1.0) == key(1)
    assert queue.next_due() == 7.0
    assert len(queue) == 1


def test_a_readd_raises_the_priority_of_what_is_ready_already() -> None:
    queue = Queue()
    for number in (1, 2, 3):
        queue.add(key(number), due=0.0, priority=Priority.RESYNC)
    assert queue.pop(0.0) == key(1)
    queue.add(key(3), due=0.0, priority=Priority.CALLER)
    assert drain(queue, 0.0) == [3, 2]


def test_owners_take_turns_within_a_priority() -> None:
    owners = dict.fromkeys(range(100), "crowd") | {100: "single", 101: "other"}
    queue = Queue(lambda key: owners[key.id])
    for number in range(102):
        queue.add(key(number), due=0.0, priority=Priority.EVENT)
    found = drain(queue, 0.0)
    assert found[:4] == [0, 100, 101, 1]
    assert sorted(found) == list(range(102))


def test_a_callers_key_goes_before_other_owners_events() -> None:
    queue = Queue(lambda key: str(key.id))
    for number in range(5):
        queue.add(key(number), due=0.0, priority=Priority.EVENT)
    queue.add(key(9), due=0.0, priority=Priority.CALLER)
    assert queue.pop(0.0) == key(9)


def test_a_later_readd_with_more_priority_does_not_delay() -> None:
    queue = Queue()
    queue.add(key(1), due=1.0, priority=Priority.RESYNC)
    queue.add(key(1), due=50.0, priority=Priority.CALLER)
    assert queue.pop(1.0) == key(1)


def test_a_forgotten_key_is_not_handed_out() -> None:
    queue = Queue()
    queue.add(key(1), due=0.0, priority=Priority.EVENT)
    queue.forget(key(1))
    assert queue.pop(0.0) is None
    assert queue.next_due() is None


additions = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 10).map(float), st.sampled_from(list(Priority))),
    max_size=30,
)


@settings(max_examples=50, deadline=None)
@given(additions)
def test_every_key_comes_out_exactly_once_and_never_early(
    added: list[tuple[int, float, Priority]],
) -> None:
    queue = Queue()
    earliest: dict[int, float] = {}
    for number, due, priority in added:
        queue.add(key(number), due=due, priority=priority)
        earliest[number] = min(due, earliest.get(number, due))
    found: dict[int, float] = {}
    for now in range(11):
        for number in drain(queue, float(now)):
            assert number not in found
            found[number] = float(now)
    assert found == earliest
    assert len(queue) == 0


@settings(max_examples=50, deadline=None)
@given(additions)
def test_what_is_ready_comes_by_priority_and_then_by_time(
    added: list[tuple[int, float, Priority]],
) -> None:
    queue = Queue()
    # What the queue shall remember of a key: its best priority, and when it last improved.
    known: dict[int, tuple[float, Priority, int]] = {}
    for place, (number, due, priority) in enumerate(added):
        queue.add(key(number), due=due, priority=priority)
        before = known.get(number)
        if before is None:
            known[number] = (due, priority, place)
        elif due < before[0] or priority < before[1]:
            known[number] = (min(due, before[0]), min(priority, before[1]), place)
    expected = sorted(
        known, key=lambda number: (known[number][1], known[number][0], known[number][2])
    )
    assert drain(queue, 10.0) == expected
