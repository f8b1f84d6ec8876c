"""Jinja, as the CDK evaluates it: values of rows, written as templates.

What a template gives is read back as a Python literal where it is one, so that a value must be written as its literal:
otherwise the text ``"quoted"`` loses its quotes, and the version ``1.0`` becomes a number. There is no ``range``, and
no function of our own; what is not there is undefined, which counts as false.
"""

#: Every project's name, once, normalised (PEP 503): of ``projects`` and ``project_name``, without pins and extras.
NAMES = """
{%- set asked = [config.get('project_name') or ''] + (config.get('projects') or []) -%}
{{ asked | map('trim') | map('regex_replace', '[^a-zA-Z0-9._-].*', '') | select
   | map('regex_replace', '[-_.]+', '-') | map('lower') | unique | list }}
""".strip()

#: Every release that is asked for, as ``name==version``; the latest one as ``name``.
RELEASES = """
{%- set named = config.get('project_name') or '' -%}
{%- set pinned = named ~ '==' ~ config.get('version') if named and config.get('version') else named -%}
{%- set releases = [] -%}
{%- for asked in [pinned] + (config.get('projects') or []) -%}
{%- set name = asked | trim | regex_replace('[^a-zA-Z0-9._-].*', '') | regex_replace('[-_.]+', '-') | lower -%}
{%- set version = asked | regex_search('={2,3} *([^ =,;*]+) *$') -%}
{%- if name and releases.append(name ~ '==' ~ version if version else name) -%}{%- endif -%}
{%- endfor -%}
{{ releases | unique(true) | list }}
""".strip()

#: The time of the visit, to the second, as an index writes times.
NOW = "{{ now_utc().strftime('%Y-%m-%dT%H:%M:%SZ') }}"


def exact(expression: str) -> str:
    """A template that gives the value of an expression as it is, whatever its type; undefined: null."""
    return f"{{{{ '%r' | format(({expression}) | default(none)) }}}}"


#: An expression of ``given``: null for what means nothing (``streams.values.text``).
_MEANT = "given if given and given | trim and given != 'UNKNOWN' else none"


def text(value: str) -> str:
    """A template: a text, or null for what means nothing."""
    return f"{{%- set given = {value} -%}}\n" + exact(_MEANT)


def keywords(value: str) -> str:
    """A template: keywords one by one (``streams.values.keywords``)."""
    return (
        f"{{%- set given = {value} -%}}\n{{%- set given = {_MEANT} -%}}\n"
        "{%- set parts = (given.split(',') if ',' in given else given.split()) if given else none -%}\n"
        + exact("parts | map('trim') | select | list if parts is not none else none")
    )


def labelled(value: str) -> str:
    """A template: addresses by label, those that mean nothing null."""
    return (
        "{%- set addresses = {} -%}\n"
        f"{{%- for label, given in ({value} or {{}}).items() -%}}\n"
        f"{{%- if addresses.update({{label: {_MEANT}}}) -%}}{{%- endif -%}}\n"
        "{%- endfor -%}\n" + exact(f"addresses if {value} is mapping else none")
    )


def of_files(collected: str, result: str) -> str:
    """A template: something of all files of a project document.

    :param collected: an expression of ``file``; what is neither null nor empty is gathered in ``found``.
    :param result: an expression of ``found``, ``count`` (of the files) and ``releases``.
    """
    return (
        "{%- set releases = record['releases'] -%}\n"
        "{%- set count = (releases or {}).values() | map('default', [], true) | map('length') | sum -%}\n"
        "{%- set found = [] -%}\n"
        "{%- for files in (releases or {}).values() -%}\n"
        "{%- for file in files or [] -%}\n"
        f"{{%- set value = {collected} -%}}\n"
        "{%- if value is defined and value is not none and found.append(value) -%}{%- endif -%}\n"
        "{%- endfor -%}\n"
        "{%- endfor -%}\n" + exact(f"({result}) if releases is mapping else none")
    )


def upload(which: str) -> str:
    """A template: the ``first`` or ``last`` upload of all files. Times are sorted without Z, which comes after '.'."""
    time = "(file['upload_time_iso_8601'] or file['upload_time'] or '') | replace('Z', '') or none"
    return of_files(time, f"(found | sort | {which}) ~ 'Z' if found else none")


def _piece(captured: str) -> str:
    """A regular expression of what PEP 440 takes for a version, lowered, that captures one piece of it."""
    number = "[0-9]+"
    pieces = {
        "epoch": (f"{number}", "(?:{}!)?"),
        "release": (f"{number}(?:[.]{number})*", "{}"),
        "pre": ("[-_.]?(?:alpha|beta|preview|pre|rc|a|b|c)(?:[-_.]?[0-9]+)?", "{}?"),
        "post": (f"-{number}|[-_.]?(?:post|rev|r)(?:[-_.]?{number})?", "{}?"),
        "dev": (f"[-_.]?dev(?:[-_.]?{number})?", "{}?"),
        "local": ("[a-z0-9]+(?:[-_.][a-z0-9]+)*", "(?:[+]{})?"),
    }
    written = [
        around.format(f"({'' if name == captured else '?:'}{inner})") for name, (inner, around) in pieces.items()
    ]
    return f"^v?{''.join(written)}$"


def in_version_order(values: str) -> str:
    """A template: versions, each once, in the order of PEP 440, by the key that ``pep440.sort_key`` makes.

    What PEP 440 does not know comes first, by its letters.
    """
    pieces = "\n".join(
        f"{{%- set {name} = lowered | regex_search('{_piece(name)}') or '' -%}}"
        for name in ("epoch", "release", "pre", "post", "dev", "local")
    )
    return f"""
{{%- macro number(digits) -%}}
{{%- set whole = (digits | regex_search('([0-9]+)$') or 0) | int ~ '' -%}}
{{{{ '%02d' | format(whole | length) }}}}{{{{ whole }}}}
{{%- endmacro -%}}
{{%- set keyed = [] -%}}
{{%- for version in ({values} or []) | unique(true) -%}}
{{%- set lowered = version | trim | lower -%}}
{pieces}
{{%- set key = [] -%}}
{{%- for part in (release | regex_replace('([.]0+)*$', '')).split('.') -%}}
{{%- if key.append(number(part)) -%}}{{%- endif -%}}
{{%- endfor -%}}
{{%- set labels = [] -%}}
{{%- for part in (local | regex_replace('[-_.]', ' ')).split() -%}}
{{%- if labels.append('2' ~ number(part) if part | regex_search('^([0-9]+)$') else '1' ~ part ~ '!') -%}}{{%- endif -%}}
{{%- endfor -%}}
{{%- set phase = {{'a': '1', 'b': '2'}}.get(pre | regex_search('([a-z])'), '3') -%}}
{{%- set known = '1' ~ number(epoch) ~ '~' ~ key | join('.') ~ '!'
   ~ (phase ~ number(pre) if pre else '0' if dev and not post else '9')
   ~ ('1' ~ number(post) if post else '0') ~ ('1' ~ number(dev) if dev else '9') ~ labels | join -%}}
{{%- if keyed.append([known if release else '0' ~ lowered, version]) -%}}{{%- endif -%}}
{{%- endfor -%}}
{exact(f"keyed | sort(attribute='0', case_sensitive=true) | map(attribute='1') | list if {values} else {values}")}
""".strip()
