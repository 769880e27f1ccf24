"""Four ways to score, by name: features and a head for each.

`best` and `fast` need no model; `paper` and `fineweb_edu` embed texts with one that is fetched once, or that is given.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from textbook.curation.byte_ngrams import ByteNgramHash
from textbook.curation.educational_value.composed import Concatenated, Stacked
from textbook.curation.educational_value.featurisers import ByteNgrams, CodeColumns, Embedded, Features
from textbook.curation.educational_value.heads import DualRidge, Head
from textbook.curation.encoders import Encoder, SentenceEncoder
from textbook.require import require

Preset = tuple[Features, Head]

CODEGEN = "Salesforce/codegen-350M-mono"
ARCTIC, ARCTIC_REVISION = "Snowflake/snowflake-arctic-embed-m", "cc17beacbac32366782584c8752220405a0f3f40"

TEXT = ByteNgramHash()
"""The n-grams of a text and of its shape."""
ROLES = ByteNgramHash(orders=(), shape_orders=(), role_orders=(2, 4, 6))
"""What its tokens are."""
WORDS = ByteNgramHash(orders=(), shape_orders=(), word_orders=(8,))
TEXT_AND_WORDS = ByteNgramHash(word_orders=(8,))
ALL = ByteNgramHash(role_orders=(2, 4, 6), word_orders=(8,))

BOOSTED: Mapping[str, Any] = {
    "n_estimators": 300,
    "learning_rate": 0.03,
    "max_depth": 4,
    "subsample": 0.5,
    "max_features": 0.2,
    "min_samples_leaf": 8,
}
RANDOM: Mapping[str, Any] = {"n_estimators": 50, "min_samples_leaf": 3, "max_features": 0.7}


def best(encoder: Encoder | None) -> Preset:
    """Trees over the code features, and over what ridge regressions on four views of a text say.

    Three runs of boosting (Friedman 2001) and extremely randomised trees (Geurts, Ernst and Wehenkel 2006), averaged.
    With an encoder, a ridge regression over its vectors stands beside the views.
    """
    ensemble = require("sklearn.ensemble", "fit")
    boosted = [ensemble.GradientBoostingRegressor(**BOOSTED, random_state=run) for run in range(3)]
    heads = [*boosted, ensemble.ExtraTreesRegressor(**RANDOM, random_state=0)]
    views: list[Features] = [ByteNgrams(view) for view in (TEXT, ROLES, WORDS, ALL)]
    views += [] if encoder is None else [Embedded(encoder)]
    named = [(str(at), head) for at, head in enumerate(heads)]
    features = Concatenated(*(Stacked(view, DualRidge()) for view in views), CodeColumns())
    return features, ensemble.VotingRegressor(named, weights=[1, 1, 1, 3])


def fast(encoder: Encoder | None) -> Preset:
    """A ridge regression over byte n-grams: for a great many files on a CPU, without a syntax tree.

    Raises:
        ValueError: an encoder is given.
    """
    if encoder is not None:
        raise ValueError("the preset 'fast' embeds nothing; take 'best', 'paper' or 'fineweb_edu' with encoder=")
    return ByteNgrams(TEXT_AND_WORDS), DualRidge()


def paper(encoder: Encoder | None) -> Preset:
    """phi-1's own: a random forest that tells good from not good by a CodeGen embedding (section 2.1).

    The paper says neither which CodeGen it is nor how large the forest: 350M-mono and 300 trees are our choice.

    Raises:
        ValueError: no encoder is given: a model is named with its commit, and we know none that we have checked.
    """
    if encoder is None:
        raise ValueError(
            f"the preset 'paper' needs encoder=CausalLMEmbedding({CODEGEN!r}, revision=COMMIT); take the commit from "
            "the model's page on the Hub, or give the folder of a copy"
        )
    forest = require("sklearn.ensemble", "fit").RandomForestClassifier(n_estimators=300)
    return Embedded(encoder), forest


def fineweb_edu(encoder: Encoder | None) -> Preset:
    """The form of FineWeb-Edu's classifier (arXiv 2406.17557, section 4): a sentence encoder and a regression.

    Theirs trains the encoder's pooling layer too; here the encoder stays as it is.
    """
    regression = require("sklearn.linear_model", "fit").RidgeCV(alphas=np.logspace(-3, 3, 13))
    return Embedded(encoder or SentenceEncoder(ARCTIC, ARCTIC_REVISION)), regression


PRESETS: Mapping[str, Callable[[Encoder | None], Preset]] = {
    "best": best,
    "fast": fast,
    "paper": paper,
    "fineweb_edu": fineweb_edu,
}


def choose(
    preset: str, features: Features | None = None, head: Head | None = None, encoder: Encoder | None = None
) -> Preset:
    """The preset's features and head, less what is given in their place.

    Raises:
        ValueError: there is no such preset, or it has no use for an encoder.
    """
    if preset not in PRESETS:
        raise ValueError(f"there is no preset {preset!r}; expected one of {', '.join(PRESETS)}")
    if features is not None and encoder is not None:
        raise ValueError("got features= and encoder=, expected one of them; give Embedded(encoder) among the features")
    found = PRESETS[preset](encoder) if features is None or head is None else (features, head)
    return features if features is not None else found[0], head if head is not None else found[1]
