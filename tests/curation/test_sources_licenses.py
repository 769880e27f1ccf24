from pathlib import Path

import pytest
from reading import MIT, read, write

from textbook.curation.sources import Files


def licenses(root: Path) -> dict[str, str | None]:
    return {row["source"]: row["license"] for row in read(Files(root, languages=("python",)))}


def test_the_license_is_that_of_the_file_or_of_the_nearest_license_file(tmp_path):
    header = "# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception\n"
    root = write(
        tmp_path,
        {
            "LICENSE": MIT,
            "a.py": "x = 1\n",
            "deep/er/b.py": "x = 1\n",
            "deep/spdx.py": f"#!/usr/bin/python\n{header}x = 1\n",
            "vendored/LICENSE.txt": "You may look at this on Sundays.\n",
            "vendored/c.py": "x = 1\n",
        },
    )
    assert licenses(root) == {
        "a.py": "MIT",
        "deep/er/b.py": "MIT",
        "deep/spdx.py": "Apache-2.0 WITH LLVM-exception",
        "vendored/c.py": None,
    }


@pytest.mark.parametrize(
    ("changed", "license"),
    [
        (MIT, "MIT"),
        (MIT.replace("\n", "\r\n").replace("MIT License", "# The MIT License (MIT)"), "MIT"),
        (MIT.split("Somebody\n")[1], "MIT"),
        (MIT + "\nThe Software shall be used for Good, not Evil.\n", None),
        (MIT.replace("sublicense, and/or sell", "and sublicense"), None),
        (
            MIT.replace(
                "Copyright (c) 2020 Somebody", "Copyright 2020 Somebody. Licensed under the GPL except for b.py"
            ),
            None,
        ),
        ("Parts of this are under the GPL.\n" + MIT, None),
        ("MIT License\n", None),
        ("", None),
        (b"\xff\xfe", None),
    ],
)
def test_a_license_file_must_be_word_for_word_a_known_one(tmp_path, changed, license):
    assert licenses(write(tmp_path, {"LICENSE": changed, "a.py": ""})) == {"a.py": license}


def test_several_license_files_say_nothing(tmp_path):
    assert licenses(write(tmp_path, {"LICENSE-MIT": MIT, "LICENSE-OTHER": "other", "a.py": ""})) == {"a.py": None}


@pytest.mark.parametrize(
    ("header", "license"),
    [
        ("# SPDX-License-Identifier: MIT", "MIT"),
        ("/* SPDX-License-Identifier: (GPL-2.0-only OR MIT) */", "(GPL-2.0-only OR MIT)"),
        ("# SPDX-License-Identifier: MIT\n# SPDX-License-Identifier: MIT", "MIT"),
        ("# SPDX-License-Identifier: MIT\n# SPDX-License-Identifier: ISC", None),
        ("# SPDX-License-Identifier: see the file", None),
        ("# SPDX-License-Identifier:", None),
        ("x = 'SPDX-License-Identifier: MIT'", None),
        ("\n" * 50 + "# SPDX-License-Identifier: MIT", None),
    ],
)
def test_spdx_headers(tmp_path, header, license):
    assert licenses(write(tmp_path, {"a.py": header + "\n"})) == {"a.py": license}


def test_files_get_the_licence_of_the_nearest_manifest(tmp_path):
    files = {
        "LICENSE": MIT,
        "a.py": "x = 1\n",
        "pyproject.toml": "[tool.black]\nline-length = 120\n",
        "crate/Cargo.toml": '[package]\nlicense = "Apache-2.0"\n',
        "crate/src/b.py": "x = 1\n",
        "ui/package.json": '{"license": "UNLICENSED"}',
        "ui/c.py": "x = 1\n",
        "both/LICENSE": MIT,
        "both/setup.cfg": "[metadata]\nlicense = Apache-2.0\n",
        "both/d.py": "x = 1\n",
    }
    found = licenses(write(tmp_path, files))
    assert found == {"a.py": "MIT", "crate/src/b.py": "Apache-2.0", "ui/c.py": None, "both/d.py": None}
