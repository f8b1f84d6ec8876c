"""``audit``, which checks pinned releases and their projects against rules."""

import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from source_pypi.audit.formats import FORMATS, render
from source_pypi.cli.console import INTERRUPTED, Messages, level_of, one_line_errors, print_error
from source_pypi.cli.options import (
    DESTINATION,
    OUTPUT,
    SELECTION,
    SectionedCommand,
    index_options,
    make_settings,
    option,
    output_options,
    refuse_files,
)
from source_pypi.cli.signals import exit_on_signal, interrupt
from source_pypi.errors import ConfigError, QueryError, SettingError

if TYPE_CHECKING:
    from source_pypi.audit.allow import Entry
    from source_pypi.audit.outcome import Outcome
    from source_pypi.audit.results import Report
    from source_pypi.audit.rules import ChosenRule, Source
    from source_pypi.config import Config
    from source_pypi.sync.run import Run

#: The exit status of a usage error. 1 and 2 say what the audit found.
USAGE_ERROR = 3
_RULES = "Rules"
_PREFIX = "SOURCE_PYPI_AUDIT"
_INTERRUPTED = "interrupted; nothing was reported"
#: How many levels of dependencies are followed if no lock file lists them.
_ALL_LEVELS = 100
_file = click.Path(path_type=Path, dir_okay=False)
#: What ``-o`` calls standard output.
STANDARD_OUTPUT = Path("-")


class _UsageError(click.UsageError):
    exit_code = USAGE_ERROR


class _Command(SectionedCommand):
    """A command whose usage errors have an exit status of their own."""

    def make_context(self, *args: Any, **kwargs: Any) -> click.Context:
        try:
            return super().make_context(*args, **kwargs)
        except click.UsageError as error:
            raise _UsageError(error.format_message(), error.ctx) from error


@click.command(cls=_Command)
@click.argument("names", nargs=-1, metavar="[NAME]...")
@option(
    "-r",
    "--requirements",
    "files",
    section=SELECTION,
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    multiple=True,
    metavar="FILE",
    help="Check the projects and pinned versions in a requirements.txt, pyproject.toml or lock file; - reads "
    "standard input. Repeatable.",
)
@option(
    "--rules",
    section=_RULES,
    envvar=f"{_PREFIX}_RULES",
    metavar="RULE,...",
    help="What to check: malware, vulnerable, quarantined, missing, yanked, license:EXPRESSION, archived, withdrawn, "
    "unattested, outdated, outdated:major, stale, sole-maintainer.  [default: vulnerable,quarantined,missing,yanked,"
    "archived, and malware with --advisories osv or both]",
)
@option(
    "--advisories",
    section=_RULES,
    envvar=f"{_PREFIX}_ADVISORIES",
    type=click.Choice(["index", "osv", "both"]),
    default="index",
    show_default=True,
    help="Who says which releases are vulnerable: the index, OSV's export in one download (extra `advisories`), which "
    "also covers indexes without advisories, or both.",
)
@option(
    "--fail-on",
    section=_RULES,
    envvar=f"{_PREFIX}_FAIL_ON",
    metavar="RULE,...",
    help="Rules whose findings make the exit status 1; they are checked, too. 'none': no rule.  [default: all that are "
    "checked]",
)
@option(
    "--strict",
    section=_RULES,
    envvar=f"{_PREFIX}_STRICT",
    is_flag=True,
    help="Exit with 2 if something could not be checked.",
)
@option(
    "--allow",
    section=_RULES,
    envvar=f"{_PREFIX}_ALLOW",
    type=_file,
    metavar="FILE",
    help="Accepted findings, a TOML file: rule, project, version, id, reason, expires.",
)
@option(
    "--follow-dependencies",
    section=_RULES,
    envvar=f"{_PREFIX}_FOLLOW_DEPENDENCIES",
    type=click.IntRange(0, _ALL_LEVELS),
    metavar="LEVELS",
    help="Also check dependencies, down to this level.  [default: 0 if a FILE is a lock file, else all levels]",
)
@option(
    "--into",
    section=DESTINATION,
    envvar=f"{_PREFIX}_INTO",
    metavar="FILE",
    help="Keep what is loaded in a DuckDB file; the next audit then downloads only what changed.  [default: a "
    "temporary file]",
)
@option(
    "--format",
    "format_",
    section=OUTPUT,
    envvar=f"{_PREFIX}_FORMAT",
    type=click.Choice(list(FORMATS)),
    default="table",
    show_default=True,
    help="Format of the report.",
)
@option(
    "-o",
    "--output",
    section=OUTPUT,
    envvar=f"{_PREFIX}_OUTPUT",
    type=_file,
    metavar="FILE",
    help="Write the report to a file, and its summary to standard output; - is standard output.  [default: -]",
)
@output_options
@index_options
def audit(
    *,
    names: tuple[str, ...],
    files: tuple[Path, ...],
    rules: str | None,
    fail_on: str | None,
    advisories: "Source",
    strict: bool,
    allow: Path | None,
    follow_dependencies: int | None,
    into: str | None,
    format_: str,
    output: Path | None,
    config: Path | None,
    quiet: bool,
    verbose: bool,
    debug: bool,
    **options: Any,
) -> None:
    """Check pinned releases: vulnerable, yanked, quarantined, missing, ...

    NAME is a project's name, optionally pinned to a version: requests==2.31.0.

    Exit status: 0 no finding that fails, 1 findings (or an error), 2 something could not be checked (with --strict),
    3 usage error.

    \b
    Examples:
      source-pypi audit -r uv.lock
      source-pypi audit -r uv.lock --fail-on vulnerable,yanked --strict
      source-pypi audit -r requirements.txt --format sarif -o audit.sarif
    """  # noqa: D301 - \b is click's
    messages = Messages(level_of(quiet=quiet, verbose=verbose, debug=debug))
    signal.signal(signal.SIGTERM, interrupt)
    exit_on_signal(_INTERRUPTED if into is None else INTERRUPTED, messages.leave_bar)
    with _usage_errors():
        refuse_files(names)
        chosen, failing = _choose(rules, fail_on, advisories)
        entries = _entries(allow)
        _check_into(into)
        output = None if output == STANDARD_OUTPUT else output
        _check_output(output)
        levels = _levels(files) if follow_dependencies is None else follow_dependencies
        settings = _settings(config, names, options | {"follow_dependencies": levels}, messages)
        run = _open_run(settings, chosen, files, len(names), messages)
    with one_line_errors(_INTERRUPTED if into is None else INTERRUPTED):
        report = _audit(run, into, chosen, failing, entries, messages)
        _print_report(render(report, chosen, format_), report, format_, output)
        sys.exit(report.status(strict=strict))


