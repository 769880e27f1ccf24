import subprocess
import sys

import pytest
from reading import MIT

from tests.contract import check_step
from textbook.curation.licence_names import normalised
from textbook.curation.licences import PERMISSIVE, KeepLicences, Licences, allowed
from textbook.keep import Keep

GPL3 = """
This program is free software: you can redistribute it and/or modify it under the terms of the GNU General Public
License as published by the Free Software Foundation, either version 3 of the License, or (at your option) any later
version.

This program is distributed in the hope that it will be useful, but WITHOUT ANY WARRANTY; without even the implied
warranty of MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE.  See the GNU General Public License for more details.

You should have received a copy of the GNU General Public License along with this program.  If not, see
<https://www.gnu.org/licenses/>.
"""
APACHE = """
Licensed under the Apache License, Version 2.0 (the "License"); you may not use this file except in compliance with the
License. You may obtain a copy of the License at

    http://www.apache.org/licenses/LICENSE-2.0

Unless required by applicable law or agreed to in writing, software distributed under the License is distributed on an
"AS IS" BASIS, WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied. See the License for the specific
language governing permissions and limitations under the License.
"""


def answers(text: str, license: str | None = None, source: str = "a.py") -> tuple[str, str]:
    out = Licences()({"id": ["a"], "text": [text], "license": [license], "source": [source]})
    return out["license"][0], out["license_evidence"][0]


def comment(text: str) -> str:
    return "".join(f"# {line}\n" for line in text.strip().splitlines()) + "import os\n"


@pytest.mark.parametrize("step", [Licences, KeepLicences])
def test_contract(step):
    check_step(*step.example())


@pytest.mark.parametrize(
    ("name", "license"),
    [
        ("Apache 2.0", "Apache-2.0"),
        ("Apache License, Version 2.0", "Apache-2.0"),
        ("apache-2.0", "Apache-2.0"),
        ("The MIT License (MIT)", "MIT"),
        ("License :: OSI Approved :: MIT License", "MIT"),
        ("BSD-3", "BSD-3-Clause"),
        ("New BSD License", "BSD-3-Clause"),
        ("GPL-3.0+", "GPL-3.0-or-later"),
        ("GPLv3+", "GPL-3.0-or-later"),
        ("GPL (>= 2)", "GPL-2.0-or-later"),
        ("gpl-2.0", "GPL-2.0-only"),
        ("GNU General Public License v3 or later (GPLv3+)", "GPL-3.0-or-later"),
        ("GNU LGPL 2.1", "LGPL-2.1-only"),
        ("EUPL v1.2", "EUPL-1.2"),
        ("GPL-2.0-with-classpath-exception", "GPL-2.0-only WITH Classpath-exception-2.0"),
        ("Apache-2.0 with llvm-exception", "Apache-2.0 WITH LLVM-exception"),
        ("Apache 2.0 or MIT", "Apache-2.0 OR MIT"),
        ("MIT AND (GPLv2+ OR Apache License 2.0)", "MIT AND (Apache-2.0 OR GPL-2.0-or-later)"),
        ("BSD", None),
        ("MIT-style", None),
        ("MIT/GPL", None),
        ("MIT, see also the GPL", None),
        ("BSL 1.1", None),
        ("UNLICENSED", None),
        ("Public Domain", None),
        ("CC BY-NC 4.0", None),
        ("GPL-7.0", None),
        ("proprietary", None),
        ("MIT OR", None),
        ("(" * 5000 + "MIT" + ")" * 5000, None),
    ],
)
def test_names_are_normalised_and_nothing_is_guessed(name, license):
    assert normalised(name) == license


