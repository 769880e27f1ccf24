"""`PersonalData`: what is found of what was planted, in many formats and countries, what is found in real files, speed.

    python benchmarks/personal_data.py FOLDER ...      real files to look through; without, the installed Python files
    python benchmarks/personal_data.py --list N ...    and N of the finds at random, to be read (they are personal data)

Planted are 300 of each kind, in comments, strings, JSON, YAML and prose. The formats of numbers are those in which
people of these countries write them for foreigners, after the ITU's E.123; nobody is known to have the numbers.
"""

import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))

from benchmarks.secrets_found import real_files
from textbook.curation.personal_data import PersonalData, find_personal_data

NUM_PLANTED = 300
NAMES = ("jane", "j.doe", "o'brien", "bob_k", "anna-lena", "x99", "maria.garcia+lists")
DOMAINS = ("acme.org", "mail.cs.uni-bonn.de", "gmail.com", "bbc.co.uk", "company.io", "x.museum", "yandex.ru", "qq.com")
PHONES = (
    *(
        "+49 30 ######",
        "+49 (0)89 ########",
        "+49-171-#######",
        "+49/221/######",
        "+33 1 ## ## ## ##",
        "+33 6.##.##.##.##",
    ),
    *(
        "+44 20 7### ####",
        "+44 (0)161 ### ####",
        "+44 7### ######",
        "+1 212 4## ####",
        "+1-415-6##-####",
        "+1 (312) 7##-####",
    ),
    *(
        "+1.604.6##.####",
        "(212) 4##-####",
        "(415)6##-####",
        "312-7##-####",
        "604.6##.####",
        "1-800-4##-####",
        "+86 10 6### ####",
    ),
    *(
        "+86 138 #### ####",
        "+81 3-3###-####",
        "+81-90-####-####",
        "+91 98### #####",
        "+91-22-2### ####",
        "+55 11 9####-####",
    ),
    *(
        "+55 (21) 3###-####",
        "+7 495 ###-##-##",
        "+7 (812) ###-##-##",
        "+39 06 #### ####",
        "+34 91 ### ## ##",
        "+31 6 ########",
    ),
    *(
        "+32 2 ### ## ##",
        "+41 44 ### ## ##",
        "+46 8 ### ### ##",
        "+48 22 ### ## ##",
        "+61 2 9### ####",
        "+61 4## ### ###",
    ),
    *(
        "+64 9 ### ####",
        "+65 6### ####",
        "+82 2-###-####",
        "+852 2### ####",
        "+972-3-###-####",
        "+971 4 ### ####",
        "+27 11 ### ####",
    ),
    *(
        "+52 55 #### ####",
        "+353 1 ### ####",
        "+420 2## ### ###",
        "+380 44 ### ## ##",
        "+90 212 ### ## ##",
        "tel:+4930######",
    ),
)
CARRIERS = (
    *(
        "# {}\n",
        'x = "{}"\n',
        '{{"value": "{}"}}\n',
        "value: {}\n",
        "Ask {} about it.\n",
        "<a>{}</a>\n",
        "f('{}', 2)\n",
    ),
    *("({})\n", "{}\n", "one, {}, three\n"),
)


def email(rng: random.Random) -> str:
    return f"{rng.choice(NAMES)}{rng.randint(0, 99)}@{rng.choice(DOMAINS)}"


def ipv4(rng: random.Random) -> str:
    while True:
        address = IPv4Address(rng.getrandbits(32))
        if address.is_global and not address.is_multicast and max(address.packed) >= 40:
            return str(address) + rng.choice(["", "", ":8080"])


def ipv6(rng: random.Random) -> str:
    start = rng.choice([0x2A00, 0x2001 << 16 | 0x4000, 0x2600, 0x2400, 0x2C0F])
    address = (start << (96 if start > 0xFFFF else 112)) + rng.getrandbits(96 if rng.random() < 0.5 else 16)
    return rng.choice([IPv6Address(address).compressed, IPv6Address(address).exploded, f"[{IPv6Address(address)}]:443"])


def phone(rng: random.Random) -> str:
    return "".join(rng.choice("12346789") if sign == "#" else sign for sign in rng.choice(PHONES))


def print_recall(kind: str, make: Callable[[random.Random], str]) -> None:
    rng, missed, placeholders = random.Random(kind), Counter(), 0
    for _ in range(NUM_PLANTED):
        value = make(rng)
        carrier = rng.choice(CARRIERS)
        text = carrier.format(value) + carrier.format(value)
        once = PersonalData()({"text": [text]})["text"][0]
        again = PersonalData()({"text": [once]})["text"][0]
        placeholders += len(find_personal_data(text)) in (0, 2) and once.count("_2>") == 0 and once == again
        left = sum(sign.isalnum() for sign in once.replace("_1>", "")) - sum(map(str.isalnum, carrier)) * 2
        if len(find_personal_data(text)) < 2 or left > 2 * len("EMAIL8080"):
            missed[value] += 1
    recall = 1 - missed.total() / NUM_PLANTED
    print(f"{kind}: recall {recall:.3f}, {placeholders} of {NUM_PLANTED} with consistent placeholders")
    print(f"  missed, such as {list(missed)[:8]}") if missed else None


def main() -> None:
    arguments = sys.argv[1:]
    num_shown = int(arguments.pop(1)) if arguments[:1] == ["--list"] else 0
    texts = list(real_files([argument for argument in arguments if argument != "--list"]).values())
    for kind, make in {"email": email, "ipv4": ipv4, "ipv6": ipv6, "phone": phone}.items():
        print_recall(kind, make)
    start, step = time.process_time(), PersonalData()
    done = [step({"text": [text]}) for text in texts]
    speed = sum(len(text.encode()) for text in texts) / 1e6 / (time.process_time() - start)
    changed = sum(step({"text": out["text"]})["num_personal_data"] != [0] for out in done)
    found = [(text, span) for text, out in zip(texts, done, strict=True) for span in out["personal_data"][0]]
    kinds = Counter(span["kind"] for _, span in found)
    print(f"{len(texts):,} files: {speed:.1f} MB/CPU-s, {dict(kinds)}, {changed} of them change when run again")
    for text, span in random.Random(0).sample(found, min(num_shown, len(found))):
        print(f"  {span['kind']} {text[max(span['start'] - 50, 0) : span['end'] + 30]!r}")


if __name__ == "__main__":
    main()
