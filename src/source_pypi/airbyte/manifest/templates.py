"""Jinja templates, as the CDK evaluates them.

The CDK reads the result of a template back as a Python literal where it is one: without care the text ``"quoted"``
loses its quotes, and the version ``1.0`` becomes a number. So a template writes its value as a literal. There is no
``range`` and no function of our own. A key that is missing is undefined, which counts as false.
"""

#: The project names in ``projects`` and ``project_name``: normalised (PEP 503), without pins and extras, each once.
NAMES = """
{%- set given = [config.get('project_name') or ''] + (config.get('projects') or []) -%}
{{ given | map('trim') | map('regex_replace', '[^a-zA-Z0-9._-].*', '') | select
   | map('regex_replace', '[-_.]+', '-') | map('lower') | unique | list }}
""".strip()

#: The releases in ``projects``, ``project_name`` and ``version``: ``name==version``, or ``name`` for the latest one.
RELEASES = """
{%- set single = config.get('project_name') or '' -%}
{%- set pinned = single ~ '==' ~ config.get('version') if single and config.get('version') else single -%}
{%- set releases = [] -%}
{%- for given in [pinned] + (config.get('projects') or []) -%}
{%- set name = given | trim | regex_replace('[^a-zA-Z0-9._-].*', '') | regex_replace('[-_.]+', '-') | lower -%}
{%- set version = given | regex_search('={2,3} *([^ =,;*]+) *$') -%}
{%- if name and releases.append(name ~ '==' ~ version if version else name) -%}{%- endif -%}
{%- endfor -%}
{{ releases | unique(true) | list }}
""".strip()

#: The time at which a row is read, to the second.
NOW = "{{ now_utc().strftime('%Y-%m-%dT%H:%M:%SZ') }}"


def raw(expression: str) -> str:
    """Return a template of an expression's value, whatever its type; undefined becomes null."""
    return f"{{{{ '%r' | format(({expression}) | default(none)) }}}}"


def text(expression: str) -> str:
    """Return a template of a text; a blank one, and ``UNKNOWN``, become null, as in ``streams._values.text``."""
    return f"{{%- set given = {expression} -%}}\n" + raw(
        "given if given and given | trim and given != 'UNKNOWN' else none"
    )
