"""What is measured, in the order of one round."""

from dataclasses import dataclass

from .peers import Peer

MODES = ["drain", "bulk", "enqueue", "latency"]
LATENCY_SAMPLES = 200


@dataclass(frozen=True)
class Measurement:
    peer: Peer
    command: tuple
    mode: str
    config: str
    jobs: int
    slots: int
    batch: int
    clients: int

    @property
    def title(self):
        return {
            "drain": "drain",
            "bulk": f"bulk, {self.batch} a call",
            "enqueue": f"enqueue, {self.clients} client{'s' * (self.clients > 1)}",
            "latency": "pickup",
        }[self.mode]

    def arguments(self, store):
        arguments = [*self.command, self.mode, "--store", store]
        for name in ("jobs", "batch", "clients"):
            arguments += [f"--{name}", str(getattr(self, name))]
        if self.peer.kind == "limit":
            return arguments
        arguments += ["--slots", str(self.slots)]
        if self.peer.kind == "windlass":
            return [*arguments, "--json"]
        return [*arguments, "--config", self.config]


def measurements(ready, options):
    """Peers are neighbours within a measurement, so that each meets about the same machine: first
    all of them in their first configuration, then in their second."""
    return [
        Measurement(
            peer=peer,
            command=tuple(command),
            mode=mode,
            config=config,
            jobs=peer.jobs(mode, config, jobs),
            slots=options.slots,
            batch=options.batch,
            clients=clients,
        )
        for mode in options.modes
        for clients, jobs in _sizes(mode, options)
        for position in range(2)
        for peer, command in ready
        for config in _configs(peer, mode)[position : position + 1]
    ]


def _sizes(mode, options):
    if mode == "latency":
        return [(1, LATENCY_SAMPLES)]
    if mode == "enqueue":
        # One by one is slow: a tenth and a twentieth of the jobs are enough for a steady figure.
        return [(1, max(1, options.jobs // 20)), (options.clients, max(1, options.jobs // 10))]
    return [(1, options.jobs)]


def _configs(peer, mode):
    """How a peer's worker is set up doesn't matter to those who only enqueue."""
    if mode == "latency" and peer.kind == "limit":
        # Plain SQL has no worker that could pick anything up.
        return ()
    return peer.configs if mode in ("drain", "latency") else peer.configs[:1]
