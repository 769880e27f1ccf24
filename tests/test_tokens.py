import base64
import importlib.metadata
import json
import pickle
import random
import time
from dataclasses import dataclass
from pathlib import Path

import dill
import huggingface_hub.constants
import pytest
import regex
import tokenizers
from hypothesis import given, settings
from hypothesis import strategies as st

from scripts import train_tokenizer
from textbook import tokens
from textbook.lineage import fingerprint
from textbook.tokens import CountTokens, count, load

ARTEFACT = Path(tokens.__file__).parent / "assets" / tokens.ARTEFACT
SNIPPET = "class Tree:\r\n    def __len__(self):\n\t\treturn 12345 + len(self.left)  # größer, 漢字 😀\n"
GOLDEN_IDS = [
    [
        456,
        13784,
        25,
        2640,
        302,
        578,
        576,
        608,
        274,
        303,
        3172,
        341,
        6956,
        2044,
        515,
        827,
        351,
        9605,
        8,
        256,
        2,
        547,
        81,
        15144,
        127,
        253,
        279,
        11,
        220,
        162,
        120,
        95,
        161,
        255,
        245,
        220,
        172,
        253,
        246,
        222,
        198,
    ],
    [257, 87, 1188, 422, 198],
]
MB = 1_000_000
DRAW = random.Random(0)
HOSTILE = {
    "one letter": "a" * MB,
    "spaces": " " * MB,
    "tabs": "\t" * MB,
    "line breaks": "\n" * MB,
    "punctuation before breaks": ";\r\n" * (MB // 3),
    "brackets": "(" * MB,
    "digits": "7" * MB,
    "random letters": "".join(DRAW.choices("abcdefghijklmnopqrstuvwxyz", k=MB)),
    "random whitespace": "".join(DRAW.choices(" \t\r\n\x0b\x0c\x1c\x85\xa0\u2028", k=MB)),
    "CJK": "".join(chr(DRAW.randrange(0x4E00, 0x9FFF)) for _ in range(MB)),
    "combining marks": "e" + "\u0301" * (MB // 2),
    "NUL": "\0" * MB,
    "lone surrogates": "\ud800" * MB,
}


def ranks() -> dict[bytes, int]:
    return {base64.b64decode(token): int(rank) for token, rank in map(bytes.split, ARTEFACT.read_bytes().splitlines())}


def plain_bpe(text: str, ranks: dict[bytes, int]) -> list[int]:
    """The definition of byte-level BPE, quadratic: merge the pair of least rank, the leftmost first."""
    ids = []
    for piece in regex.findall(tokens.PATTERN, text):
        parts = [bytes([byte]) for byte in piece.encode()]
        while len(parts) > 1:
            rank, i = min(
                (ranks.get(a + b, len(ranks)), i) for i, (a, b) in enumerate(zip(parts, parts[1:], strict=False))
            )
            if rank == len(ranks):
                break
            parts[i : i + 2] = [parts[i] + parts[i + 1]]
        ids += [ranks[part] for part in parts]
    return ids


def test_what_lies_under_a_published_name_never_changes():
    golden = "bf6f8337e943bffbfb377532f40457c2aaf302d008af8661e1bbe7649342e1d1"
    assert golden == tokens.DIGEST == tokens.digest(ARTEFACT.read_bytes())
    assert load().encode_batch([SNIPPET, "    x += 1\n"]) == GOLDEN_IDS


def test_artefact_is_small_and_complete():
    learnt = ranks()
    assert ARTEFACT.stat().st_size < 500_000
    assert sorted(learnt.values()) == list(range(tokens.VOCABULARY_SIZE))
    assert {bytes([byte]) for byte in range(256)} <= learnt.keys()


def test_provenance_describes_the_artefact_and_names_permissive_licences_only():
    provenance = json.loads(ARTEFACT.with_suffix(".json").read_text())
    assert provenance["sha256"] == tokens.DIGEST
    assert provenance["pattern"] == tokens.PATTERN
    assert sum(part["bytes"] for part in provenance["pool"]) == provenance["pool_bytes"]
    assert not any("GPL" in part["license"] or "MPL" in part["license"] for part in provenance["pool"])


def test_ids_are_those_of_plain_byte_pair_encoding():
    texts = [SNIPPET, Path(tokens.__file__).read_text(), " \n  x==1 \r\n\r\n y", "don't __init__(self, *args)", ""]
    learnt = ranks()
    assert load().encode_batch(texts) == [plain_bpe(text, learnt) for text in texts]


@settings(max_examples=300, deadline=None)
@given(st.text(st.characters(codec=None)) | st.text(" \t\r\n\x0bab_.('1é漢\ud800\udc00\0"))
def test_any_text_survives_a_round_trip_but_for_surrogates(text):
    (ids,) = load().encode_batch([text])
    assert load().decode(ids) == tokens.well_formed(text)
    assert count([text]) == [len(ids)]


def test_surrogate_pairs_are_joined_and_lone_ones_replaced():
    assert tokens.well_formed("a\ud83d\ude00b\ud800") == "a😀b\ufffd"
    before = "x" * (tokens.SLICE_CHARS - 1)
    assert load().decode(load().encode_batch([before + "\ud83d\ude00"])[0]) == before + "😀"


def test_code_is_cut_where_code_is_cut():
    def spell(text):
        return [load().decode([token]) for token in load().encode_batch([text])[0]]

    assert spell("):\n        return self.name") == ["):\n        ", "return", " self", ".name"]
    assert spell("1234567") == ["123", "456", "7"]
    assert count(["\n" + " " * 12, "\n" + " " * 24]) == [1, 1]


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_text_takes_linear_time(kind):
    text = HOSTILE[kind]
    count([""])
    start = time.process_time()
    (num_tokens,) = count([text])
    assert time.process_time() - start < 4
    assert num_tokens >= MB / 100


def test_longer_texts_are_encoded_in_slices():
    head, tail = "x = 1\n" * (tokens.SLICE_CHARS // 6) + "x =", "\n" * 7 + "y"
    head = head[: tokens.SLICE_CHARS].ljust(tokens.SLICE_CHARS)
    assert load().encode_batch([head + tail]) == [[*load().encode_batch([head])[0], *load().encode_batch([tail])[0]]]


def test_the_spelling_of_a_special_token_is_text():
    assert count(["<|endoftext|>"])[0] > 1


def test_a_tokenizer_pickles_as_its_name():
    assert load() == load("textbook-16k")
    for library in (pickle, dill):
        data = library.dumps(load())
        assert len(data) < 1000
        assert library.loads(data).encode_batch([SNIPPET]) == load().encode_batch([SNIPPET])


@pytest.fixture
def tokenizer_json(tmp_path):
    model = tokenizers.Tokenizer(
        tokenizers.models.WordLevel({"[UNK]": 0, "a": 1, "[": 2, "UNK": 3, "]": 4}, unk_token="[UNK]")
    )
    model.add_special_tokens(["[UNK]"])
    model.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    model.post_processor = tokenizers.processors.TemplateProcessing("[UNK] $A", special_tokens=[("[UNK]", 0)])
    model.enable_truncation(3)
    model.enable_padding(length=3)
    path = tmp_path / "tokenizer.json"
    model.save(str(path))
    return path


def test_a_file_counts_without_padding_truncation_or_special_tokens(tokenizer_json):
    texts = ["", "a", "a a a a a", "a [UNK]", "a \ud800"]
    loaded = load(str(tokenizer_json))
    assert count(texts, str(tokenizer_json)) == [0, 1, 5, 4, 2]
    assert loaded.encode_batch(["a [UNK]"]) == [[1, 2, 3, 4]]
    for library in (pickle, dill):
        assert count(texts, library.loads(library.dumps(loaded))) == [0, 1, 5, 4, 2]


def test_a_file_is_known_by_its_content_not_by_its_path(tokenizer_json, tmp_path):
    copy = tmp_path / "copy.json"
    copy.write_bytes(tokenizer_json.read_bytes())
    other = tmp_path / "other.json"
    other.write_text(tokenizer_json.read_text().replace('"a": 1', '"b": 1'))
    steps = [CountTokens(load(str(path))) for path in (tokenizer_json, copy, other)]
    assert fingerprint(steps[0]) == fingerprint(steps[1]) != fingerprint(steps[2])
    with pytest.raises(ValueError, match="tokens.load"):
        CountTokens(str(copy))(CountTokens.example()[1])


@dataclass(frozen=True)
class Characters:
    identity: str = "characters-1"

    def encode_batch(self, texts):
        return [[ord(character) for character in text] for text in texts]


def test_any_object_with_an_identity_will_do():
    step = CountTokens(Characters())
    _, batch = CountTokens.example()
    assert step(batch)["num_tokens"] == [len(text) for text in batch["text"]]
    assert fingerprint(step) != fingerprint(CountTokens(Characters("characters-2")))
    assert fingerprint(step) != fingerprint(CountTokens())


def test_the_step_adds_a_column_and_leaves_the_batch_alone():
    step, batch = CountTokens.example()
    before = {name: list(column) for name, column in batch.items()}
    counted = step(batch)
    assert batch == before
    assert counted == before | {"num_tokens": count(before["text"])}
    assert counted["num_tokens"][0] > counted["num_tokens"][1] == 0


@pytest.mark.parametrize("name", ["textbook-17k", "nowhere/tokenizer.json", "", "tokenizer"])
def test_unknown_names_are_refused_without_a_network_call(name):
    with pytest.raises(ValueError, match=r"tokenizer\.json"):
        load(name)


@pytest.mark.parametrize("name", ["nobody/nothing", "nobody/nothing@main", "not a/repository/at all"])
def test_a_hub_name_that_cannot_be_fetched_says_so(name, monkeypatch):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    with pytest.raises(ValueError, match="could not be fetched"):
        load(name)


def test_a_tiktoken_name_that_cannot_be_fetched_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("TIKTOKEN_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    with pytest.raises(ValueError, match="TIKTOKEN_CACHE_DIR"):
        count(["a"], "cl100k_base")


@pytest.mark.parametrize(
    ("fields", "licence"),
    [
        ("License-Expression: MIT", "MIT"),
        ("License-Expression: (Apache-2.0 OR BSD-3-Clause) AND Zlib", "(Apache-2.0 OR BSD-3-Clause) AND Zlib"),
        ("License-Expression: MIT AND GPL-3.0-only", None),
        ("License-Expression: MPL-2.0\nClassifier: License :: OSI Approved :: MIT License", None),
        ("License: see LICENSE\nClassifier: License :: OSI Approved :: MIT License", "MIT License"),
        ("License: GPL\nClassifier: License :: OSI Approved :: GNU General Public License (GPL)", None),
        ("License: see LICENSE", None),
        ("Summary: nothing said", None),
    ],
)
def test_the_pool_takes_packages_whose_metadata_are_permissive(fields, licence, tmp_path):
    (tmp_path / "METADATA").write_text(f"Metadata-Version: 2.4\nName: example\nVersion: 1\n{fields}\n")
    assert train_tokenizer.license_of(importlib.metadata.PathDistribution(tmp_path)) == licence


def test_training_does_not_depend_on_order_and_gives_every_byte():
    texts = [SNIPPET * 3, Path(__file__).read_text(), Path(tokens.__file__).read_text()]
    learnt = train_tokenizer.train(texts)
    assert learnt == train_tokenizer.train(texts[::-1])
    assert {bytes([byte]) for byte in range(256)} <= learnt.keys()
    assert b" return" in learnt or b"return" in learnt
