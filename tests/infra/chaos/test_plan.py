"""The plan of blows follows from its seed."""

from itertools import islice

from contracts.subjects import CONSOLE, EXECUTOR, OBSERVER, SERVICES
from infra.chaos.plan import DISK_FULL, FREEZE, KINDS, NATS, WORKERS, blows, singles
from infra.dev.assembly import replicas_of, service_of

PROCESSES = [name for service in SERVICES for name in replicas_of(service, 2)]


def planned(seed: int, kinds=KINDS, count: int = 500):
    return list(islice(blows(seed, kinds, 30, PROCESSES), count))


def test_a_seed_gives_the_same_plan_again():
    assert planned(1) == planned(1) != planned(2)


def test_every_kind_comes_up_and_every_replica_is_hit():
    plan = planned(3)

    assert {blow.kind for blow in plan} == set(KINDS)
    assert set(PROCESSES) <= {blow.target for blow in plan}


def test_each_kind_comes_once_before_any_comes_by_chance():
    for seed in range(20):
        assert {blow.kind for blow in planned(seed, count=len(KINDS))} == set(KINDS)


def test_a_service_is_hit_in_one_of_its_replicas():
    assert {service_of(blow.target) for blow in planned(4, [EXECUTOR])} == {EXECUTOR}


def test_only_what_lasts_has_a_duration():
    for blow in planned(5):
        assert (blow.seconds > 0) == (blow.kind in (FREEZE, DISK_FULL))
        assert blow.kind != DISK_FULL or blow.target == NATS


def test_blows_come_as_often_as_asked():
    plan = planned(6, count=5000)

    assert 28 < 60 * len(plan) / sum(blow.pause_seconds for blow in plan) < 32


def test_single_kills_hit_every_worker_once_before_any_again():
    workers = {name for name in PROCESSES if service_of(name) in WORKERS}

    plan = list(islice(singles(1, PROCESSES), 3 * len(workers)))

    for at in range(0, len(plan), len(workers)):
        assert set(plan[at : at + len(workers)]) == workers


def test_runs_wait_for_neither_the_observer_nor_the_console():
    assert set(SERVICES) - set(WORKERS) == {OBSERVER, CONSOLE}
