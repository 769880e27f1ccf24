"""The phrases by which licences are named, denied and restricted, as patterns over words (`licence_names.words`).

English only. Used by `textbook.curation.licence_notices`.
"""

import re

from textbook.curation.licence_names import NAME

TITLE = re.compile(
    rf"(?:spdx )?(?:licen[cs]e )?(?:identifier )?(?P<name>{NAME})(?: licensed)?"
    r"(?: see (?:the )?(?:file )?(?:copying|licen[cs]e)(?: txt| md)?(?: file)?(?: for details)?)?"
    r"(?:(?: or)? https? (?:www )?(?:gnu|opensource) org licen[cs]es?(?: \w+){1,4})?|(?P<empty>licen[cs]e|licensing)"
)
LEAD = (
    r"(?:(?:\blicen[cs]e )?(?:\blicen[cs]e[ds] )?\b(?:under|subject to|governed by|covered by|(?<=distributed )with)"
    r"(?: either)?(?: (?:the|a|an))?(?: osi approved)?(?: (?:terms|"
    r"conditions|provisions)(?: and conditions)?(?: of)?)?(?: (?:the|a|an))?|\blicen[cs]e[ds]?(?: is| type| as)?"
    r"(?: (?:the|a))?(?: standard| osi approved)?) "
)
TAIL = (
    r"(?! ?(?:licen[cs]e )?(?:style|like|compatible|variants?|with|except\w*|plus|but|clear|modified|lbnl|attribution|"
    r"patent|no|based(?! on)|however|unless|excluding|only for|for non|or|0|1|2|3)\b)\b"
)
NOTICE = re.compile(rf"{LEAD}(?P<name>{NAME}){TAIL}|\b(?P<adjective>{NAME})(?<= licen[cs]ed)(?= [,;]|$)")
EITHER = re.compile(
    rf"{LEAD}(?:either )?(?P<first>{NAME})(?: licen[cs]e apache(?: or https? www apache org licenses license 2 0)?)?"
    rf"(?: or)(?: (?:under )?(?:the )?)?(?P<second>{NAME})"
    rf"(?: licen[cs]e mit(?: or https? opensource org licenses mit)?)?"
    rf"(?: licen[cs]es)?(?: at your (?:option|choice))?{TAIL}"
)
DOUBT = re.compile(
    r"\b(?:not|no|never|nor|previously|formerly|originally|unlike|instead|except\w*|once|was|were|if|whether|"
    r"compatible|similar|derived|based|portions?|(?<!is )parts?|some|but|other|older|pars(?:es?|ed|ing)|detect\w*|"
    r"check\w*|find\w*|e g|example|template|unless|until|cannot|t|adapted|taken|borrowed|copied|ported|dual|"
    r"(?:which|that) (?:is|are|was))\b"
)
DOUBT_WORDS = 7
ELSEWHERE = re.compile(
    r"\b(?:adapted|derived|derivative|based|portions?|parts?|snippets?|taken|borrowed|copied|ported|forked|translated|"
    r"imported|extracted|vendored|bundle[ds]?|includes|contains|uses)\b"
)
"""Verbs of taking from elsewhere: the licence named further on in the sentence may be that of what was taken."""
TAKEN = re.compile(
    r"\b(?:adapted|derived from (?!software contributed)|snippets?|taken|borrowed|copied|ported|forked|translated|"
    r"imported|vendored|included here|a copy of|modified version of)\b"
)
"""The same before a licence in full. Berkeley's headers begin "derived from software contributed to Berkeley"."""
BSD_TITLE = re.compile(
    r"(?:(?:distributed|released|licen[cs]ed) under (?:the )?|(?:^|[,;] |licen[cs]e ))bsd(?: licen[cs]e)?\b"
)
ELSEWHERE_WORDS = 25

