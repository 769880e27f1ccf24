"""Embeddings of a causal language model, as the paper has them, with a small model of CodeGen's shape."""

import shutil

import numpy as np
import pytest

from tests.curation.labelled_programs import labelled
from textbook.curation.educational_value import EducationalValue
from textbook.curation.encoders import CausalLMEmbedding, SentenceEncoder

TEXTS = ["x = 1\n", "def f(x):\n    return x\n" * 9, "", "漢字 \ud800 \0", "word " * 500, "y"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A CodeGen with random weights and a tokenizer of bytes."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import CodeGenConfig, CodeGenModel, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("codegen")
    vocabulary = {byte: number for number, byte in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    PreTrainedTokenizerFast(tokenizer_object=tokenizer).save_pretrained(folder)
    torch.manual_seed(0)
    config = CodeGenConfig(
        vocab_size=256, n_positions=256, n_embd=32, n_layer=2, n_head=4, rotary_dim=4, bos_token_id=0, eos_token_id=0
    )
    CodeGenModel(config).save_pretrained(folder)
    return folder


@pytest.mark.slow
def test_a_vector_is_the_mean_of_the_last_hidden_states(folder):
    import torch
    from transformers import AutoModel, AutoTokenizer

    tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder).eval()
    with torch.inference_mode():
        states = model(**tokenizer(TEXTS[1], return_tensors="pt")).last_hidden_state[0]
    vectors = CausalLMEmbedding(str(folder)).encode(TEXTS)
    assert vectors.shape == (6, 32) and vectors.dtype == np.float32
    assert np.abs(vectors[1] - states.mean(dim=0).numpy()).max() < 1e-5
    assert (vectors[2] == 0).all() and np.isfinite(vectors).all()


@pytest.mark.slow
def test_neither_the_batch_nor_its_size_moves_a_vector(folder):
    encoder = CausalLMEmbedding(str(folder))
    together = encoder.encode(TEXTS)
    for size in (1, 2, 6):
        other = CausalLMEmbedding(str(folder), batch_size=size).encode(TEXTS[::-1])[::-1]
        assert np.abs(other - together).max() < 1e-5
    assert encoder.encode([]).shape == (0, 32)


@pytest.mark.slow
def test_no_more_is_read_than_the_model_takes(folder):
    short, long = CausalLMEmbedding(str(folder), max_tokens=8), CausalLMEmbedding(str(folder), max_tokens=10**6)
    assert np.abs(short.encode(["abcdefgh"]) - short.encode(["abcdefghijkl" * 100])).max() < 1e-5
    assert np.isfinite(long.encode(["word " * 10_000])).all()
    assert short.identity != long.identity


@pytest.mark.slow
def test_the_paper_s_preset_with_it_comes_back_from_a_folder(folder, tmp_path):
    labels = labelled(60)
    model = shutil.copytree(folder, tmp_path / "model")
    scorer = EducationalValue.fit(labels, "paper", encoder=CausalLMEmbedding(str(model), max_tokens=64))
    texts = [row.text for row in labels.train[:9]]
    scores = scorer.score(texts).scores
    assert min(scores[::3]) > max(*scores[1::3], *scores[2::3])
    loaded = EducationalValue.load(scorer.save(tmp_path / "scorer"))
    assert loaded == scorer
    assert np.abs(loaded.score(texts[:1]).scores - scores[:1]).max() < 1e-3
    shutil.rmtree(model)
    with pytest.raises(ValueError, match="needs the encoder .*give it with encoder="):
        EducationalValue.load(tmp_path / "scorer")
    moved = CausalLMEmbedding(str(folder), max_tokens=64)
    assert EducationalValue.load(tmp_path / "scorer", encoder=moved) == scorer


@pytest.mark.slow
def test_a_folder_without_a_model_is_said(tmp_path):
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ValueError, match="can't be loaded .*give a folder that holds it"):
        CausalLMEmbedding(str(tmp_path)).encode(["x"])


@pytest.mark.parametrize("kind", [CausalLMEmbedding, SentenceEncoder])
def test_a_name_without_a_commit_is_refused(kind):
    with pytest.raises(ValueError, match="without a revision; give revision=, a commit"):
        kind("someone/some-model")


@pytest.mark.parametrize("options", [{"max_tokens": 0}, {"batch_size": 0}])
def test_sizes_out_of_range_are_refused(options):
    with pytest.raises(ValueError, match="give 1 or more"):
        CausalLMEmbedding("someone/some-model", "0" * 40, **options)
