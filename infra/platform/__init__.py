"""The engine on one machine: nats-server, PostgreSQL and the services as children of one process.

`home` is where it lives, `processes` keeps it alive, `nats` and `postgres` are its two servers,
`nats_identity` its keys. `infra/doctor` says whether this machine can carry it.
"""
