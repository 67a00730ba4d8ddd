"""Learn a head: which directions of a frame, within its own video, let more viewers play it.

    log rate = what the video has + b * hand score + w * coordinates + noise

What the video has (its title, its place, its season) is taken away by centring within the video. `w` is drawn
to zero, so without data the order by hand stays; `b` is drawn to what a hand score was worth before.
"""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from worker.learning.training.basis import Basis, find_basis
from worker.learning.training.moments import Moments

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from worker.learning.training.examples import Choices, ExampleSource, Floats, Tests, Vectors

# Measured on the Upworthy archive, as deviations of log rates: so much equal pictures differ beyond chance,
NOISE = 0.116
# and so much more pictures of one subject.
PICTURE_SD = 0.16
# What neither explains.
_SPREAD = NOISE**2 + 0.15**2

# So much of a log rate a deviation of hand scores is worth without data, as surely as 20 rows would say it.
_HAND_WORTH, _HAND_PRECISION = 0.05, 20.0
# People were only recorded where they did not take the first pick, so their choices say of the hand score
# that it is wrong. It has a coefficient of its own there, which nobody reads, and takes that up.
_HAND, _HAND_OF_PEOPLE, _COLUMNS = 0, 1, 2

# The better of two pictures leads by so much, on average.
_LEAD = 2 * PICTURE_SD / np.sqrt(np.pi)
# A person is not the audience: a pair counts a quarter of what one counts that endless viewers compared.
_CHOICE_WEIGHT = 0.25 / (2 * _SPREAD)

FOLDS = 5
_PRECISIONS = (3.0, 10.0, 30.0, 100.0, 300.0, 1_000.0, 3_000.0, 10_000.0)
LEAST_OF_ACCOUNT = 400  #: videos; with fewer, an account has what all have
_OFFSET_SHRINKS = 2.0  # harder than what all accounts share


@dataclass
class Collected:
    """The examples of a training as sums, in as many parts as there are folds."""

    folds: list[Moments]
    own: Moments  #: of the account alone
    videos: set[int] = field(default_factory=set)
    own_videos: set[int] = field(default_factory=set)
    tests: int = 0
    pairs: int = 0
    choices: set[int] = field(default_factory=set)
    from_s: float = np.inf
    to_s: float = -np.inf
    digest: Any = field(default_factory=hashlib.sha256)

    def note(self, at_s: Floats, *columns: NDArray[Any]) -> None:
        """Take rows into the hash and the dates."""
        if len(at_s):
            self.from_s, self.to_s = min(self.from_s, at_s.min()), max(self.to_s, at_s.max())
        for column in columns:
            self.digest.update(np.ascontiguousarray(column).tobytes())


@dataclass(frozen=True)
class Learned:
    """What a training found."""

    basis: Basis
    coefficients: Floats  #: (2 + p,) of both hand scores, and of each coordinate
    precision: float  #: by which coordinates are drawn to zero, chosen by cross-validation
    collected: Collected = field(repr=False)

    @property
    def weights(self) -> Floats:
        """(p,) What each coordinate adds to the log rate."""
        return self.coefficients[_COLUMNS:]

    @property
    def direction(self) -> Vectors:
        """(d,) Points of score for each unit of an embedding that is centred within its video.

        The deviation of what pictures are worth counts as much as that of hand scores: a head that has
        learned little adds little.
        """
        scale = self.basis.hand_sd / PICTURE_SD
        found: Vectors = (scale * (self.weights @ self.basis.components)).astype(np.float32)
        return found

    def log_lifts(self, tests: Tests) -> Floats:
        """Predict (n,) log rates, each against the mean of its video."""
        features = _features(self.basis, tests)
        lifts: Floats = features @ self.coefficients
        return lifts

    def summary(self) -> dict[str, Any]:
        """Say what it was trained on: how much of what, from when to when, and a hash of it."""
        found = self.collected
        return {
            "videos": len(found.videos),
            "account_videos": len(found.own_videos),
            "tests": found.tests,
            "choices": len(found.choices),
            "pairs": found.pairs,
            "from": _day(found.from_s),
            "to": _day(found.to_s),
            "sha256": found.digest.hexdigest(),
            "precision": self.precision,
        }

    def packed(self) -> bytes:
        """Pack what a row keeps as npz, without pickles: the same data give the same bytes."""
        file = io.BytesIO()
        np.savez(
            file,
            direction=self.direction,
            components=self.basis.components.astype(np.float32),
            weights=self.weights,
            hand=np.array([self.coefficients[_HAND], self.basis.hand_sd]),
        )
        return file.getvalue()


