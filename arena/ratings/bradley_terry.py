"""The numbers behind `rules`: a weighted, ridged logistic fit with an honest interval. Arrays in, arrays out.

n observations (duels), k coefficients (strengths of m entries, then style effects), all in logits. A row of the design
matrix has +1 for the left entry, -1 for the right one, then the style differences; most of it is zero, so it is never
written out. Observations with the same row are one group: of them the fit needs only sums.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]

CONFIDENCE = 0.95
NODES, NODE_WEIGHTS = np.polynomial.legendre.leggauss(64)
NORMAL = 1e9
"""Degrees of freedom at which Student's distribution is the normal one."""


@dataclass(frozen=True, eq=False)
class Design:
    """g rows of the design matrix X, of shape (g, k)."""

    left: IntArray
    right: IntArray
    entries: int
    style: FloatArray
    """(g, k - entries)"""

    @property
    def size(self) -> int:
        return self.entries + len(self.style.T)

    def dot(self, beta: FloatArray) -> FloatArray:
        """X beta, (g,)"""
        logit = beta[self.left] - beta[self.right]
        return logit + self.style @ beta[self.entries :] if self.style.size else logit

    def transposed_dot(self, values: FloatArray) -> FloatArray:
        """X^T values, (k,)"""
        return np.concatenate([self._by_entry(values), values @ self.style])

    def gram(self, values: FloatArray) -> FloatArray:
        """X^T diag(values) X, (k, k)"""
        m = self.entries
        met = np.bincount(self.left * m + self.right, values, m * m).reshape(m, m)
        found = np.zeros((self.size, self.size))
        found[:m, :m] = -met - met.T
        found[range(m), range(m)] = self._by_entry(values, lost=1.0)
        if self.style.size:
            across = np.stack([self._by_entry(values * column) for column in self.style.T], axis=1)
            found[:m, m:], found[m:, :m] = across, across.T
            found[m:, m:] = (self.style.T * values) @ self.style
        return found

    def squares(self, matrix: FloatArray) -> FloatArray:
        """x^T matrix x of each row x, for a symmetric matrix of (k, k); (g,)"""
        m, own = self.entries, np.diag(matrix)
        found = own[self.left] + own[self.right] - 2 * matrix[self.left, self.right]
        if self.style.size:
            across = matrix[self.left, m:] - matrix[self.right, m:]
            found = found + ((2 * across + self.style @ matrix[m:, m:]) * self.style).sum(axis=1)
        return np.asarray(found, dtype=np.float64)

    def _by_entry(self, values: FloatArray, lost: float = -1.0) -> FloatArray:
        """Sums over the rows with an entry on the left, and `lost` times those with it on the right."""
        left, right = (np.bincount(side, values, self.entries) for side in (self.left, self.right))
        return np.asarray(left + lost * right, dtype=np.float64)


