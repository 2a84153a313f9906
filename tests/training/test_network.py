"""What is learned on standardised features holds for features as they are."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the `training` extra")

from gateway.core.classifier.features import BLOCK_NAMES, PAGE_NAMES, Features
from gateway.core.classifier.network import predict
from training.fit import measure_scale, spread
from training.network import Example, Recipe, fit_network

RANDOM = np.random.default_rng(0)


def make_features(blocks: int) -> Features:
    """Features of very different sizes, some out of bounds; one never varies."""
    sizes = 10.0 ** RANDOM.integers(-2, 3, len(BLOCK_NAMES) + len(PAGE_NAMES))
    sizes[3] = 0
    rows = (RANDOM.standard_t(3, (len(sizes), blocks)) + 1) * sizes[:, None]
    page, words = rows[len(BLOCK_NAMES) :, 0], RANDOM.integers(1, 50, blocks)
    return Features(*(part.astype(np.float32) for part in (rows[: len(BLOCK_NAMES)], page, words)))


def test_scale_in_the_weights_is_scale_before_them() -> None:
    pages = [make_features(blocks) for blocks in (1, 7, 40)]
    scale = measure_scale(pages)
    examples = [Example(scale.apply(spread(p)), RANDOM.random(len(p.words)) > 0.5, p.words, 0) for p in pages]
    network = fit_network(examples, recipe=Recipe(epochs=2))
    for page, example in zip(pages, examples, strict=True):
        of_blocks, of_page = np.split(example.features.T.astype(np.float32), [len(BLOCK_NAMES)])
        before, kinds_before = predict(Features(of_blocks, of_page[:, 0], page.words), network)
        after, kinds_after = predict(page, scale.fold_into(network))
        assert after == pytest.approx(before, abs=2e-3)  # examples are in half precision
        assert kinds_after == pytest.approx(kinds_before, abs=2e-3)