@pytest.mark.parametrize(
    ("text", "license"),
    [
        (comment("SPDX-License-Identifier: GPL-2.0+"), "GPL-2.0-or-later"),
        (comment("Copyright 2020 Foo. All rights reserved.\nLicensed under the MIT License."), "MIT"),
        (comment("License: BSD (3-clause), see the LICENSE file for details."), "BSD-3-Clause"),
        ('#!/usr/bin/python\n"""Reads dates.\n\nLicense: MIT\n"""\n', "MIT"),
        (comment(GPL3), "GPL-3.0-or-later"),
        (comment(APACHE), "Apache-2.0"),
        (f"/*\n{APACHE}*/\nint x;\n", "Apache-2.0"),
        (comment("This file is part of Foo.\n\n" + MIT), "MIT"),
        (comment("Licensed under the GNU Lesser General Public License, version 2.1 or later."), "LGPL-2.1-or-later"),
        (comment("Dual licensed under the MIT or GPL Version 2 licenses."), "GPL-2.0-only OR MIT"),
        ("__license__ = 'MIT'\n", "MIT"),
        (comment("SPDX-License-Identifier: MIT\nSPDX-License-Identifier: GPL-3.0-only"), "GPL-3.0-only AND MIT"),
        (MIT, "MIT"),
    ],
)
def test_the_head_of_a_text_names_its_licence(text, license):
    assert answers(text)[0] == license


@pytest.mark.parametrize(
    "text",
    [
        "x = 1\n",
        comment("This file is not licensed under the MIT License."),
        comment("This was formerly licensed under the MIT License."),
        comment("Licensed under the MIT License, except for f(), which is GPL."),
        comment("Licensed under the MIT License for non-commercial use."),
        comment("Licensed under the MIT license with the Commons Clause."),
        comment("Parts of this file are under the MIT license."),
        comment("Licensed under the MIT and GPL v2 licenses."),
        comment("Licensed under an MIT-style license."),
        comment("SPDX-License-Identifier: MIT\n" + GPL3.replace("version 3", "no version")),
        comment(MIT + "\nThe Software shall be used for Good, not Evil."),
        comment("This code is in the public domain."),
        comment("Licensed under the BSD license."),
        "LICENCES = ['MIT', 'Apache-2.0']\n",
        "TEXT = 'Licensed under the MIT License'\n",
        "TEXT = '''\n# SPDX-License-Identifier: MIT\nLicense: MIT\n'''\n",
        "x = 1\n" + comment("This function is licensed under the MIT License."),
        comment("MIT License") + comment("The rest is licensed under the GNU General Public License v2."),
        comment("MIT License") + "x = 'SPDX-License-Identifier: GPL-2.0-only'\n",
        comment("MIT License") + "def f():\n    '''License: something of our own'''\n",
    ],
)
def test_what_leaves_a_doubt_is_unknown(text):
    license, evidence = answers(text)
    assert license == "unknown" and evidence


@pytest.mark.parametrize(
    ("row", "text", "license"),
    [
        ("Apache 2.0", "x = 1\n", "Apache-2.0"),
        ("MIT", comment("See the LICENSE file."), "MIT"),
        ("bsd-3-clause", comment("Use of this is governed by a BSD-style license, see LICENSE."), "BSD-3-Clause"),
        ("MIT", comment(GPL3), "GPL-3.0-or-later AND MIT"),
        ("GPLv3+", comment("Licensed under the MIT License."), "GPL-3.0-or-later AND MIT"),
        ("MIT", comment("MIT License"), "MIT"),
        ("NOASSERTION", comment("MIT License"), "MIT"),
        ("BSD", comment("License: BSD-3-Clause"), "BSD-3-Clause"),
        ("BSD", comment("License: MIT"), "unknown"),
        ("our own", comment("License: MIT"), "unknown"),
        ("MIT", comment("Not licensed under the MIT License."), "unknown"),
        ("MIT", comment("This file is proprietary and confidential."), "unknown"),
        ("MIT", comment("Licensed under the GPL."), "unknown"),
        ("MIT", "x = 1\n" + comment("Copied from Foo, licensed under the GPL v2."), "unknown"),
        ("MIT", "x = 1\n" + comment("Licensed under the MIT License."), "MIT"),
    ],
)
def test_the_row_and_the_text_count_together(row, text, license):
    assert answers(text, row)[0] == license


def test_the_evidence_says_where_the_answer_comes_from():
    assert answers("x = 1\n", "MIT") == ("MIT", "row")
    assert answers(comment("SPDX-License-Identifier: MIT")) == ("MIT", "SPDX header")
    assert answers(comment("MIT License"), "MIT") == ("MIT", "row + notice at the head")
    assert answers("x = 1\n") == ("unknown", "nothing says")
    assert answers("x = 1\n# licensed under the GPLv3\n", "MIT") == (
        "unknown",
        "the text: line 2 speaks of GPL-3.0-only",
    )


