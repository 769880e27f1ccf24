"""`Licences`: real licence files against their metadata, planted headers, hostile texts, and throughput.

    python benchmarks/licences.py                   installed distributions of this environment and its interpreter
    python benchmarks/licences.py ANSWERS.json      compare with scancode too: {"path": "SPDX expression", ...}

`ANSWERS.json` comes from `scancode --license --json ANSWERS.json FOLDER`, or is a mapping as above. Targets: 150
licence files, .98 of the planted headers read, not one permissive answer that is wrong.
"""

import importlib.metadata
import itertools
import json
import random
import re
import site
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).parent.parent))

from textbook.curation.licence_names import UNKNOWN, normalised
from textbook.curation.licences import allowed, answer
from textbook.curation.sources.licenses import is_license_file

NUM_FILES = 3_000
NOTICES = {
    "MIT": [
        "Licensed under the MIT License.",
        "Released under the MIT license, see LICENSE for details.",
        "License: MIT",
    ],
    "BSD-3-Clause": [
        "License: BSD 3 clause",
        "Distributed under the 3-clause BSD license.",
        "Under the New BSD License.",
    ],
    "BSD-2-Clause": ["This file is released under the Simplified BSD License.", "License: BSD-2-Clause"],
    "Apache-2.0": [
        'Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in\n'
        "compliance with the License. You may obtain a copy of the License at\n\n    http://www.apache.org/licenses/LICENSE-2.0\n\n"
        "Unless required by applicable law or agreed to in writing, software distributed under the License is\n"
        'distributed on an "AS IS" BASIS,\n'
        "WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND,\neither express or implied. See the\n"
        "License for the specific language governing permissions and limitations under the License.",
        "This module is made available under the terms of the Apache 2.0 license.",
    ],
    "GPL-3.0-or-later": [
        "This program is free software: you can redistribute it and/or modify it under the terms of the GNU General\n"
        "Public License as published by the Free Software Foundation, either version 3 of the License, or (at your\n"
        "option) any later version.\n\nThis program is distributed in the hope that it will be useful, but WITHOUT\n"
        "ANY WARRANTY; without\n"
        "even the implied warranty of MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE. See the\n"
        "GNU General Public License for more details.",
        "License: GPLv3+",
        "You may use this file under the GNU GPL, version 3 or later.",
    ],
    "GPL-2.0-only": ["This file is licensed under the GPL v2.", "Under the GNU GPL version 2 only."],
    "LGPL-2.1-or-later": ["Licensed under the GNU LGPL 2.1 or later.", "License: LGPLv2.1+"],
    "AGPL-3.0-only": ["Covered by the GNU Affero General Public License version 3.", "License: AGPL-3.0"],
    "MPL-2.0": [
        "This Source Code Form is subject to the terms of the Mozilla Public\nLicense, v. 2.0. If a copy of the MPL "
        "was not distributed with this\nfile, You can obtain one at https://mozilla.org/MPL/2.0/.",
    ],
    "ISC": ["Published under the ISC license.", "License: ISC"],
    "Unlicense": ["This is released under the Unlicense."],
    "CC0-1.0": ["Available under CC0 1.0 Universal."],
    "Zlib": ["Distributed under the zlib license."],
    "BSL-1.0": ["Distributed under the Boost Software License, Version 1.0."],
    "EUPL-1.2": ["Licensed under the EUPL, version 1.2."],
    "PSF-2.0": ["Licensed under the PSF License version 2."],
    "Apache-2.0 OR MIT": ["Licensed under either the MIT License or the Apache License, Version 2.0, at your option."],
}
FULL = ("MIT", "BSD-2-Clause", "BSD-3-Clause", "ISC", "Zlib", "0BSD", "Unlicense", "BSL-1.0")
OWNERS = ("Copyright (c) 2019 Jane Doe", "(C) Copyright 2011-2020, The Foo Authors. All rights reserved.", "")
BEFORE = ("", "This file is part of Foo.", "Parses dates in many formats.\n")
HOSTILE = (
    "This file is not licensed under the MIT License.",
    "Licensed under the MIT License, except for parse(), which is GPLv3.",
    "Formerly licensed under the MIT License.",
    "Unlike Foo, which is under the MIT license, this is proprietary.",
    "Licensed under the MIT License for non-commercial use.",
    "Portions are licensed under the Apache License, Version 2.0.",
    "Compatible with code under the BSD 3-Clause license.",
    "MIT License\n\nUse in commercial products needs a commercial license.",
    "License: MIT\nLicense: GPL-3.0",
    "SPDX-License-Identifier: MIT\nSPDX-License-Identifier: GPL-3.0-only",
    "Licensed under the MIT and GPL v2 licenses.",
    "This is in the public domain.",
    "Licensed under an MIT-style license.",
    "Licensed under the MIT license with the Commons Clause.",
    "Licensed under the BSD license.",
)
BELOW = (
    "TEXT = 'Licensed under the MIT License'\n",
    "LICENCES = ['MIT', 'Apache-2.0']\nHEADER = '''\n# SPDX-License-Identifier: MIT\n'''\n",
    "x = 1\n# The rest of this file is licensed under the MIT License.\n",
    "def licence():\n    '''License: MIT'''\n",
)


