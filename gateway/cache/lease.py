"""The lease that is granted where the store fails: the work is done without coordination."""


class UnguardedLease:
    """Always held; its fence is the lowest, so anything newer wins."""

    fence = 0

    async def renew(self) -> bool:
        return True

    async def release(self) -> None:
        pass
