"""Fits one network of the classifier: torch here, numpy at run time, the same arithmetic in both.

Pages are laid end to end with gaps of zeros between them, so a batch needs no padding. The loss is
cross-entropy, in which every page weighs the same, plus half of what a soft F1 over words leaves to be won,
plus a little of the page type's cross-entropy.
"""

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from gateway.core.classifier.layers import WIDTH
from gateway.core.classifier.network import DILATIONS, PAGE_TYPES, Network

GAP = WIDTH // 2 * max(DILATIONS)
REACH = 4.0  # features are clipped to so many standard deviations


class Recipe(NamedTuple):
    """Everything about the fit that is a choice."""

    hidden: int = 32
    head: int = 32
    epochs: int = 12
    batch: int = 16
    rate: float = 2e-3
    decay: float = 1e-2
    dropout: float = 0.2
    feature_dropout: float = 0.1
    soft_f1: float = 0.5
    page_type: float = 0.05
    longest: int = 1500  # blocks of a page in one step; a longer one gives a random stretch of itself
    seed: int = 0


class Example(NamedTuple):
    """One page as the network sees it."""

    features: np.ndarray  # (blocks, features), standardised, within REACH
    labels: np.ndarray  # (blocks,) booleans
    words: np.ndarray  # (blocks,)
    page_type: int


class _Net(nn.Module):
    def __init__(self, features: int, recipe: Recipe) -> None:
        super().__init__()
        size = recipe.hidden
        self.recipe = recipe
        self.input = nn.Linear(features, size)
        self.convolutions = nn.ModuleList(nn.Linear(WIDTH * size, size) for _ in DILATIONS)
        self.pool = nn.Linear(size, 1)
        self.head = nn.Linear(2 * size, recipe.head)
        self.output = nn.Linear(recipe.head, 1)
        self.types = nn.Linear(size, len(PAGE_TYPES))

    def forward(self, batch: "_Batch") -> tuple[Tensor, Tensor]:
        recipe, features = self.recipe, batch.features
        if self.training:  # whole features, page by page
            kept = torch.rand(batch.pages, features.shape[1]) > recipe.feature_dropout
            features = features * (kept.float() / (1 - recipe.feature_dropout))[batch.page]
        hidden = self._drop(torch.relu(self.input(features)) * batch.inside)
        for convolution, dilation in zip(self.convolutions, DILATIONS, strict=True):
            edge = WIDTH // 2 * dilation
            padded = functional.pad(hidden, (0, 0, edge, edge))
            seen = [padded[i * dilation : i * dilation + len(hidden)] for i in range(WIDTH)]
            hidden = (hidden + self._drop(torch.relu(convolution(torch.cat(seen, 1))))) * batch.inside
        size = batch.inside * torch.log1p(batch.words)[:, None]
        attention = torch.exp(self.pool(hidden).clamp(-8, 8)) * size
        context = batch.sums(hidden * attention) / (batch.sums(attention) + 1e-6)
        head = torch.relu(self.head(torch.cat([hidden, context[batch.page]], 1)))
        return self.output(self._drop(head))[:, 0], self.types(context)

    def _drop(self, values: Tensor) -> Tensor:
        return functional.dropout(values, self.recipe.dropout, self.training)


class _Batch:
    def __init__(self, examples: list[Example]) -> None:
        def lay(parts: list[np.ndarray]) -> Tensor:
            gap = np.zeros((GAP, *parts[0].shape[1:]), dtype=np.float32)
            return torch.from_numpy(
                np.concatenate([piece for part in parts for piece in (part.astype(np.float32), gap)])
            )

        self.pages = len(examples)
        self.features = lay([example.features for example in examples])
        self.labels = lay([example.labels for example in examples])
        self.words = lay([example.words for example in examples])
        self.inside = lay([np.ones((len(example.labels), 1)) for example in examples])
        self.page = torch.from_numpy(
            np.repeat(np.arange(self.pages), [len(example.labels) + GAP for example in examples])
        )
        self.types = torch.tensor([example.page_type for example in examples])

    def sums(self, values: Tensor) -> Tensor:
        return torch.zeros(self.pages, *values.shape[1:]).index_add(0, self.page, values)


def fit_network(examples: list[Example], *, recipe: Recipe) -> Network:
    """Fit the network; the same examples give the same weights on the same machine."""
    torch.manual_seed(recipe.seed)
    torch.set_num_threads(1)  # sums in one order
    random = np.random.default_rng(recipe.seed)
    net = _Net(examples[0].features.shape[1], recipe)
    optimizer = torch.optim.AdamW(net.parameters(), lr=recipe.rate, weight_decay=recipe.decay)
    steps = recipe.epochs * -(-len(examples) // recipe.batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, recipe.rate, total_steps=steps, pct_start=0.15)
    net.train()
    for _ in range(recipe.epochs):
        order = random.permutation(len(examples))
        for start in range(0, len(order), recipe.batch):
            picked = [
                _stretch(examples[i], recipe.longest, random) for i in order[start : start + recipe.batch]
            ]
            loss = _loss(net, _Batch(picked), recipe)
            optimizer.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(net.parameters(), 1.0)
            optimizer.step()
            schedule.step()
    return _export(net)


def _stretch(example: Example, longest: int, random: np.random.Generator) -> Example:
    spare = len(example.labels) - longest
    if spare <= 0:
        return example
    start = int(random.integers(spare + 1))
    part = slice(start, start + longest)
    return Example(example.features[part], example.labels[part], example.words[part], example.page_type)


def _loss(net: _Net, batch: _Batch, recipe: Recipe) -> Tensor:
    logits, kinds = net(batch)
    inside, words, labels = batch.inside[:, 0], batch.words, batch.labels
    weight = ((words + 2) / (batch.sums(words)[batch.page] + 100)) ** 0.7 * inside
    weight = weight / batch.sums(weight)[batch.page].clamp(min=1e-6)
    entropy = functional.binary_cross_entropy_with_logits(logits, labels, reduction="none")
    probability = torch.sigmoid(logits) * inside
    agreed = batch.sums(probability * labels * words)
    f1 = (2 * agreed + 1) / (batch.sums(probability * words) + batch.sums(labels * words) + 1)
    types = functional.cross_entropy(kinds, batch.types)
    return (
        (entropy * weight).sum() / batch.pages + recipe.soft_f1 * (1 - f1).mean() + recipe.page_type * types
    )


def _export(net: _Net) -> Network:
    def array(value: Tensor) -> np.ndarray:
        return value.detach().numpy().astype(np.float16).astype(np.float32)

    size = net.recipe.hidden
    head = array(net.head.weight).T
    bound = np.full(net.input.in_features, REACH, dtype=np.float32)
    return Network(
        low=-bound,
        high=bound,
        input_weight=array(net.input.weight).T,
        input_bias=array(net.input.bias),
        convolution_weights=np.stack([array(layer.weight).T for layer in net.convolutions]),
        convolution_biases=np.stack([array(layer.bias) for layer in net.convolutions]),
        pool_weight=array(net.pool.weight).T,
        pool_bias=array(net.pool.bias),
        block_weight=head[:size],
        context_weight=head[size:],
        head_bias=array(net.head.bias),
        output_weight=array(net.output.weight).T,
        output_bias=array(net.output.bias),
        type_weight=array(net.types.weight).T,
        type_bias=array(net.types.bias),
    )
