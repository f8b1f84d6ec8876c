"""``streams``, which lists what ``sync`` can load."""

import click


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with every field.")
def streams(as_json: bool) -> None:
    """List the streams: row, key, cursor, and number of requests."""
    from source_pypi.schema import describe_streams
    from source_pypi.streams import STREAMS

    described = describe_streams(STREAMS)
    if as_json:
        import json

        click.echo(json.dumps(described, indent=2))
        return
    for stream in described:
        click.echo(f"{click.style(stream['name'], bold=True)}: {stream['row']}")
        click.echo(f"    key: {', '.join(stream['key']) or 'none'}; cursor: {stream['cursor'] or 'none'}")
        click.echo(f"    requests: {stream['cost']}")