@contextmanager
def _usage_errors() -> Iterator[None]:
    """Exit with ``USAGE_ERROR`` after an error of an option, a setting or a file, in one line."""
    try:
        yield
    except ConfigError as error:
        print_error(str(error))
        sys.exit(USAGE_ERROR)


def _choose(
    rules: str | None, fail_on: str | None, source: "Source"
) -> "tuple[tuple[ChosenRule, ...], tuple[ChosenRule, ...]]":
    """The rules to check, and those whose findings fail.

    :raises SettingError: when an option names no rule, or one that does not exist.
    """
    from source_pypi.audit.rules import DEFAULT, DEFAULT_OF_BULK, choose_rules, split_rules, with_source

    listed, failing = (None if text is None else split_rules(text) for text in (rules, fail_on))
    for option_, given in (("--rules", listed), ("--fail-on", failing)):
        if given == []:
            raise SettingError("", f"{option_} names no rule")
    default = DEFAULT if source == "index" else (*DEFAULT_OF_BULK, *DEFAULT)
    chosen = choose_rules(default if listed is None else listed, "--rules")
    if failing is None:
        selected = chosen
    else:
        selected = choose_rules([] if failing == ["none"] else failing, "--fail-on")
        chosen = choose_rules([one.text for one in (*chosen, *selected)], "--rules")
    return with_source(chosen, source), with_source(selected, source)


def _entries(path: Path | None) -> "tuple[Entry, ...]":
    from source_pypi.audit.allow import read_allowed

    return () if path is None else read_allowed(path)


def _check_into(into: str | None) -> None:
    """Refuse a destination that is no DuckDB file.

    :raises SettingError: when it is another kind of destination, or its folder does not exist.
    """
    from source_pypi.destinations import address
    from source_pypi.destinations.into import check_destination
    from source_pypi.safety.files import is_folder

    if into is None:
        return
    check_destination(into)
    if address.is_folder(into) or address.is_database(into):
        raise SettingError("", f"audit --into {into}: it must be a DuckDB file")
    if not is_folder(_path_of(into).absolute().parent):
        raise SettingError("", f"--into {into}: its folder does not exist")


def _levels(files: tuple[Path, ...]) -> int:
    """How many levels of dependencies to follow: none if a lock file lists them."""
    from source_pypi.selection.files import is_lock

    return 0 if any(map(is_lock, files)) else _ALL_LEVELS


def _settings(path: Path | None, names: tuple[str, ...], options: dict[str, Any], messages: Messages) -> "Config":
    """The settings of an audit: every project is read, and a missing one is a finding."""
    fixed = {"full_check_days": 0.0, "missing_projects": "fail"}
    settings, warnings = make_settings(path, names, options | fixed)
    for warning in warnings:
        messages.warn(warning)
    return settings


