"""Unusual files of recorded projects."""

from typing import Any

import pytest

from source_pypi.streams.files import File, files_rows
from tests.recordings import FILES, at, recorded_documents
from tests.streams import ROOT

#: Project, version, kind, Python version, size, folder below the host, checksums and the rest, by file name.
ODD_FILES: dict[str, tuple[str, str, str, str, int, str, str, str, dict[str, Any]]] = {
    "cx_Oracle-5.1.3-12c.win32-py3.3.exe": (
        "cx-oracle",
        "5.1.3",
        "bdist_wininst",
        "3.3",
        289831,
        f"{FILES}/packages/1e/0a/3079a8ad71cbc115a752715a97a9b72049a33af98672e6a7ccaf224b287f",
        "418c0aee59fadfcf768ab8673b1b6aba",
        "ac75491722bd63754863a5b110be4f6f8a5ca90f1ccae0d89c6a84b3204e6602",
        {"uploaded_at": at("2014-05-25T04:11:53.294319")},
    ),
    "cx_Oracle-5.2.1-11g-py27-1.x86_64.rpm": (
        "cx-oracle",
        "5.2.1",
        "bdist_rpm",
        "2.7",
        172220,
        f"{FILES}/packages/93/d8/3acdd4d3176a877a396647f55191549b8624f1157bf2e1ada6bb1f92615d",
        "f7cae1f618584d3ecb99da3808f49d51",
        "fe1c4d0cc89a60c6d6cd3b8d6a9589791cedca4271a81b74b1549efe19b2ac92",
        {"uploaded_at": at("2016-01-20T17:39:30.218062")},
    ),
    "MySQL_python-1.2.2-py2.4-win32.egg": (
        "mysql-python",
        "1.2.2",
        "bdist_egg",
        "2.4",
        833739,
        f"{FILES}/packages/66/8f/d22ffc75b2e9b1d9c264c0cd715359e589f1f1f7edfb48e0923401ac3f8f",
        "6620279666cb40e26d89079b55e61a3f",
        "35e098febdfc2e97f417a8c37131c47cc88bc65ec1ee7bf01f55ff8d1bf23830",
        {"uploaded_at": at("2007-03-14T14:32:41"), "comment_text": "Win32 MySQL-5.0"},
    ),
    "setuptools-0.6c10-1.src.rpm": (
        "setuptools",
        "0.6c10",
        "bdist_rpm",
        "any",
        269407,
        f"{ROOT}/packages/packages/58/24/429cfabb3bad49f4f4d4222de00767596449207d9a399dbd6377596f5c98",
        "dd9d3819120f1c75456422e5a8b8c425",
        "850bafd56ead0e69fc3c35bc5a08b5b82119cf0a58a3fd7ad375282a5d5165c8",
        {"uploaded_at": at("2009-10-19T21:49:34.075185"), "comment_text": "built for redhat 4.3"},
    ),
    "Twisted-10.1.0.winxp32-py2.6.msi": (
        "twisted",
        "10.1.0",
        "bdist_msi",
        "2.6",
        2621440,
        f"{ROOT}/packages/packages/e8/a2/95cfa0d283335b889d729aa6817dafd3668bca81c780d68e8ab3d5f87809",
        "bab4611abfdd63fc92424f4afa1e2865",
        "ac6a1c13882dd6ee508ae4e4bcc3bd16bb9b2ea2b56eddc3a56d7dc7c4773572",
        {"uploaded_at": at("2010-07-04T17:20:10.023560")},
    ),
    "Twisted-13.0.0-cp27-none-win_amd64.whl": (
        "twisted",
        "13.0.0",
        "bdist_wheel",
        "2.7",
        2860849,
        f"{ROOT}/packages/packages/3e/f1/e7523f5f19f29b4200553d42230b251cfad70af8a95e02507c26b2d42605",
        "f80acd0fc026f414a8cd6d19b118e3d4",
        "e2cc297e0e1cf7e68a4ded5cd84375c8a04b9a1f6e0ac47ecb3297c854f343fa",
        {
            "uploaded_at": at("2013-04-04T10:14:23.339421"),
            "python_tags": ["cp27"],
            "abi_tags": ["none"],
            "platform_tags": ["win_amd64"],
        },
    ),
}


@pytest.mark.parametrize("filename", ODD_FILES)
def test_files_of_every_kind(filename: str) -> None:
    """Files of every kind are whole rows; relative URLs are made absolute."""
    project, version, kind, python, size, folder, md5, sha256, rest = ODD_FILES[filename]
    nothing = ("build_tag", "python_tags", "abi_tags", "platform_tags", "variant_label")
    absent = ("core_metadata_sha256", "first_seen_at")
    plain = dict.fromkeys((*nothing, *absent, "requires_python", "yanked_reason", "comment_text", "downloads"))
    expected = File(
        project=project,
        version=version,
        filename=filename,
        packagetype=kind,
        python_version=python,
        size=size,
        url=f"{folder}/{filename}",
        md5=md5,
        sha256=sha256,
        blake2b_256="".join(folder.split("/")[-3:]),
        has_core_metadata=False,
        yanked=False,
        has_sig=False,
        source="document",
        **plain | rest,
    )
    rows = [row for row in files_rows(recorded_documents(project)) if isinstance(row, File)]
    assert [row for row in rows if row.filename == filename] == [expected]


def test_several_sdists_of_a_version() -> None:
    """A release may have a source distribution in each of several formats."""
    rows = [row for row in files_rows(recorded_documents("feedparser")) if isinstance(row, File)]
    assert [(row.filename, row.packagetype) for row in rows if row.version == "5.0"] == [
        ("feedparser-5.0.zip", "sdist"),
        ("feedparser-5.0.tar.bz2", "sdist"),
        ("feedparser-5.0.tar.gz", "sdist"),
    ]
