"""How long a failed delivery waits, and when it was the last."""

from shared.delivery import Patience

PATIENCE = Patience(deliveries=20, base_seconds=0.1, cap_seconds=5.0)


def test_a_delay_that_was_asked_for_is_kept_up_to_the_cap():
    assert PATIENCE.delay(1, 0.0) == 0.0
    assert PATIENCE.delay(1, 3.0) == 3.0
    assert PATIENCE.delay(1, 60.0) == 5.0


def test_the_delay_doubles_and_chance_takes_at_most_half_of_it():
    for delivery in range(1, 6):
        full = 0.1 * 2 ** (delivery - 1)

        assert full / 2 <= PATIENCE.delay(delivery, None) <= full


def test_no_delay_passes_the_cap_however_often_it_failed():
    assert all(PATIENCE.delay(10**6, None) <= 5.0 for _ in range(100))


def test_the_last_delivery_is_the_one_with_the_number_of_the_limit():
    assert [PATIENCE.is_last(number) for number in (1, 19, 20, 21)] == [False, False, True, True]


def test_where_there_is_no_limit_none_is_the_last():
    assert not Patience(None, 0.1, 5.0).is_last(10**9)