SEE = r"(?:(?:the|this|our|its|accompanying|bundled|included|full|attached|top|level|project|file|files|s|a|copy|of) )"
HARMLESS = re.compile(
    "|".join(
        [
            r"the licen[cs]e you may not use (?:this|these|the) \w+ except in compliance with the licen[cs]e",
            r"you may obtain a copy of the licen[cs]e at",
            r"https? (?:www )?apache org licenses license 2 0(?: html| txt)?",
            r"unless required by applicable law or agreed to in writing (?:\w+ )?"
            r"distributed (?:under the licen[cs]e is distributed )?on an as is basis without warranties or conditions "
            r"of any kind either express or implied",
            r"see the licen[cs]e (?:you chose )?for the specific language governing permissions and"
            r"(?: limitations under (?:the|that) licen[cs]e)?",
            r"you may not use this \w+ except in compliance with one of these (?:two )?licen[cs]es",
            r"a copy of both licen[cs]es (?:are|is) available in the project source as apache 2 0 and bsd",
            r"licensed to (?:the )?(?:\w+ ){1,6}under (?:one or more|a) contributor (?:licen[cs]e )?agreements?",
            r"(?:the )?(?:\w+ ){1,4}licenses this file to you",
            r"(?:licstart )?the following is the entire licen[cs]e notice for the \w+ code in this (?:page|file)",
            r"(?:licend )?the above is the entire licen[cs]e notice for the \w+ code in this (?:page|file)",
            r"(?:begin|end) licen[cs]e(?: block)?\b",
            r"(?:this \w+|it|\w+) is free software you can redistribute (?:it|them) and or modify(?: it| them)?",
            r"see the gnu (?:\w+ )?general public licen[cs]e for more details",
            r"you should have received a copy of the gnu (?:\w+ )?general public licen[cs]e(?: along with [\w ]{1,40}?"
            r"(?= if not|$))?",
            r"https? (?:www )?gnu org (?:licenses|copyleft)(?: \w?gpl| lesser)?(?: \d [01])?(?: html| txt)?",
            r"if a copy of the mpl was not distributed with this file you can obtain one at https? (?:www )?mozilla org"
            r" mpl 2 0",
            r"https? (?:www )?mozilla org mpl(?: 2 0)?",
            r"https? (?:www )?(?:opensource|spdx) org licen[cs]es?(?: \w+){0,3}?(?: php| html)",
            r"(?:licen[cs]e |the full licen[cs]e (?:text )?is )?(?:see|refer to|read|consult|found in|included in|in) "
            rf"{SEE}{{0,5}}(?:licen[cs]e|copying|unlicense)(?: txt and licenses)?"
            r"(?: (?:txt|md|rst|html|file|files|document|lesser|lib|[al]?gpl(?:v?[23])?))*"
            r"(?: (?:in|at|of|from|distributed|that|accompanying) "
            r"(?:(?:the|this|with|accompanies|project|source|code|root|main|top|level|package) )*(?:root|project|"
            r"repository|distribution|folder|directory|tree|package|source|information|software|code|file))*"
            r"(?: for (?:(?:the|full|more|further|complete|licen[cs]e|licensing|copyright) )*(?:details|information|"
            r"info|terms|text|licensing|licen[cs]e)"
            r"(?: about copyright and rights to use| and contributor agreement| terms)*)?",
            r"spdx filecopyrighttext",
            r"licen[cs]e text (?:is )?available at https? opensource org licen[cs]es? \w+",
            r"a copy of the licen[cs]e is located at(?: https? aws amazon com apache ?2 0)?",
            r"or in the licen[cs]e file accompanying this file",
            r"this file may not be copied modified or distributed except according to those terms",
        ]
    )
)
"""Phrases that point to a licence already named, or belong to its notice."""

SPEAKS = re.compile(
    r"\b(?:(?:un|sub)?licen[cs]\w*|[al]?gpl\w*|gnu (?:\w+ ){0,2}?(?:general|public)|copyleft|copying|public domain|"
    r"mozilla public|creative commons|redistribut\w*|permission)\b"
)
RESTRICTS = re.compile(
    r"\bnot (?:\w+ ){0,3}licen[cs]ed|proprietary|confidential|trade secret|non ?commercial|no licen[cs]e|unlicensed|"
    r"may not (?:be )?(?:use|cop|distribut|reproduc|modif)|prohibited|strictly forbidden|commercial licen[cs]e|"
    r"(?:academic|research|personal|educational|evaluation) (?:use|purposes) only|without (?:\w+ ){0,4}(?:permission|"
    r"consent)\b"
)
ADDS = re.compile(r"\b(?:shall|must|may|only|not|no|except\w*|unless|used?)\b")
"""What makes a rule of the words after a licence, in a licence file."""
RULE = r"\b(?:shall|must|may|only|not|no|except\w*|unless|prohibited|requires?)\b"
USE = r"\b(?:us(?:e[ds]?|ing|age)|software|licen[cs]\w*|redistribut\w*|sell\w*|commercial\w*|cop(?:y|ies)|modif\w*)\b"
ADDS_ON_USE = re.compile(rf"{RULE}.{{0,60}}{USE}|{USE}.{{0,60}}{RULE}")
"""The same in the head of a file, where any words about the code may follow."""
FAMILY = {
    "GPL-": re.compile(r"\b(?:[al]?gpl\w*|gnu (?:\w+ )?general public)"),
    "MIT": re.compile(r"\bmit licen[cs]e|licen[cs]ed? (?:under )?(?:the )?mit\b|permission is hereby granted free of"),
    "BSD-": re.compile(r"\bbsd\b|redistribution and use in source and binary forms"),
    "Apache-": re.compile(r"\bapache(?: software)? licen[cs]e"),
    "MPL-": re.compile(r"\bmozilla public|\bmpl\b"),
    "CC": re.compile(r"\bcreative commons|\bcc by\b"),
    "EPL-": re.compile(r"\beclipse public"),
}
"""What names a licence of a family, without saying which."""

BELOW = re.compile(
    r"spdx-license-identifier:|licen[cs]ed\s+under|licen[cs]e:|__licen[cs]e__|\bl?gpl[ v\-]|"
    r"general public\s+licen[cs]e|redistribution and use|permission is hereby granted",
    re.IGNORECASE,
)
BELOW_WORDS = ("licens", "licenc", "gpl", "general public", "redistribution", "hereby granted")
"""One of them is in every match of `BELOW`, in lower case: the gate before it."""
ASSIGNED = re.compile(r"^__licen[cs]e__\s*=\s*([\"'])([^\"'\n]+)\1", re.MULTILINE)

LOOKS = re.compile(r"licen[cs]e|permission|redistribution", re.IGNORECASE)
LICENCE_STARTS = re.compile(
    r"permission is hereby granted|permission to use copy|redistribution and use (?:of this software )?in source|"
    r"this software is provided|"
    r"boost software license version|this is free and unencumbered|apache license version|"
    r"mozilla public license version"
)
OPERATIVE = frozenset(
    re.findall(
        r"\w+",
        "with or not no nor only except unless shall must may without commercial noncommercial academic research "
        "personal education prior written permission fee additional additionally addition restriction restrictions "
        "condition conditions gpl good evil military license licenses licence licensed exception clause patent "
        "advertising use used uses using prohibited prohibits forbidden restricted",
    )
)
"""Words that may not come or go where a text is taken for a copy of a licence."""
