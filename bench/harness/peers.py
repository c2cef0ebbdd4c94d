"""Who is measured, how each is built and called, and how many jobs a slow one gets."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Peer:
    name: str
    store: str
    # One of: windlass, limit, rust, node, python.
    kind: str
    # The first is the one that bulk and enqueue are measured in.
    configs: tuple = ("fastest", "default")
    # The most jobs for a mode, or for a mode in one configuration, that would take minutes.
    at_most: dict = field(default_factory=dict)
    # The name of the driver: a crate's folder, or a module; the peer's name unless told.
    driver: str = ""

    def __post_init__(self):
        object.__setattr__(self, "driver", self.driver or self.name)

    def jobs(self, mode, config, wanted):
        caps = (self.at_most.get(mode), self.at_most.get((mode, config)))
        return min([wanted, *filter(None, caps)])


ONE_CONFIG = ("default",)

PEERS = [
    Peer("windlass", "postgres", "windlass", ONE_CONFIG),
    Peer("windlass-sqlite", "sqlite", "windlass", ONE_CONFIG),
    Peer("limit", "postgres", "limit", ONE_CONFIG),
    Peer("limit-sqlite", "sqlite", "limit", ONE_CONFIG),
    Peer(
        "graphile-rust",
        "postgres",
        "rust",
        at_most={("drain", "default"): 500},
        driver="graphile-worker",
    ),
    Peer("riverqueue", "postgres", "rust", at_most={("drain", "default"): 3_000}),
    Peer("awa", "postgres", "rust", at_most={("drain", "default"): 20_000}),
    Peer("apalis-postgres", "postgres", "rust", at_most={("drain", "default"): 20_000}),
    Peer(
        "graphile-node",
        "postgres",
        "node",
        at_most={("drain", "default"): 10_000},
        driver="graphile-worker",
    ),
    Peer("pg-boss", "postgres", "node", at_most={("drain", "default"): 500}),
    Peer("procrastinate", "postgres", "python", at_most={"drain": 2_000, "bulk": 20_000}),
    Peer("effectum", "sqlite", "rust"),
    # Its fetch sorts the whole backlog, so the figure depends on this number more than on the rest.
    Peer("apalis-sqlite", "sqlite", "rust", at_most={"drain": 5_000}),
    Peer("bullmq", "redis", "node", at_most={("drain", "default"): 20_000}),
]