@dataclass(frozen=True, eq=False)
class Observations:
    """What each of n duels said: the share won by its left entry, in [0, 1], and how much it counts."""

    design: Design
    group: IntArray
    """Of each observation, its row of the design."""
    share: FloatArray
    weight: FloatArray
    vote_noise: FloatArray
    """The variance of weight * share in units of p * (1 - p), from the number of voters alone."""

    @classmethod
    def of(
        cls,
        left: IntArray,
        right: IntArray,
        entries: int,
        style: FloatArray,
        share: FloatArray,
        weight: FloatArray,
        vote_noise: FloatArray,
    ) -> "Observations":
        """Arrays of (n,), `style` of (n, features). Where there is no style, duels of one pair are one group."""
        if style.shape[1]:
            design = Design(left, right, entries, style)
            return cls(design, np.arange(len(share)), share, weight, vote_noise)
        pairs, group = np.unique(left * entries + right, return_inverse=True)
        design = Design(pairs // entries, pairs % entries, entries, np.zeros((len(pairs), 0)))
        return cls(design, group, share, weight, vote_noise)

    def sums(self, values: FloatArray) -> FloatArray:
        """Of each group, (g,)"""
        return np.asarray(np.bincount(self.group, values, len(self.design.left)), dtype=np.float64)


@dataclass(frozen=True, eq=False)
class Estimate:
    """Coefficients with what is needed for the interval of any difference between them."""

    observations: Observations
    penalty: FloatArray
    beta: FloatArray
    """(k,)"""
    inverse: FloatArray
    """(k, k) of the Hessian."""
    clustered: FloatArray
    """(k, k) sandwich H^-1 B H^-1 times n / (n - parameters), B the sum of squared scores per observation."""
    sampling: FloatArray
    """(k, k) what the covariance would be if the votes were independent and the duels had no luck of their
    own. No interval is narrower than this: three duels that agree to the last vote have no residuals, and
    with few voters that is a coincidence and not knowledge."""

    def contrasts(self, pairs: Sequence[tuple[int, int]]) -> FloatArray:
        """Coefficient a minus coefficient b for each (a, b), as rows of (c, k)."""
        found = np.zeros((len(pairs), len(self.beta)))
        rows = np.arange(len(pairs))
        found[rows, [a for a, _ in pairs]] += 1.0
        found[rows, [b for _, b in pairs]] -= 1.0
        return found

    def intervals(
        self, contrasts: FloatArray, confidence: float = CONFIDENCE
    ) -> tuple[FloatArray, FloatArray]:
        """Each contrast's value, and the half-width of its interval; (c,) both."""
        by_duel = np.sqrt(np.maximum(_quadratic(contrasts, self.clustered), 0.0))
        by_vote = np.sqrt(np.maximum(_quadratic(contrasts, self.sampling), 0.0))
        freedom = np.array([NORMAL, *self._freedom(contrasts)])
        normal, *student = student_quantile(freedom, confidence)
        return contrasts @ self.beta, np.maximum(np.array(student) * by_duel, normal * by_vote)

    def _freedom(self, contrasts: FloatArray) -> FloatArray:
        """Degrees of freedom in the variance of each contrast (Bell & McCaffrey 2002), (c,).

        1.96 standard errors are right for hundreds of observations. A newcomer with three duels has three
        residuals to estimate a variance from, whatever the others did. The variance is a sum of A_i e_i^2
        over residuals e = (I - U U^T) noise, U = sqrt(W p (1 - p)) X H^-1/2 and h the leverages; Satterthwaite's match
        gives (sum of A_i (1 - h_i))^2 / trace of ((I - U U^T) A)^2. In simulation (`test_coverage.py`) the
        interval then holds the truth 94-98 % of the time, from two entries up; with 1.96 it is 66-96 %.
        """
        design, weight = self.observations.design, self.observations.weight
        chance = sigmoid(design.dot(self.beta))
        spread = chance * (1.0 - chance)
        reach = design.squares(self.inverse) * spread  # times the weight: the leverage
        once, twice, thrice = (self.observations.sums(weight**power) for power in (1, 2, 3))
        found = []
        for contrast in contrasts:
            share = design.dot(self.inverse @ contrast) ** 2 * spread  # times the weight: A
            mean = float(share @ (once - reach * twice))
            cross = design.gram(share * spread * twice) @ self.inverse
            square = float(share**2 @ (twice - 2.0 * reach * thrice)) + float((cross * cross.T).sum())
            found.append(max(1.0, mean**2 / square) if square > 0.0 else 1.0)
        return np.array(found)


def _quadratic(rows: FloatArray, matrix: FloatArray) -> FloatArray:
    return np.asarray(((rows @ matrix) * rows).sum(axis=1), dtype=np.float64)


def estimate(seen: Observations, penalty: FloatArray, parameters: int) -> Estimate:
    """Fit, with the interval clustered by observation: one must hold everything that shares its luck.

    `penalty` (k,) is the ridge on each coefficient. `parameters` is what the data have to pay for: one less than the
    strengths, because only differences show, plus the style effects. It must be smaller than n (ValueError).
    """
    n, design = len(seen.share), seen.design
    if n <= parameters:
        raise ValueError(f"{n} duels cannot carry {parameters} parameters with an interval")
    beta, hessian = minimise(
        design, seen.sums(seen.weight), seen.sums(seen.weight * seen.share), penalty, np.zeros(design.size)
    )
    chance = sigmoid(design.dot(beta))
    inverse = np.linalg.inv(hessian)
    inverse = (inverse + inverse.T) / 2.0
    squared = (seen.weight * (seen.share - chance[seen.group])) ** 2
    clustered = inverse @ design.gram(seen.sums(squared)) @ inverse * (n / (n - parameters))
    noise = seen.sums(seen.vote_noise) * chance * (1.0 - chance)
    sampling = inverse @ design.gram(noise) @ inverse
    return Estimate(seen, penalty, beta, inverse, clustered, sampling)


def sigmoid(x: FloatArray) -> FloatArray:
    return np.asarray(0.5 * (1.0 + np.tanh(0.5 * x)), dtype=np.float64)


def minimise(
    design: Design, weight: FloatArray, won: FloatArray, penalty: FloatArray, beta: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Newton steps from `beta` on the weighted log-loss plus penalty/2 beta^2. Returns beta (k,) and the Hessian
    (k, k) there. `weight` and `won`, the weight that the left side has, are sums by row of the design.

    Strictly convex because of the ridge, and a step that does not lower the loss is halved, so it converges
    from any data. ArithmeticError if it does not: that would be a bug, or data that are not finite.
    """

    def loss(beta: FloatArray) -> float:
        logit = design.dot(beta)
        return float(weight @ np.logaddexp(0.0, logit) - won @ logit + 0.5 * (penalty * beta) @ beta)

    for _ in range(100):
        chance = sigmoid(design.dot(beta))
        gradient = design.transposed_dot(weight * chance - won) + penalty * beta
        hessian = design.gram(weight * chance * (1.0 - chance)) + np.diag(penalty)
        step = np.linalg.solve(hessian, gradient)
        if np.abs(step).max() < 1e-10:
            return beta, hessian
        limit = loss(beta) * (1.0 + 1e-12)  # at the minimum even a good step gains less than rounding
        for _ in range(60):
            if loss(beta - step) <= limit:
                break
            step = step / 2.0
        beta = beta - step
    raise ArithmeticError("the rating fit did not converge")


def student_quantile(freedom: FloatArray, confidence: float = CONFIDENCE) -> FloatArray:
    """Standard errors that a two-sided interval spans to each side; `freedom` is real and at least 1.

    Student's distribution in the angle: with t = sqrt(v) tan(u), P(|T| < t) is the integral of cos(w)^(v-1)
    over [0, u], normalised. Gauss-Legendre for the integral, bisection for the inverse. (scipy would be a
    large dependency for this one number.)
    """
    log_norm = np.array(
        [
            math.lgamma((v + 1) / 2) - math.lgamma(v / 2) + math.log(2 / math.sqrt(math.pi))
            if v < 1e6
            else 0.5 * math.log(2 * v / math.pi)
            - 0.25 / v  # the difference of two large numbers, by Stirling
            for v in freedom
        ]
    )

    def inside(angle: FloatArray) -> FloatArray:
        half = 0.5 * angle[:, None]
        density = (freedom - 1)[:, None] * np.log(np.cos(half * (NODES + 1))) + log_norm[:, None]
        return np.asarray(half[:, 0] * (np.exp(density) @ NODE_WEIGHTS), dtype=np.float64)

    low = np.zeros(len(freedom))
    # All the angle there is for few degrees; for more, thirteen standard errors.
    high = np.where(freedom < 30, math.pi / 2, np.arctan(13.0 / np.sqrt(freedom)))
    for _ in range(52):
        middle = (low + high) / 2
        below = inside(middle) < confidence
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return np.asarray(np.sqrt(freedom) * np.tan(low), dtype=np.float64)
