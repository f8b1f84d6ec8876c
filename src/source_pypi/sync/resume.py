"""A run that did not come to its end is taken up again by the next one."""

#: Seconds after its beginning for which a run that ended early can be taken up again.
RESUME_WITHIN = 3600


def begins(now: float) -> int:
    """From when on a visit is one of the run that begins now, in whole seconds since 1970: none of the run before."""
    return int(now) + 1


def resumable(unfinished: int | None, now: float) -> int | None:
    """When the run began that is to be taken up again, in seconds since 1970; None: there is none."""
    return unfinished if unfinished is not None and -1 <= now - unfinished < RESUME_WITHIN else None