class LicenceFile(NamedTuple):
    """An installed licence file, and what its distribution declares in `License-Expression`."""

    path: Path
    text: str
    declared: str | None


def commented(text: str) -> Iterator[str]:
    """`text` as a comment at the top of files of several languages."""
    lines = text.splitlines()
    yield "\n".join(f"# {line}".rstrip() for line in lines) + "\nimport os\n\nprint(os.getcwd())\n"
    yield "\n".join(f"// {line}".rstrip() for line in lines) + "\npackage main\n"
    yield "/*\n" + "\n".join(f" * {line}".rstrip() for line in lines) + "\n */\nint main() { return 0; }\n"
    yield f'#!/usr/bin/env python\n"""{text}\n"""\nimport os\n'
    yield "\n".join(f"-- {line}".rstrip() for line in lines) + "\nSELECT 1;\n"


def planted() -> Iterator[tuple[str, str]]:
    """Texts with a header, and the licence that it names."""
    from identify.vendor.licenses import LICENSES

    texts = dict(LICENSES)
    notices = [(name, notice) for name, all_of in NOTICES.items() for notice in all_of]
    notices += [(name, f"SPDX-License-Identifier: {name}") for name in NOTICES]
    notices += [(name, texts[name].replace("[year]", "2020").replace("[fullname]", "Jane Doe")) for name in FULL]
    for (name, notice), owner, before in itertools.product(notices, OWNERS, BEFORE):
        for text in commented("\n".join(filter(None, [before, owner, notice]))):
            yield name, text


def hostile() -> Iterator[str]:
    """Texts that mention permissive licences, and are under none for sure."""
    for notice, owner, before in itertools.product(HOSTILE, OWNERS, BEFORE):
        yield from commented("\n".join(filter(None, [before, owner, notice])))
    yield from BELOW
    for text, below in itertools.product(commented("License: GPL-3.0-only"), BELOW):
        yield text + below
    for text in commented("Licensed under the MIT License."):
        yield text + "\n# This function is licensed under the GNU General Public License, version 2.\n"


def folders() -> list[str]:
    """The site-packages of this environment and of the interpreter behind it."""
    return list(dict.fromkeys([*site.getsitepackages(), *site.getsitepackages([sys.base_prefix])]))


def licence_files() -> Iterator[LicenceFile]:
    """The licence files of the installed distributions: the declared expression, where it is the only one."""
    seen = set()
    for distribution in importlib.metadata.distributions(path=folders()):
        found = [Path(str(distribution.locate_file(f))) for f in distribution.files or () if ".dist-info" in str(f)]
        found = [path for path in found if is_license_file(path.name) and path.is_file() and path not in seen]
        for path in found:
            seen.add(path)
            declared = distribution.metadata.get("License-Expression") if len(found) == 1 else None
            yield LicenceFile(path, path.read_text("utf-8", "replace"), declared)


