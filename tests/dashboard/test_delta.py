"""A snapshot and what changed make the next snapshot."""

from hypothesis import given, strategies as st

from custom_components.immich_admin_tools.dashboard.delta import (
    COLLECTIONS,
    applied,
    delta_of,
    without_secrets,
)

ITEMS = st.dictionaries(
    st.sampled_from("abc"), st.dictionaries(st.just("n"), st.integers(0, 2))
)
SNAPSHOTS = st.fixed_dictionaries(
    {
        **dict.fromkeys(COLLECTIONS, ITEMS),
        "waiting": st.integers(0, 2),
        "eta": st.none() | st.fixed_dictionaries({"finish": st.integers(0, 2)}),
    }
)


@given(SNAPSHOTS, SNAPSHOTS)
def test_before_and_delta_make_after(
    before: dict[str, object], after: dict[str, object]
) -> None:
    """Whatever came and went."""
    delta = delta_of(before, after)
    assert applied(before, delta) == after
    assert bool(delta) is (before != after)


def test_only_what_changed() -> None:
    """An item as a whole; one that went as None."""
    empty: dict[str, dict[str, object]] = {name: {} for name in COLLECTIONS}
    before = {**empty, "waiting": 1, "queues": {"a": {"n": 1}, "b": {"n": 2}}}
    after = {**empty, "waiting": 1, "queues": {"a": {"n": 1}, "c": {"n": 3}}}
    assert delta_of(before, after) == {"queues": {"b": None, "c": {"n": 3}}}


def test_secrets() -> None:
    """The address of a machine; one that is gone has none."""
    part = {"gpu_hosts": {"a": {"mac": "00:11", "name": "Box"}, "b": None}}
    assert without_secrets(part) == {
        "gpu_hosts": {"a": {"mac": None, "name": "Box"}, "b": None}
    }
    assert part["gpu_hosts"]["a"] == {"mac": "00:11", "name": "Box"}
    assert without_secrets({"as_of": 1}) == {"as_of": 1}