def _open_run(
    settings: "Config", rules: "tuple[ChosenRule, ...]", files: tuple[Path, ...], by_command: int, messages: Messages
) -> "Run":
    """The run that loads what the rules need. Nothing is requested yet.

    :raises ConfigError: when no project is selected, or a name or a file is invalid.
    """
    from source_pypi.audit.rules import streams_of
    from source_pypi.config import environment_note
    from source_pypi.opening import open_run
    from source_pypi.queries import views
    from source_pypi.streams import NAMES, choose_streams

    if settings.whole_index:
        raise SettingError("whole_index", "an audit checks projects that are named")
    needed = streams_of(rules, {view.name: view.needs for view in views()}, NAMES)
    followed = ("dependencies", "dependency_clauses") if settings.follow_dependencies else ()
    streams = choose_streams({*needed, "versions", *followed})
    for stream in streams:
        if stream.require is not None:
            stream.require()
    run = open_run(settings, streams, files=files, by_command=by_command, on_event=messages.on_event)
    if (note := environment_note(settings)) is not None:
        messages.print_note(note)
    return run


def _audit(
    run: "Run",
    into: str | None,
    rules: "tuple[ChosenRule, ...]",
    failing: "tuple[ChosenRule, ...]",
    entries: "tuple[Entry, ...]",
    messages: Messages,
) -> "Report":
    """Load what the rules need, and answer them.

    :raises SourceError: when the index did not answer at all, or the database cannot be written.
    """
    from source_pypi.audit.outcome import Outcome
    from source_pypi.destinations.error_messages import destination_errors
    from source_pypi.destinations.temporary import TemporaryFolder

    outcome = Outcome(run.streams)
    with ExitStack() as stack:
        if into is None:
            with destination_errors("a temporary folder"):
                folder = TemporaryFolder()
            stack.callback(folder.cleanup)
            into = str(Path(folder.name, "audit.duckdb"))
        path = _path_of(into)
        existed = path.exists()
        _load(run, into, outcome, messages)
        return _answer(path, run, outcome, rules, failing, entries, dated=existed)


def _path_of(into: str) -> Path:
    from source_pypi.destinations.into import duckdb_path

    return duckdb_path(into)


def _load(run: "Run", into: str, outcome: "Outcome", messages: Messages) -> None:
    """Load a run, and note what could not be read.

    :raises SourceError: the first error, when the index answered with no document at all.
    """
    from source_pypi.audit.outcome import FreshRun
    from source_pypi.cli.progress import progress
    from source_pypi.destinations import open_destination
    from source_pypi.sync.summary import warnings_of

    selection = run.selection
    opened = open_destination(into, run.streams, selection.requested, unnamed=selection.unnamed, root=run.index_root)
    with opened as destination, progress(run, messages) as show:
        for warning in destination.warnings:
            messages.warn(warning)
        for batch in run.batches(FreshRun(destination)):
            destination.count_requests(run.index.client.stats.requests)
            destination.add(batch)
            outcome.add(batch)
            for warning in warnings_of(batch):
                messages.warn(warning)
            show()
            del batch  # it is large, and the next one is about to be made
        destination.count_requests(run.index.client.stats.requests)
        if run.summary.stopped is not None:
            outcome.stop(run.summary.stopped)
    for batch in destination.rejected:
        outcome.add(batch)
    if not outcome.answered:
        _raise_first(run)
    if outcome.missing.issuperset(outcome.projects):
        messages.warn(f"{run.summary.index} has none of the projects: check index_url")


def _raise_first(run: "Run") -> NoReturn:
    errors = [*filter(None, [run.summary.stopped]), *run.summary.errors]
    raise errors[0] if errors else SettingError("", f"the index {run.summary.index} answered with no document")


def _answer(
    path: Path,
    run: "Run",
    outcome: "Outcome",
    rules: "tuple[ChosenRule, ...]",
    failing: "tuple[ChosenRule, ...]",
    entries: "tuple[Entry, ...]",
    *,
    dated: bool,
) -> "Report":
    import duckdb

    from source_pypi.audit.answers import answer
    from source_pypi.destinations.error_messages import reason_of

    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            return answer(
                connection,
                rules,
                outcome,
                failing=failing,
                entries=entries,
                today=datetime.now(UTC).date(),
                index=run.index.root,
                dated=dated,
                follow=run.selection.follow > 0,
                unnamed=run.selection.unnamed,
            )
    except duckdb.Error as error:
        raise QueryError(f"{path} cannot be read: {reason_of(error)}") from error


def _print_report(text: str, report: "Report", format_: str, output: Path | None) -> None:
    """Print the report, or write it to a file; a format for programs has its summary on standard error.

    :param output: None: standard output.
    """
    from source_pypi.audit.results import summary_line
    from source_pypi.safety.files import replacing

    if output is None:
        click.echo(text, nl=False)
        if format_ != "table":
            click.echo(summary_line(report), err=True)
        return
    try:
        with replacing(output) as path:
            path.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise SettingError("", f"the report {output} cannot be written: {error.strerror or error}") from error
    click.echo(f"{summary_line(report)} -> {output}")


def _check_output(output: Path | None) -> None:
    """Refuse a file that cannot be written, before anything is requested.

    :raises SettingError: when its folder does not exist.
    """
    from source_pypi.safety.files import is_folder

    if output is not None and not is_folder(output.absolute().parent):
        raise SettingError("", f"-o {output}: its folder does not exist")