def print_files(scancode: dict[str, str]) -> None:
    files = list(licence_files())
    started = time.process_time()
    said = {file.path: answer(None, str(file.path), file.text) for file in files}
    seconds = time.process_time() - started
    known = [file for file in files if said[file.path][0] != UNKNOWN]
    print(f"{len(files)} licence files: {len(known)} answered, {1000 * seconds / max(len(files), 1):.1f} CPU-ms each")
    declared = [file for file in files if file.declared]
    agree = [file for file in declared if said[file.path][0] == normalised(file.declared or "")]
    print(f"{len(declared)} of them declare an expression: {len(agree)} answers agree")
    for file in declared:
        if file not in agree and said[file.path][0] != UNKNOWN:
            wrong = allowed(said[file.path][0]) and not allowed(normalised(file.declared or ""))
            mark = "WRONG PERMISSIVE" if wrong else "differs"
            print(f"  {mark}: {'/'.join(file.path.parts[-3:])}: {said[file.path]}, declared {file.declared}")
    for file in files:
        theirs = scancode.get(str(file.path))
        if theirs and normalised(theirs) != said[file.path][0]:
            print(f"  scancode: {'/'.join(file.path.parts[-3:])}: {said[file.path]}, scancode {theirs}")


def print_planted() -> None:
    rows = list(planted())
    wrong = [(name, text, got) for name, text in rows if (got := answer(None, "a", text))[0] != normalised(name)]
    permissive = [got for name, _, got in wrong if allowed(got[0]) and not allowed(normalised(name))]
    print(f"{len(rows)} planted headers: {1 - len(wrong) / len(rows):.4f} read, {len(permissive)} wrongly permissive")
    for name, text, got in random.Random(0).sample(wrong, min(8, len(wrong))):
        print(f"  {name}: {got} {text[:200]!r}")
    rows = [(value, text) for text in hostile() for value in (None, "unknown")]
    rows += [("MIT", text) for text in commented("Licensed under the GNU GPL, version 3.")]
    fooled = [(text, got) for value, text in rows if allowed((got := answer(value, "a", text))[0])]
    print(f"{len(rows)} hostile texts: {len(fooled)} wrongly permissive")
    for text, got in fooled[:8]:
        print(f"  {got} {text[:200]!r}")


def print_speed() -> None:
    paths = sorted(path for folder in folders() for path in Path(folder).rglob("*.py"))
    chosen = random.Random(0).sample(paths, min(NUM_FILES, len(paths)))
    texts = [path.read_text("utf-8", "replace") for path in chosen]
    size = sum(len(text.encode("utf-8", "replace")) for text in texts)
    started = time.process_time()
    said = [answer(None, path.name, text) for path, text in zip(chosen, texts, strict=True)]
    seconds = time.process_time() - started
    known = sum(licence != UNKNOWN for licence, _ in said)
    print(f"{len(texts)} Python files: {size / 1e6 / seconds:.1f} MB/CPU-s, {known} name their licence themselves")
    reasons = [re.sub(r"line \d+|'[^']*'", "...", why) for licence, why in said if licence == UNKNOWN]
    for reason in sorted(set(reasons), key=reasons.count, reverse=True)[:8]:
        print(f"  unknown, {reasons.count(reason)}: {reason}")


def main() -> None:
    scancode = {}
    if len(sys.argv) > 1:
        scancode = json.loads(Path(sys.argv[1]).read_text())
        if "files" in scancode:
            scancode = {f["path"]: f["detected_license_expression_spdx"] for f in scancode["files"]}
    print_files(scancode)
    print_planted()
    print_speed()


if __name__ == "__main__":
    main()
