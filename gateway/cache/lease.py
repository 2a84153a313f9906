"""The lease that a broken store grants: the work must be done, without coordination."""


class UnguardedLease:
    """Always held; its fence is the lowest, so anything newer wins."""

    fence = 0

    async def renew(self) -> bool:
        return True

    async def release(self) -> None:
        pass
