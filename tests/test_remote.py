"""Storage as fsspec reaches it: which roots are on it, what of a URL may be shown, and what it tells of a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis import remote
from analysis.remote import hide_secrets, local_root


def test_a_file_url_and_a_path_need_no_copy():
    assert local_root("file:///srv/calls") == local_root("/srv/calls") == Path("/srv/calls")
    assert local_root("s3://bucket/calls") is None
    assert hide_secrets("ftp://user:word@host:21/x?key=1") == "ftp://host:21/x"


def test_a_store_of_objects_of_obstore_is_served_too(tmp_path: Path):
    fsspec = pytest.importorskip("obstore.fsspec")
    system = fsspec.FsspecStore("file")
    for name in ("a.txt", "b/c.txt"):
        (tmp_path / "store" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "store" / name).write_text(name)
    found = remote.find(system, f"{tmp_path}/store")
    assert {name.rpartition("/store/")[2] for name in found} == {"a.txt", "b/c.txt"}
    assert all(remote.fingerprint(told).startswith("tag ") for told in found.values())
    assert remote.appears_whole(system)
