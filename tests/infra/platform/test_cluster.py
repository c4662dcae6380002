"""Three nodes in one home: who may join them, and which log a mode finds."""

import stat

import pytest

from infra.platform.cluster import NODES, NatsCluster, kept_durability, nats_of
from infra.platform.errors import LogElsewhere
from infra.platform.nats import Durability, NatsServer


def open_in(home, durability):
    return nats_of(home, durability, port=0, authorization="")


def test_each_node_has_its_own_name_ports_and_folder(home):
    nodes = NatsCluster(home).nodes

    assert [one.name for one in nodes] == ["nats-1", "nats-2", "nats-3"]
    assert len({one.port for one in nodes} | {one.monitoring_port for one in nodes}) == 2 * NODES
    assert all((home.nats / f"node-{number}").is_dir() for number in (1, 2, 3))


def test_every_node_flushes_each_write(home):
    assert all("sync_interval: always" in one.config_text() for one in NatsCluster(home).nodes)


def test_only_who_has_the_secret_of_this_home_joins(home):
    secret = home.keys / "cluster.secret"
    texts = [one.config_text() for one in NatsCluster(home).nodes]

    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    assert all(f'password: "{secret.read_text().strip()}"' in text for text in texts)
    assert NatsCluster(home).nodes[0].config_text().count(secret.read_text().strip()) == NODES


@pytest.mark.parametrize("durability", [Durability.FAST, Durability.DURABLE])
def test_one_node_keeps_the_log_unless_it_is_replicated(home, durability):
    assert isinstance(open_in(home, durability), NatsServer)
    assert isinstance(open_in(home, Durability.REPLICATED), NatsCluster)


@pytest.mark.parametrize(
    ("kept", "asked", "fitting"),
    [
        ("jetstream", Durability.REPLICATED, "fast or durable"),
        ("node-1/jetstream", Durability.DURABLE, "replicated"),
    ],
)
def test_a_mode_that_would_begin_an_empty_log_beside_another_is_refused(home, kept, asked, fitting):
    (home.nats / kept).mkdir(parents=True)

    with pytest.raises(LogElsewhere, match=fitting):
        open_in(home, asked)


def test_a_log_that_was_kept_is_found_again(home):
    assert kept_durability(home) is Durability.FAST

    (home.nats / "node-1" / "jetstream").mkdir(parents=True)

    assert kept_durability(home) is Durability.REPLICATED
    assert isinstance(open_in(home, kept_durability(home)), NatsCluster)