def learn(
    source: ExampleSource,
    account: str | None = None,
    before_s: float = np.inf,
    basis: Basis | None = None,
    least_of_account: int = LEAST_OF_ACCOUNT,
) -> Learned:
    """Learn from all examples that are older than a moment.

    Args:
        source: of the examples.
        account: whose own head it is to be, "mux/main"; None: that of all.
        before_s: a Unix time.
        basis: as found before; None: find it.
        least_of_account: older videos that an account must have to differ from all.

    Raises:
        NothingToLearn: no frame is known.
    """
    basis = find_basis(source.frames()) if basis is None else basis
    found = collect(source, basis, account, before_s)
    width = _COLUMNS + len(basis.components)
    precision = min(_PRECISIONS, key=lambda each: _missed(found.folds, width, each))
    coefficients = found.folds[0].plus(found.folds[1:]).solve(*_prior(width, precision))
    if account is not None and len(found.own_videos) >= least_of_account:
        coefficients = coefficients + _offset(found.own, coefficients, precision)
    return Learned(basis, coefficients, precision, found)


def collect(source: ExampleSource, basis: Basis, account: str | None, before_s: float) -> Collected:
    """Read all examples before a moment once, in parts, and keep their sums."""
    width = _COLUMNS + len(basis.components)
    found = Collected([Moments(width) for _ in range(FOLDS)], Moments(width))
    for tests in source.tests():
        _add_tests(found, basis, tests.where(tests.at_s < before_s), account)
    for choices in source.choices():
        _add_choices(found, basis, choices.where(choices.at_s < before_s), account)
    return found


def log_rates(tests: Tests) -> tuple[Floats, Floats]:
    """Compute (n,) logs of rates, and the weight of each: by its plays, and by what plays cannot say."""
    plays = tests.plays + 0.5  # so that the log of none is a number
    return np.log(plays / tests.impressions), 1 / (1 / plays + _SPREAD)


def _features(basis: Basis, tests: Tests) -> Floats:
    coordinates = basis.features(tests.centred(tests.embeddings))
    hand = tests.centred(tests.hand) / basis.hand_sd
    return np.column_stack([hand, np.zeros(len(hand)), coordinates])


def _add_tests(found: Collected, basis: Basis, tests: Tests, account: str | None) -> None:
    if not len(tests.videos):
        return
    rates, weights = log_rates(tests)
    features = tests.centred(_features(basis, tests), weights)
    rates = tests.centred(rates, weights)
    folds = (tests.videos % FOLDS)[tests.groups]
    for fold in range(FOLDS):
        rows = folds == fold
        found.folds[fold].add(features[rows], rates[rows], weights[rows])
    is_own = tests.accounts == account
    rows = is_own[tests.groups]
    found.own.add(features[rows], rates[rows], weights[rows])
    found.videos.update(tests.videos.tolist())
    found.own_videos.update(tests.videos[is_own].tolist())
    found.tests += len(tests.videos)
    found.note(tests.at_s, tests.videos, tests.embeddings, tests.hand, tests.impressions, tests.plays)


def _add_choices(found: Collected, basis: Basis, pairs: Choices, account: str | None) -> None:
    lead = (pairs.chosen_hand - pairs.other_hand) / basis.hand_sd
    differences = pairs.chosen.astype(np.float64) - pairs.others
    features = np.column_stack([np.zeros(len(lead)), lead, basis.features(differences)])
    targets, weights = np.full(len(lead), _LEAD), np.full(len(lead), _CHOICE_WEIGHT)
    for fold in range(FOLDS):
        rows = pairs.videos % FOLDS == fold
        found.folds[fold].add(features[rows], targets[rows], weights[rows])
    is_own = pairs.accounts == account
    found.own.add(features[is_own], targets[is_own], weights[is_own])
    found.videos.update(pairs.videos.tolist())
    found.own_videos.update(pairs.videos[is_own].tolist())
    found.choices.update(pairs.choices.tolist())
    found.pairs += len(lead)
    found.note(pairs.at_s, pairs.videos, pairs.chosen, pairs.others, lead)


def _prior(width: int, precision: float) -> tuple[Floats, Floats]:
    """Say where coefficients are without data, and how hard they are drawn there."""
    centre, precisions = np.zeros(width), np.full(width, precision)
    centre[_HAND], precisions[_HAND], precisions[_HAND_OF_PEOPLE] = _HAND_WORTH, _HAND_PRECISION, 1.0
    return centre, precisions


def _missed(folds: Sequence[Moments], width: int, precision: float) -> float:
    """Add up what is missed of each fold by what was learned from the others (cross-validation)."""
    missed = 0.0
    for left_out, fold in enumerate(folds):
        rest = Moments(width).plus([one for index, one in enumerate(folds) if index != left_out])
        missed += fold.loss(rest.solve(*_prior(width, precision)))
    return missed


def _offset(own: Moments, shared: Floats, precision: float) -> Floats:
    """Find how an account differs from all, in its coordinates only, drawn to zero twice as hard."""
    offset, rest = np.zeros(len(shared)), own.product - own.gram @ shared
    gram = own.gram[_COLUMNS:, _COLUMNS:]
    drawn = gram + _OFFSET_SHRINKS * precision * np.eye(len(gram))
    offset[_COLUMNS:] = np.linalg.solve(drawn, rest[_COLUMNS:])
    return offset


def _day(at_s: float) -> str | None:
    return datetime.fromtimestamp(at_s, UTC).isoformat() if np.isfinite(at_s) else None