def test_whole_licence_files_may_differ_in_a_word_that_does_not_matter():
    bsd = dict(__import__("identify.vendor.licenses", fromlist=["LICENSES"]).LICENSES)["BSD-3-Clause"]
    changed = bsd.replace("PROFITS", "PROFIT")
    assert answers(changed, source="foo/LICENSE") == (
        "BSD-3-Clause",
        "the text, which is a licence but for a few words",
    )
    assert answers(bsd.replace("with or without", "without"), source="LICENSE.txt")[0] == "unknown"
    assert answers(bsd + "\nNo military use.\n", source="LICENSE.txt")[0] == "unknown"
    assert answers(changed, source="a.py")[0] == "unknown"


@pytest.mark.parametrize(
    ("expression", "allow", "is_allowed"),
    [
        ("MIT", ("MIT",), True),
        ("mit", ("MIT",), True),
        ("MIT OR GPL-3.0-only", ("MIT",), True),
        ("MIT AND GPL-3.0-only", ("MIT",), False),
        ("MIT AND GPL-3.0-only", ("MIT", "GPL-3.0"), True),
        ("(MIT OR GPL-3.0-only) AND Apache-2.0", ("MIT", "Apache-2.0"), True),
        ("Apache-2.0 WITH LLVM-exception", ("Apache-2.0",), True),
        ("GPL-2.0-only WITH Classpath-exception-2.0", ("MIT",), False),
        ("GPL-2.0-only WITH Classpath-exception-2.0", ("GPL-2.0-only WITH Classpath-exception-2.0",), True),
        ("GPL-2.0-only", ("GPL-2.0-only WITH Classpath-exception-2.0",), False),
        ("GPL-2.0-or-later", ("GPL-2.0-only",), True),
        ("GPL-2.0-only", ("GPL-2.0-or-later",), False),
        ("unknown", PERMISSIVE, False),
        ("", PERMISSIVE, False),
        (None, PERMISSIVE, False),
        ("MIT GPL", PERMISSIVE, False),
    ],
)
def test_allow_lists_follow_the_sense_of_an_expression(expression, allow, is_allowed):
    assert allowed(expression, allow) is is_allowed


def test_keep_licences_names_what_is_missing():
    step, batch = KeepLicences.example()
    reasons = step(batch)["drop_reason"]
    assert reasons[:2] == [None, None]
    assert reasons[2] == "license is GPL-3.0-only AND MIT: GPL-3.0-only not allowed"
    assert reasons[3] == "license is unknown"
    assert KeepLicences(keep_unknown=True)(batch)["drop_reason"][3] is None


def test_an_allow_list_with_a_wrong_name_is_refused():
    with pytest.raises(ValueError, match="'Permissive' is no SPDX licence"):
        KeepLicences(allow=("MIT", "Permissive"))({"id": ["a"], "license": ["MIT"]})


def test_keep_takes_the_answers():
    out = Keep("license", one_of=("MIT",))(Licences()(Licences.example()[1]))
    assert out["drop_reason"].count(None) == 1


def test_without_the_extra_the_error_names_the_pip_line():
    code = (
        "import sys; sys.modules['license_expression'] = None\n"
        "from textbook.curation.licences import Licences\n"
        "step, batch = Licences.example()\n"
        "try: step(batch)\n"
        "except ModuleNotFoundError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "pip install 'textbook-curation[licences]'" in done.stdout


@pytest.mark.parametrize(
    "text", ["# license a." + " " * 50_000, "# MIT License\n" * 5_000, "# see license " + "the " * 50_000]
)
def test_hostile_texts_take_no_quadratic_time(text):
    code = "import sys, resource; resource.setrlimit(resource.RLIMIT_CPU, (20, 20))\n" + (
        "from textbook.curation.licences import answer\nanswer(None, 'LICENSE', sys.stdin.read())"
    )
    subprocess.run([sys.executable, "-c", code], input=text, text=True, check=True)
