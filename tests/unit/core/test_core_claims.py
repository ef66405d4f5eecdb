"""The oldest that asks for a queue keeps it; who waited is told when it lets go."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workqueue_operator.core.claims import Claim, Claims, Key

MAIL, DEAD, LOGS = ("rabbitmq:5672/", "mail"), ("rabbitmq:5672/", "mail.dead"), ("other:5672/", "x")


def claim(uid: str, created: str = "2026-01-01T00:00:00Z") -> Claim:
    return Claim(created=created, uid=uid, full_name=f"shop/{uid}")


OLD, YOUNG = claim("old", "2025-12-31T00:00:00Z"), claim("young")


@pytest.mark.parametrize("order", [(OLD, YOUNG), (YOUNG, OLD)])
def test_the_older_keeps_it_whoever_was_seen_first(order: tuple[Claim, Claim]) -> None:
    claims = Claims()
    for each in order:
        claims.put(each, [MAIL, DEAD])

    assert claims.elder("old") is None
    assert claims.elder("young") == ("mail", OLD)


def test_of_two_of_the_same_second_the_smaller_uid_keeps_it() -> None:
    claims = Claims()
    for uid in ("b", "a", "c"):
        claims.put(claim(uid), [MAIL])

    assert [claims.elder(uid) for uid in "abc"] == [
        None,
        ("mail", claim("a")),
        ("mail", claim("a")),
    ]


def test_a_queue_may_not_be_anothers_dead_letters() -> None:
    claims = Claims()
    claims.put(OLD, [MAIL, DEAD])
    claims.put(YOUNG, [DEAD, ("rabbitmq:5672/", "mail.dead.dead")])

    assert claims.elder("young") == ("mail.dead", OLD)


def test_the_same_name_on_another_broker_is_another_queue() -> None:
    claims = Claims()
    claims.put(OLD, [MAIL])
    claims.put(YOUNG, [("rabbitmq:5672/prod", "mail")])

    assert claims.elder("young") is None


def test_who_waited_is_told_when_the_older_goes() -> None:
    claims = Claims()
    claims.put(OLD, [MAIL, DEAD])
    claims.put(YOUNG, [MAIL])
    claims.put(claim("else"), [LOGS])

    assert claims.drop("old") == {"young"}
    assert claims.elder("young") is None


def test_who_waited_is_told_when_the_older_moves_to_another_broker() -> None:
    claims = Claims()
    claims.put(OLD, [MAIL])
    claims.put(YOUNG, [MAIL])

    assert claims.put(OLD, [LOGS]) == {"young"}
    assert claims.elder("young") is None


def test_claiming_the_same_again_tells_nobody() -> None:
    claims = Claims()
    claims.put(OLD, [MAIL])
    claims.put(YOUNG, [MAIL])

    assert claims.put(OLD, [MAIL]) == frozenset()


def test_dropping_what_claims_nothing_is_fine() -> None:
    assert Claims().drop("nobody") == frozenset()


UIDS = st.sampled_from(["a", "b", "c", "d"])
CREATED = {"a": "2", "b": "1", "c": "1", "d": "3"}
KEYS = st.sets(st.sampled_from([MAIL, DEAD, LOGS]), min_size=1)


@given(st.lists(st.tuples(UIDS, st.none() | KEYS)))
def test_it_does_what_a_plain_list_of_claims_does(moves: list[tuple[str, set[Key] | None]]) -> None:
    # Given claims made and dropped in any order, and a plain dict beside them
    claims, plain = Claims(), dict[str, set[Key]]()
    for uid, keys in moves:
        had = plain.pop(uid, set[Key]())
        shared = {other for other, theirs in plain.items() if theirs & had}
        if keys is None:
            assert claims.drop(uid) == shared
        else:
            assert claims.put(claim(uid, CREATED[uid]), keys) == (shared if had != keys else set())
            plain[uid] = keys
    # Then each is kept from its queue by the oldest of those that ask for it, too
    for uid, keys in plain.items():
        mine = claim(uid, CREATED[uid])
        rivals = [claim(o, CREATED[o]) for o, theirs in plain.items() if theirs & keys and o != uid]
        elder = claims.elder(uid)
        expected = min((each for each in rivals if each < mine), default=None)
        assert (elder[1] if elder else None) == expected
