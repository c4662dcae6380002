"""Checks that are made: of configured agents at the start, others when a release names them."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import structlog

from services.guardrail_checker.checks.base import Checker, CheckError
from services.guardrail_checker.checks.catalogue import CheckLimits, Factory, build_checks
from shared.errors import ConfigError

log = structlog.get_logger()


@dataclass
class Shelf:
    """Checks by name. One that cannot be made is not asked for again before a restart."""

    checks: dict[str, Checker] = field(default_factory=dict)
    configured: Mapping[str, Factory] = field(default_factory=dict)
    limits: CheckLimits = field(default_factory=CheckLimits)
    hopeless: set[str] = field(default_factory=set)
    _making: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def find(self, names: Sequence[str]) -> list[Checker]:
        """Those of the named checks that there are; made first, where they were not yet."""
        if not self._knows(names):
            async with self._making:
                for name in names:
                    if not self._knows([name]):
                        await self._make(name)
        return [self.checks[name] for name in names if name in self.checks]

    def _knows(self, names: Iterable[str]) -> bool:
        return all(name in self.checks or name in self.hopeless for name in names)

    async def _make(self, name: str) -> None:
        try:
            self.checks.update(
                await asyncio.to_thread(build_checks, [name], self.limits, self.configured)
            )
        except (ConfigError, CheckError) as error:
            self.hopeless.add(name)
            log.warning("guardrail_checker.no_such_check", check=name, reason=str(error))
