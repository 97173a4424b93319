"""`script/record-demo` makes the record that is held here, from a real node."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

from explorer.node.demo.record import FILE, Record

SCRIPT = Path(__file__).parents[2] / "script" / "record-demo"


def test_recording_again_makes_the_same_record(bitcoind_path: str, tmp_path: Path) -> None:
    again = tmp_path / "again.zip"
    subprocess.run(
        [sys.executable, SCRIPT, again], env=os.environ | {"BITCOIND": bitcoind_path}, check=True, timeout=300
    )
    held, made = Record(FILE.read_bytes()), Record(again.read_bytes())
    assert made.meta.duration == held.meta.duration
    assert [block.hash for block in made.blocks] == [block.hash for block in held.blocks]
    assert [frame.pool for frame in made.frames] == [frame.pool for frame in held.frames]
    if made.meta.version == held.meta.version:
        with zipfile.ZipFile(again) as one, zipfile.ZipFile(str(FILE)) as other:
            assert {name: one.read(name) for name in one.namelist()} == {
                name: other.read(name) for name in other.namelist()
            }
