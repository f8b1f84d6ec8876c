"""Project documents made to do harm, that are taken all the same, for the tests of every front."""

import json

from source_pypi.safety.limits import DEEPEST


def info(**more: str) -> bytes:
    """A project document with further keys in its ``info``, each as JSON."""
    keys = "".join(f',"{key}":{value}' for key, value in more.items())
    return b'{"info":{"name":"foo","version":"1.0"%s},"releases":{"1.0":[]},"urls":[]}' % keys.encode(
        "utf-8", "replace"
    )


def nested(depth: int, opening: str = "[", closing: str = "]") -> str:
    """JSON with this number of levels."""
    return f"{opening * depth}1{closing * depth}"


#: Documents that are taken, and of which every stream makes rows, in every front.
TAKEN = {
    "nested as deep as is taken": info(new=nested(DEEPEST - 3)),
    "objects as deep as is taken": info(new=nested(DEEPEST - 3, '{"a":', "}")),
    "a number beyond a double": info(new="1e400"),
    "a number far beyond it": info(new="-1e999999"),
    "an integer of 400 digits": info(new="1" * 400),
    "an integer of 5,000 digits": info(new="9" * 5000),
    "no number": info(new="NaN"),
    "sizes of all kinds": b'{"info":{"version":"1.0"},"releases":{"1.0":[%s]}}'
    % b",".join(
        b'{"filename":"%d.zip","size":%s}' % (number, size)
        for number, size in enumerate((b"-1", b"9223372036854775807", b"9223372036854775808", b"1e400", b"1" * 400))
    ),
    "times out of range": b'{"info":{"version":"1.0"},"releases":{"1.0":[%s]}}'
    % b",".join(
        b'{"filename":"%d.zip","upload_time_iso_8601":"%s"}' % (number, when)
        for number, when in enumerate((b"0001-01-01T00:00:00+14:00", b"9999-12-31T23:59:59-14:00", b"99999-01-01", b""))
    ),
    "keys twice": b'{"info":{"version":"2"},"info":{"version":"1.0","version":"1.0","new":{"a":1,"a":2}}}',
    "keys that differ in case": b'{"info":{"version":"1.0","VERSION":"2"},"INFO":1,"Project":"bar","project":"bar"}',
    "NUL everywhere": info(summary='"\\u0000"', new='{"\\u0000":"\\u0000"}', project_urls='{"\\u0000":"\\u0000"}'),
    "half a surrogate pair": info(summary='"\\ud800"', new='{"\\udc00":"\\ud800"}'),
    "bytes that are no UTF-8": info(summary='"?"').replace(b"?", b"\xff\xfe"),
    "a version of a megabyte": b'{"info":{"version":"1.0"},"releases":{"%s":[],"1.0":[]}}' % (b"1." * 500_000),
    "a version of digits": b'{"info":{"version":"1.0"},"releases":{"%s":[],"1.0":[]}}' % (b"1" * 1_000_000),
    "a file's name of a megabyte": b'{"info":{"version":"1.0"},"releases":{"1.0":[{"filename":"a-1-%s.whl"}]}}'
    % (b"py3.a-" * 200_000),
    "a requirement of parentheses": info(requires_dist=json.dumps([f"a; {'(' * 100_000}"])),
    "a requirement of markers": info(
        requires_dist=json.dumps(["a; " + ("(" * 300 + "extra=='x'" + ")" * 300 + " or ") * 20_000 + "extra=='y'"])
    ),
    "a requirement of clauses": info(requires_dist=json.dumps(["a" + ">=1," * 250_000])),
    "keywords without end": info(keywords=json.dumps("a " * 500_000)),
    "a classifier of colons": info(classifiers=json.dumps(["::" * 500_000])),
    "an address of a megabyte": info(home_page=json.dumps("../" * 300_000)),
    "a text of ten megabytes": info(description=json.dumps("x" * 10_000_000)),
    "names of paths": b'{"info":{"version":"../1"},"releases":{"../../1":[{"filename":"../../../x","url":"../../x"}]}}',
    "SQL": b"""{"info":{"summary":"'; drop table files;--","version":"1' or '1'='1"},
        "releases":{"\\"); drop table versions;--":[{"filename":"x'\\"; drop table files;--.zip"}]}}""",
}
