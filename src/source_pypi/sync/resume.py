"""When a run continues the one before it, which was interrupted."""

#: Seconds after its start within which an interrupted run is continued.
RESUME_WITHIN = 3600


def begins(now: float) -> int:
    """Return from which time on a project counts as read by the run that starts now, in whole seconds since 1970."""
    return int(now) + 1


def resumable(unfinished: int | None, now: float) -> int | None:
    """Return when the run started that this one continues, in seconds since 1970; None: there is none.

    :param unfinished: when the last run started, if it did not finish.
    """
    return unfinished if unfinished is not None and -1 <= now - unfinished < RESUME_WITHIN else None
