"""Counting processed jobs against a model of the queue that knows the truth."""

from collections.abc import Callable
import json

from hypothesis import given, settings, strategies as st

from custom_components.immich_admin_tools.analysis.throughput import Throughput

from .queue_model import QueueModel

type Operation = Callable[[QueueModel], None]

_WORKING: dict[str, Callable[[QueueModel, int], None]] = {
    "add": QueueModel.add,
    "deduplicated": QueueModel.add_deduplicated,
    "start": QueueModel.start,
    "complete": QueueModel.complete,
    "work": QueueModel.work,
}
_ONCE: dict[str, Operation] = {
    "stall": QueueModel.stall,
    "fail": QueueModel.fail,
    "retry": QueueModel.retry,
    "pause": QueueModel.pause_and_resume,
}
_CLEARING: dict[str, Operation] = {
    "remove": QueueModel.remove_waiting,
    "drain": QueueModel.drain,
}


def steps(
    *, once: dict[str, Operation], counted: tuple[str, ...]
) -> st.SearchStrategy[list[tuple[str, int]]]:
    """Return what may happen between two polls, polls included."""
    one = st.one_of(
        st.tuples(st.sampled_from(counted), st.integers(1, 30)),
        st.tuples(st.sampled_from((*once, "poll", "poll", "reload")), st.just(1)),
    )
    return st.lists(one, max_size=60)


class Counter:
    """Counts a model poll by poll, and is stored and restored in between."""

    def __init__(self, model: QueueModel) -> None:
        """Poll once: counting begins here."""
        self.model = model
        self.throughput = Throughput()
        self.poll()
        self.before = model.completed

    def poll(self) -> int:
        """Poll; return what was counted."""
        return self.throughput.update(self.model.poll(), self.model.run_id).processed

    def reload(self) -> None:
        """Restart Home Assistant."""
        stored = json.loads(json.dumps(self.throughput.to_dict()))
        self.throughput = Throughput.from_dict(stored)
        assert self.throughput.position == self.model.position

    def play(self, name: str, count: int) -> None:
        """Let something happen."""
        if name == "poll":
            self.poll()
        elif name == "reload":
            self.reload()
        elif name in _WORKING:
            _WORKING[name](self.model, count)
        else:
            (_ONCE | _CLEARING)[name](self.model)

    @property
    def truth(self) -> int:
        """Return how many jobs were processed since counting began."""
        return self.model.completed - self.before


@given(steps(once=_ONCE, counted=("add", "start", "complete", "work")))
@settings(max_examples=300, deadline=None)
def test_exact_whatever_is_lost(played: list[tuple[str, int]]) -> None:
    """Without clears and repeated adds the count is exact, with any gaps and reloads."""
    counter = Counter(QueueModel())
    for name, count in played:
        counter.play(name, count)
    counter.poll()
    assert counter.throughput.processed == counter.truth


@given(
    steps(once=_ONCE | _CLEARING, counted=("add", "deduplicated", "start", "complete"))
)
@settings(max_examples=300, deadline=None)
def test_exact_with_clears_while_nothing_is_lost(played: list[tuple[str, int]]) -> None:
    """With a stream that is long enough, clears and repeated adds don't count."""
    counter = Counter(QueueModel(stream_length=100_000))
    for name, count in played:
        counter.play(name, count)
    counter.poll()
    assert counter.throughput.processed == counter.truth


@given(
    steps(
        once=_ONCE | _CLEARING,
        counted=("add", "deduplicated", "start", "complete", "work"),
    )
)
@settings(max_examples=300, deadline=None)
def test_within_what_the_lost_events_allow(played: list[tuple[str, int]]) -> None:
    """Every poll counts at least what it saw, at most that and what was lost."""
    counter = Counter(QueueModel())
    total = 0
    for name, count in [*played, ("poll", 1)]:
        if name != "poll":
            counter.play(name, count)
            continue
        processed = counter.poll()
        seen, lost = counter.model.seen_completed, counter.model.lost
        assert seen <= processed <= seen + lost
        total += processed
    assert counter.throughput.processed == total


@given(
    st.integers(0, 30),
    st.integers(0, 30),
    st.booleans(),
    steps(once=_ONCE, counted=("add", "start", "complete")),
)
@settings(max_examples=300, deadline=None)
def test_after_a_flush_it_goes_on(
    before: int, unseen: int, restarted: bool, played: list[tuple[str, int]]
) -> None:
    """A flush takes what no poll saw; all that comes after it counts once."""
    model = QueueModel()
    counter = Counter(model)
    model.add(before + unseen)
    model.work(before)
    counter.poll()
    counted = counter.throughput.processed
    assert counted == before
    model.work(unseen)
    if restarted:
        model.restart(with_loss=False)
    model.flush()
    counter.poll()
    assert counter.throughput.processed == counted
    after = model.completed
    for name, count in played:
        counter.play(name, count)
    counter.poll()
    assert counter.throughput.processed == counted + model.completed - after


@given(st.integers(1, 200), st.integers(0, 200))
def test_flush_and_new_work_between_two_polls(before: int, after: int) -> None:
    """New jobs after a flush count, even when the ids have passed the old ones."""
    model = QueueModel(stream_length=10_000)
    counter = Counter(model)
    model.add(before)
    model.work(before)
    counter.poll()
    model.flush()
    model.add(after)
    model.work(after)
    counter.poll()
    assert counter.throughput.processed == before + after


@given(st.integers(0, 9), st.integers(0, 9), st.integers(1, 9))
def test_redis_restarts(processed: int, unsaved: int, later: int) -> None:
    """A restart that kept the data changes nothing; one that lost some counts on."""
    for with_loss in (False, True):
        model = QueueModel()
        counter = Counter(model)
        model.add(100)
        model.work(processed)
        model.save()
        model.work(unsaved)
        counter.poll()
        model.restart(with_loss=with_loss)
        counter.poll()
        model.work(later)
        counter.poll()
        assert counter.throughput.processed == processed + unsaved + later


@given(steps(once=_ONCE | _CLEARING, counted=tuple(_WORKING)))
@settings(max_examples=200, deadline=None)
def test_it_never_falls(played: list[tuple[str, int]]) -> None:
    """The count only grows, also over flushes."""
    counter = Counter(QueueModel())
    last = 0
    for number, (name, count) in enumerate(played):
        counter.play(name, count)
        if number % 17 == 16:
            counter.model.flush()
            counter.poll()
        assert counter.throughput.processed >= last
        last = counter.throughput.processed
