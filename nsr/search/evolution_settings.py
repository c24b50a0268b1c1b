"""The numbers of evolution, of the gaps that it fills, and of islands."""

from __future__ import annotations

from dataclasses import dataclass

from nsr.refinement.refine import Effort
from nsr.task import FEW_ROWS, ROWS


@dataclass(frozen=True)
class PartsSettings:
    """The dictionary of parts from which evolution fills gaps of equations.

    Attributes:
        n_rows: Rows on which parts are compared.
        max_complexity: Of a part.
        n_rounds: Times that all parts are combined to begin with.
        n_first: Parts to begin with at most.
        most: Parts at most.
        n_grown: Parts that are tried at random before gaps are filled anew.
        unary_share: Of these, functions of one part.
        n_parents: Equations whose gaps are filled at a time.
        n_children: Children of each that are tried,
        n_each: and of each gap.
        least_wanted: Share of the rows that must want something in a gap.
        most_wanted: Largest value that is wanted.
    """

    n_rows: int = FEW_ROWS
    max_complexity: int = 10
    n_rounds: int = 2
    n_first: int = 1_000
    most: int = 2_500
    n_grown: int = 100
    unary_share: float = 0.4
    n_parents: int = 2
    n_children: int = 24
    n_each: int = 3
    least_wanted: float = 0.5
    most_wanted: float = 1e6


@dataclass(frozen=True)
class EvolutionSettings:
    """Evolution, with and without the network.

    Attributes:
        head_start: Seconds of work before curves begin.
        share: Evolution's work as a multiple of the network's, where they take turns: with less, slow batches
            of guesses starve it (suite `hard`).
        n_states: Reduced states that have an evolution of their own,
        worse: where their polynomials' errors are at most this many times those of the table's.
        states_head_start: Seconds of work for these before evolution of the table begins.
        states_share: Their weight where stages take turns.
        states_patience: Looks at which nothing was better after which none at that state follows.
        n_children: Children at a time.
        n_generations: Generations between two looks at what was found, and at the dictionary.
        patience: Looks at which nothing was better after which none follows.
        n_few: Rows that all children are judged by,
        n_rows: and those which survive: more tell little, and cost as much again.
        most_remembered: Skeletons that are known to have been tried; beyond that they are forgotten.
        n_tried: Children, the best as they are, whose constants are refined on few rows,
        n_tried_each: and how many of these may have one complexity.
        tried: Effort on each of them.
        n_polished: Survivors that are refined on `n_rows` at a time.
        polished: Effort on these.
        first: Effort on what evolution begins with.
        max_complexity: Of a child.
        most_tokens: Of a child, with a scale and an offset.
        n_each: Survivors of each complexity.
        n_best: Survivors of shortest description.
        n_parts: Parts that the network is asked for at a time.
        guessed: Effort on each child that has one of these.
        constant_share: Of new leaves, those that are constants.
        leaf_share: Of new parts, those that are leaves,
        function_share: and those that are a function of one; the others are subtrees of members.
        term_share: Of parts that the network is asked for, those that are added to one,
        factor_share: and those that one is multiplied by; the others take the place of one.
        favour: Members by rank are drawn as a number of 0 to 1 to this power: better ones are likelier.
        least_wanted: Share of the rows that must want a value for a part to be asked for.
        most_wanted: Largest value that is asked for.
    """

    head_start: float = 1.0
    share: float = 2.0
    n_states: int = 3
    worse: float = 1.5
    states_head_start: float = 0.7
    states_share: float = 1.5
    states_patience: int = 8
    n_children: int = 3_000
    n_generations: int = 12
    patience: int = 40
    n_few: int = FEW_ROWS
    n_rows: int = ROWS
    most_remembered: int = 2_000_000
    n_tried: int = 150
    n_tried_each: int = 12
    tried: Effort = Effort(restarts=1, points=None, iterations=12)
    n_polished: int = 12
    polished: Effort = Effort(restarts=1, points=ROWS, iterations=20)
    first: Effort = Effort(restarts=1, points=512, iterations=20)
    max_complexity: int = 40
    most_tokens: int = 60
    n_each: int = 4
    n_best: int = 80
    n_parts: int = 32
    guessed: Effort = Effort(restarts=2, points=128, iterations=20)
    constant_share: float = 0.2
    leaf_share: float = 0.4
    function_share: float = 0.2
    term_share: float = 0.3
    factor_share: float = 0.2
    favour: float = 2.0
    least_wanted: float = 0.5
    most_wanted: float = 1e6


@dataclass(frozen=True)
class VariationsSettings:
    """Equations one change away from the best ones.

    Attributes:
        least_rows: Rows from which on there are any: of so many forms with fitted constants some meet few
            noisy rows by chance.
        wait: Seconds of work for each unit of their share that others have before.
        share: Their weight where stages take turns.
        n_best: Equations, the best ones, that are varied.
        patience: Turns in which none of these is new after which none follows.
        most_tokens: Of a variation.
        n_rows: Rows that they are tried on,
        tried: and the effort on each.
        n_polished: The shortest of those of one equation, and as many of the likeliest, that are refined,
        polished: with this effort,
        n_snapped: and of which so many, the likeliest that are better than it, are given round constants.
    """

    least_rows: int = 200
    wait: float = 2.0
    share: float = 1.0
    n_best: int = 8
    patience: int = 200
    most_tokens: int = 60
    n_rows: int = ROWS
    tried: Effort = Effort(restarts=1, points=FEW_ROWS, iterations=12)
    n_polished: int = 12
    polished: Effort = Effort(restarts=1, points=ROWS, iterations=20)
    n_snapped: int = 6


@dataclass(frozen=True)
class IslandSettings:
    """The numbers of evolution on other processes.

    Attributes:
        head_start: As that of `nsr.search.stage.Stage`.
        share: Its share; hardly anything, as others do the work.
        work: Seconds of work of a round, here and on each island.
        n_members: Equations that an island begins its next round with,
        n_migrants: and of which it hands on this many, the best.
        patience: Rounds without anything better after which islands end.
    """

    head_start: float = -0.25
    share: float = 0.02
    work: float = 4.0
    n_members: int = 60
    n_migrants: int = 8
    patience: int = 6
