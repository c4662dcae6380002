"""Which minutes cron means, by the rules of the engine that fires it."""

from datetime import UTC, datetime

import pytest

from services.console.rules.cron import Cron


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def fired(spec: str, since: str, until: str, zone: str = "UTC") -> list[str]:
    found = Cron(spec, zone).minutes(at(since), at(until))
    return [f"{one:%m-%d %H:%M}" for one in found]


@pytest.mark.parametrize(
    ("spec", "since", "until", "times"),
    [
        ("0 0 7 * * *", "2026-03-02", "2026-03-04", ["03-02 07:00", "03-03 07:00"]),
        ("0 0 7 * * MON-FRI", "2026-03-06", "2026-03-10", ["03-06 07:00", "03-09 07:00"]),
        ("0 0 7 * * sun", "2026-03-06", "2026-03-10", ["03-08 07:00"]),
        ("0 0 0 1 feb,MAR ?", "2026-01-01", "2026-12-31", ["02-01 00:00", "03-01 00:00"]),
        (
            "0 */25 9 2 3 *",
            "2026-03-01",
            "2026-03-03",
            ["03-02 09:00", "03-02 09:25", "03-02 09:50"],
        ),
        ("0 50/5 9 2 3 *", "2026-03-01", "2026-03-03", ["03-02 09:50", "03-02 09:55"]),
        (
            "0 0 8-12/2 2 3 *",
            "2026-03-01",
            "2026-03-03",
            ["03-02 08:00", "03-02 10:00", "03-02 12:00"],
        ),
        ("30 0 7 * * *", "2026-03-02", "2026-03-03", ["03-02 07:00"]),
        ("* 0 7 * * *", "2026-03-02", "2026-03-03", ["03-02 07:00"]),
        ("0 0 7 29 2 *", "2026-01-01", "2027-01-01", []),
    ],
)
def test_it_fires_when_all_fields_fit(spec, since, until, times):
    assert fired(spec, since, until) == times


def test_where_both_kinds_of_day_say_something_either_is_enough():
    both = fired("0 0 7 3 * MON", "2026-03-01", "2026-03-10")

    assert both == ["03-02 07:00", "03-03 07:00", "03-09 07:00"]


def test_a_star_with_a_step_says_something():
    assert fired("0 0 7 */2 3 TUE", "2026-03-02", "2026-03-06") == ["03-03 07:00", "03-05 07:00"]


def test_the_first_moment_counts_and_the_last_does_not():
    assert fired("0 0 7 * * *", "2026-03-02T07:00", "2026-03-03T07:00") == ["03-02 07:00"]
    assert fired("0 0 7 * * *", "2026-03-02T07:00:01", "2026-03-03T07:00") == []


def test_a_time_zone_moves_with_its_summer():
    """The clocks of Berlin go forward on the 29th."""
    found = fired("0 0 7 * * *", "2026-03-28", "2026-03-31", "Europe/Berlin")

    assert found == ["03-28 06:00", "03-29 05:00", "03-30 05:00"]


def test_what_lies_in_the_gap_of_a_summer_time_is_left_out():
    found = fired("0 30 2 * * *", "2026-03-28", "2026-03-31", "Europe/Berlin")

    assert found == ["03-28 01:30", "03-30 00:30"]


def test_an_hour_that_comes_twice_fires_twice():
    assert fired("0 30 2 25 10 *", "2026-10-24", "2026-10-27", "Europe/Berlin") == [
        "10-25 00:30",
        "10-25 01:30",
    ]


def test_a_zone_with_half_an_hour_is_kept():
    assert fired("0 15 7 * * *", "2026-03-02", "2026-03-03", "Asia/Kolkata") == ["03-02 01:45"]


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ("0 0 7 * *", "5 fields of 6"),
        ("0 60 7 * * *", "'60' is no minute of 0 to 59"),
        ("0 0 7 * * 7", "'7' is no day of week of 0 to 6"),
        ("0 0 9-7 * * *", "'9-7' is no hour"),
        ("0 0 */0 * * *", "'*/0' is no hour"),
        ("0 0 7 * mai *", "'mai' is no month"),
        ("99 0 7 * * *", "'99' is no second"),
    ],
)
def test_fields_that_mean_nothing_are_named(spec, told):
    with pytest.raises(ValueError, match=r"is no|fields") as caught:
        Cron(spec, "UTC")

    assert told in str(caught.value)


def test_a_zone_that_nobody_knows_is_named():
    with pytest.raises(ValueError, match="Europe/Nowhere"):
        Cron("0 0 7 * * *", "Europe/Nowhere")
