import shutil
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
    ("text", "license"),
    [
        ("/*!\n * Foo v1.2 | (c) Foo and other contributors | MIT License | foo.io\n */\n", "MIT"),
        (
            "/**\n * @license\n * Foo <https://foo.io/>\n * Released under MIT license <https://foo.io/license>\n */\n",
            "MIT",
        ),
        ("/*! @license Apache-2.0 */\n", "Apache-2.0"),
        (comment("Foo\nCopyright 2013 Foo (MIT License)\nhttps://foo.io"), "MIT"),
        (comment("MIT License http://www.opensource.org/licenses/mit-license.php\nAuthor Foo"), "MIT"),
        (comment("Copyright (c) Foo and other contributors\nReleased under the MIT license."), "MIT"),
        (comment("Distributed under the OSI-approved BSD 3-Clause License. See the file LICENSE.rst."), "BSD-3-Clause"),
        (comment("GNU General Public License v3.0+ (see COPYING)"), "GPL-3.0-or-later"),
        (comment("This file is part of the GNU Foo Library.\n" + GPL3), "GPL-3.0-or-later"),
        (comment("Released under the Lesser GNU Public Licence, v2.1 or any higher version"), "LGPL-2.1-or-later"),
        (comment("This module is part of Foo and is released under\nthe MIT License"), "MIT"),
        (comment("LICENSE (The MIT License)\n\n" + MIT.partition("\n")[2] + "\n\nHow to use it: call f."), "MIT"),
    ],
)
def test_notices_as_people_write_them(text, license):
    assert answers(text)[0] == license


@pytest.mark.parametrize(
    "text",
    [
        comment("This file is not licensed under the\nMIT License"),
        comment(
            "Adapted from the file /a/b/c of the project Foo, in the version of 2020, by Bar, under the\nMIT license"
        ),
        comment("Derived from the code at foo.io which is under Apache 2.0 license"),
        comment("Code imported from `foo`\nRepo: https://foo.io\nLicense: MIT"),
        "!function(e){/*! foo -- license (MIT): https://foo.io/LICENSE */}();\n",
        ";(function(){/* Licensed under the MIT License */})()\n",
        comment(MIT + "\nThe software shall be used for good."),
    ],
)
def test_what_is_said_of_other_code_is_not_said_of_the_file(text):
    assert answers(text)[0] == "unknown"


def bsd(old: str, new: str) -> str:
    text = dict(__import__("identify.vendor.licenses", fromlist=["LICENSES"]).LICENSES)["BSD-3-Clause"]
    assert old in text
    return text.replace(old, new)


@pytest.mark.parametrize(
    ("text", "license"),
    [
        (bsd("THE COPYRIGHT HOLDERS AND CONTRIBUTORS", "THE REGENTS AND CONTRIBUTORS"), "BSD-3-Clause"),
        (bsd("THE COPYRIGHT HOLDER OR CONTRIBUTORS", "FOO INC"), "BSD-3-Clause"),
        (bsd("Neither the name of the copyright holder", "Neither the name of Foo"), "BSD-3-Clause"),
        (bsd("THE COPYRIGHT HOLDERS AND CONTRIBUTORS", "FOO, WHO MUST BE PAID,"), "unknown"),
        (bsd("3. Neither", "3. You may not use it on Sundays.\n\n4. Neither"), "unknown"),
        (
            MIT.partition("\n")[2].replace(
                "Permission", "Foo is under the MIT License, reproduced below.\n\nPermission"
            ),
            "MIT",
        ),
    ],
)
def test_licences_are_known_whoever_they_name(text, license):
    assert answers(text, source="LICENSE")[0] == license
    assert answers(comment(text))[0] == license


def test_copyright_lines_do_not_make_a_long_licence_another():
    text = dict(__import__("identify.vendor.licenses", fromlist=["LICENSES"]).LICENSES)["GPL-3.0"]
    changed = text.replace("Copyright (C) 2007 Free Software Foundation, Inc.", "Copyright Foo")
    without_appendix = changed.partition("END OF TERMS AND CONDITIONS")[0] + "END OF TERMS AND CONDITIONS\n"
    assert changed != text
    for given in (changed, without_appendix):
        assert answers(given, source="COPYING")[0] == "GPL-3.0-only"
    assert answers(without_appendix + "You may not use it on Sundays.\n", source="COPYING")[0] == "unknown"


def test_scancode_is_a_command_and_the_error_says_how_to_get_it(monkeypatch):
    batch = {"id": ["a"], "text": ["Do what you like.\n"], "license": [None], "source": ["LICENSE"]}
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ValueError, match="pipx install scancode-toolkit"):
        Licences(scancode=True)(batch)
    assert Licences(scancode=True)(batch | {"source": ["a.py"]})["license"] == ["unknown"]


@pytest.mark.skipif(shutil.which("scancode") is None, reason="the command scancode is not there")
def test_scancode_knows_what_we_do_not():
    hpnd = "Permission to use, copy, modify and distribute this software for any purpose and without fee is granted.\n"
    texts = [MIT + "\n\n" + bsd("3. Neither", "3. Neither"), hpnd + "It is not licensed under the MIT License.\n", "x"]
    batch = {"id": ["a", "b", "c"], "text": texts, "license": [None] * 3, "source": ["LICENSE"] * 3}
    assert Licences(scancode=True)(batch)["license"] == ["BSD-3-Clause AND MIT", "unknown", "unknown"]


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
    "text", ["# license a." + " " * 50_000, "# MIT License\n" * 5_000, "# see license " + "the " * 50_000, "\n" * 10**6]
)
def test_hostile_texts_take_no_quadratic_time(text):
    code = "import sys, resource; resource.setrlimit(resource.RLIMIT_CPU, (20, 20))\n" + (
        "from textbook.curation.licences import answer\nanswer(None, 'LICENSE', sys.stdin.read())"
    )
    subprocess.run([sys.executable, "-c", code], input=text, text=True, check=True)
