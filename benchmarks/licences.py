"""`Licences`: real licence files against their metadata, planted headers, hostile texts, and throughput.

    python benchmarks/licences.py                   installed distributions of this environment and its interpreter
    python benchmarks/licences.py ANSWERS.json      compare with scancode too: {"path": "SPDX expression", ...}

`ANSWERS.json` comes from `scancode --license --json ANSWERS.json FOLDER`, or is a mapping as above; the files that it
names are read, wherever they lie, equal ones once. Targets: 150 licence files, .98 of the planted headers read, not one
permissive answer that is wrong.
"""

import importlib.metadata
import itertools
import json
import random
import re
import site
import sys
import time
from collections import Counter
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
    "ZPL-2.1": ["This software is subject to the provisions of the Zope Public License, Version 2.1 (ZPL)."],
    "Apache-2.0 OR MIT": ["Licensed under either the MIT License or the Apache License, Version 2.0, at your option."],
}
REAL = {
    "MIT": [
        "foo.js v2.2.4 | (c) 2013-2020, Jane Doe of Foo Studios | MIT License | foo.com",
        "Released under the MIT license\nhttps://foo.com/license/",
        "MIT License http://www.opensource.org/licenses/mit-license.php\nAuthor Jane Doe @jane",
        "Foo may be freely distributed under the MIT license.\nFor all details and documentation:\nhttp://foojs.org",
        "Licensed under MIT (https://github.com/foo/foo/blob/main/LICENSE)",
        "@license MIT",
        "Copyright(c) 2009-2013 Jane Doe\nMIT Licensed",
        "(C) 2010 Jane Doe\nMIT LICENCE",
        "Copyright (c) 2011-2018, Jane Doe. (MIT License)",
        "Distributed under MIT/X11 license. See license.txt for more information.",
        "Use of this software is governed by the MIT license",
        "This module is part of Foo and is released under\nthe MIT License: http://opensource.org/licenses/MIT",
        "Foo is free software; you can redistribute it and/or modify\nit under the terms of the MIT license.",
    ],
    "BSD-3-Clause": [
        "Distributed under the OSI-approved BSD 3-Clause License.  See accompanying\nfile LICENSE.rst for details.",
        "Distributed under the terms of the Modified BSD License.\n\nThe full license is in the file LICENSE.txt, "
        "distributed with this software.",
        "Distributed under the (new) BSD License. See LICENSE.txt for more info.",
        "License: Standard 3-clause BSD; see 'license.txt' for full license terms\nand contributor agreement.",
        "Licensed under the New BSD license. See LICENSE or:\nhttp://opensource.org/licenses/BSD-3-Clause",
    ],
    "Apache-2.0": [
        "Licensed under Apache License v2.0.  See the file 'LICENSE' for more information.",
        "Use of this source code is governed by the Apache License, Version 2.0.\nSee the COPYING file for details.",
    ],
    "GPL-2.0-only": ["This program can be distributed under the terms of the GNU GPLv2.\nSee the file COPYING."],
    "GPL-2.0-or-later": [
        "This software may be used and distributed according to the terms of the\n"
        "GNU General Public License version 2 or any later version."
    ],
    "GPL-3.0-or-later": ["GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)"],
    "LGPL-2.1-or-later": ["Released under the Lesser GNU Public Licence, v2.1 or any higher version"],
    "LGPL-2.0-only": ["This file is released under LGPL2.\nSee COPYING.LGPL2 in root directory for more details"],
    "BSL-1.0": ["License: Boost Software License   See LICENSE.txt for the full license."],
    "GPL-2.0-only OR MIT": ["Dual licensed under the MIT or GPL Version 2 licenses."],
}
"""How real headers put it, in packages of Python, npm and Debian."""
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
    "This file is not licensed under the\nMIT License",
    "Adapted from the project Foo, in its version of May 2020, by somebody at Bar, under the\nMIT license",
    "Based on the code at foo.io which is under Apache 2.0 license",
    "Uses Foo (MIT License) for dates",
    "Code imported from Foo\nRepo: https://foo.io\nLicense: MIT",
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
    notices = [(name, notice) for kinds in (NOTICES, REAL) for name, all_of in kinds.items() for notice in all_of]
    notices += [(name, f"SPDX-License-Identifier: {name}") for name in NOTICES]
    notices += [(name, texts[name].replace("[year]", "2020").replace("[fullname]", "Jane Doe")) for name in FULL]
    for (name, notice), owner, before in itertools.product(notices, OWNERS, BEFORE):
        for text in commented("\n".join(filter(None, [before, owner, notice]))):
            yield name, text


def hostile() -> Iterator[str]:
    """Texts that mention permissive licences, and are under none for sure."""
    for notice, owner, before in itertools.product(HOSTILE, OWNERS, BEFORE):
        yield from commented("\n".join(filter(None, [before, owner, notice])))
    yield "!function(e){/*! foo -- license (MIT): https://foo.io/LICENSE */}();\n"
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


def print_files() -> None:
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


def print_compared(scancode: dict[str, str | None]) -> None:
    """Ours beside ScanCode's; one of ours is wrongly permissive where it is permissive and ScanCode's is not."""
    texts = {Path(path).read_text("utf-8", "replace"): path for path in scancode}
    count, lines = Counter(files=len(texts)), []
    for text, path in texts.items():
        theirs, (mine, evidence) = scancode[path], answer(None, path, text)
        kind = "ours unknown" if mine == UNKNOWN else "equal" if mine == normalised(theirs or "") else "differ"
        count.update([kind, *["scancode's"] * bool(theirs)])
        if kind == "differ" and allowed(mine) and not allowed(normalised(theirs or "")):
            count["differ, ours permissive alone"] += 1
        if kind != "equal":
            lines.append(f"  {'/'.join(Path(path).parts[-3:])}: {mine} ({evidence}), scancode {theirs}")
    print("beside ScanCode: " + ", ".join(f"{number} {what}" for what, number in count.items()))
    print("\n".join(lines))


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
        print_compared(scancode)
    print_files()
    print_planted()
    print_speed()


if __name__ == "__main__":
    main()
