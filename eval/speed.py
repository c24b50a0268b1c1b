"""How fast the parts are, each beside a peer measured in the same run.

`python -m eval.speed [--only generator,systems,stream_memory,algebra,evaluator,integrate,refiner,evolution,
decoder,training,compiled_training] [--output speed.json]` prints JSON with one block per part. Figures per
core use one thread; others use all cores. Each is the median of several repeats, as machines drift; ratios
drift less.
"""

from __future__ import annotations

import json
import multiprocessing
import resource
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Annotated

import numpy as np
import scipy.integrate
import scipy.optimize
import sympy
import torch
import typer
from torch.utils.flop_counter import FlopCounterMode

from generators.expressions import ExpressionConfig, ExpressionSampler
from generators.functions import FunctionConfig, FunctionGenerator
from generators.holdout import Holdout
from generators.systems import SystemConfig, SystemGenerator
from nsr.clock import Clock
from nsr.data.writing import write_whole
from nsr.evaluate.program import Program
from nsr.expressions.expression import Expression, apply, constant, variable
from nsr.expressions.parsing import parse
from nsr.expressions.simplify import simplify, strip_scale
from nsr.expressions.sympy_form import to_sympy
from nsr.network.checkpoint import from_pretrained
from nsr.network.config import ModelConfig
from nsr.network.decoding import sample
from nsr.network.tokenizer import Tokenizer
from nsr.ode.integrate import Systems
from nsr.problems.suites import load_systems
from nsr.refinement.candidates import fitted
from nsr.refinement.compiling import compile_kernels
from nsr.refinement.likelihood import SQUARED_ERROR
from nsr.refinement.refine import Effort, refine
from nsr.search.evolution.population import Population
from nsr.search.evolution_settings import EvolutionSettings
from nsr.task import Task
from training.stream import Batch, ProblemStream, StreamConfig, cut

Figures = dict[str, float]

N_POINTS = 200
# The end-to-end paper's generator, and ODEFormer's, on one core of the kind of machine we work on.
PUBLISHED_GENERATOR_RATE, PUBLISHED_SYSTEMS_RATE = 155.0, 7.6
_REPEATS = 5


def seconds(work: Callable[[], object], repeats: int | None = None) -> float:
    """Median wall time of a call, after one that is not counted."""
    return interleaved_seconds([work], repeats)[0]


def interleaved_seconds(works: Sequence[Callable[[], object]], repeats: int | None = None) -> list[float]:
    """Median wall times of calls that take turns, so that a drift of the machine meets all alike."""
    for work in works:
        work()
    times = [[_elapsed(work) for work in works] for _ in range(repeats or _REPEATS)]
    return [median(column) for column in zip(*times, strict=True)]


def generator(config: StreamConfig = StreamConfig(reuse=16), n_chunks: int = 4) -> Figures:  # noqa: B008 (frozen)
    """Problems of one to ten variables with 200 points, on one core: in a stream's batches, and all new."""
    functions = FunctionConfig(min_points=N_POINTS, max_points=N_POINTS)
    stream = _stream(config, functions)
    # Until the first equations have served their turn, a stream mostly draws new ones.
    n_filling = 4 * config.reuse * (config.chunk_size // config.batch_size)
    next(islice(stream, n_filling, None))
    n_problems = n_chunks * config.chunk_size
    source = FunctionGenerator(functions, seed=0)
    taken, unshared = interleaved_seconds(
        [
            lambda: list(islice(stream, n_problems // config.batch_size)),
            lambda: source.batch(n_problems),
        ],
        3,
    )
    return {
        "samples_per_second_per_core": n_problems / taken,
        "ratio_to_published_end_to_end_generator": n_problems / taken / PUBLISHED_GENERATOR_RATE,
        "samples_per_second_per_core_without_reuse": n_problems / unshared,
    }


def systems(n_systems: int = 1000) -> Figures:
    """Systems of one to six states with trajectories of 200 points, on one core: new ones, and again."""
    prior = SystemConfig(min_points=N_POINTS, max_points=N_POINTS)
    source = SystemGenerator(prior, seed=0)
    known = source.batch(n_systems).systems
    # Some of the known systems will not let themselves be observed from other initial values.
    again = known + known
    fresh, observed = interleaved_seconds(
        [lambda: source.batch(n_systems), lambda: source.batch(n_systems, again)], 3
    )
    return {
        "systems_per_second_per_core": n_systems / fresh,
        "ratio_to_published_odeformer_generator": n_systems / fresh / PUBLISHED_SYSTEMS_RATE,
        "systems_per_second_per_core_observed_again": n_systems / observed,
    }


def stream_memory(n_problems: int = 1_000_000) -> Figures:
    """Peak memory of a process that draws that many problems, after a tenth of them and at the end."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        early, final = pool.submit(_peaks, n_problems).result()
    return {"problems": n_problems, "peak_mib_after_a_tenth": early, "peak_mib": final}


def algebra(n_expressions: int = 5000, n_peer: int = 100) -> Figures:
    """Skeletons drawn, simplified, stripped of their scale and looked up among the held out, per second.

    SymPy, the peer, builds the same expressions, which puts them into its own canonical form.
    """
    holdout = Holdout.default()
    sampler = ExpressionSampler(ExpressionConfig(), holdout, seed=0)
    drawn = [sampler.draw() for _ in range(n_expressions)]
    simplified = [simplify(expression) for expression in drawn]
    works = (
        lambda: [sampler.draw() for _ in range(n_expressions)],
        lambda: [simplify(expression) for expression in drawn],
        lambda: [strip_scale(expression) for expression in simplified],
        lambda: [holdout.contains(expression) for expression in simplified],
        lambda: [to_sympy(expression) for expression in drawn[:n_peer]],
    )
    *taken, peer = interleaved_seconds(works, 3)
    names = ("drawn", "simplified", "stripped", "looked_up")
    rates = {name: n_expressions / time for name, time in zip(names, taken, strict=True)}
    return {
        **{f"{name}_per_second_per_core": rate for name, rate in rates.items()},
        **{f"ratio_to_sympy_{name}": rate * peer / n_peer for name, rate in rates.items()},
    }


def evaluator(n_expressions: int = 1024) -> Figures:
    """Node evaluations per second of different expressions, building included on both sides."""
    expressions = _expressions(n_expressions)
    n_nodes = sum(map(len, expressions)) * N_POINTS
    X = np.random.default_rng(0).uniform(0.5, 2.0, (N_POINTS, 10))
    single = X.astype(np.float32)
    compiled = seconds(lambda: Program(expressions).values(single))
    compiled_double = seconds(lambda: Program(expressions).values(X))
    derivatives = seconds(lambda: Program(expressions).jacobian(X))
    few = expressions[: n_expressions // 16]
    lambdified = seconds(lambda: [_lambdified_values(e, X) for e in few], 1) * len(expressions) / len(few)
    return {
        "node_evals_per_second_per_core": n_nodes / compiled,
        "node_evals_per_second_per_core_float64": n_nodes / compiled_double,
        "node_evals_per_second_per_core_float64_with_jacobian": n_nodes / derivatives,
        "ratio_to_numpy_lambdify": lambdified / compiled_double,
    }


def integrate(n_systems: int = 50, copies: int = 20) -> Figures:
    """Trajectories per second of ODEBench's systems, 150 points on [0, 10], relative tolerance 1e-6.

    Building is included on both sides; SciPy's DOP853 calls right-hand sides that SymPy has lambdified.
    """
    problems = load_systems("odebench")[:n_systems]
    grid, width = np.linspace(0, 10, 150), max(len(problem.system) for problem in problems)
    initial = np.zeros((n_systems * copies, width))
    for row in range(len(initial)):
        values = problems[row % n_systems].initial_values[0]
        initial[row, : len(values)] = values

    def ours() -> None:
        rows = np.arange(len(initial)) % n_systems
        compiled = Systems([problem.system for problem in problems])
        compiled.integrate(initial, grid, index=rows, rtol=1e-6, atol=1e-9)

    def theirs() -> None:
        for problem, values in zip(problems, initial, strict=False):
            solve = _lambdified_system(problem.system)
            start = values[: len(problem.system)]
            with np.errstate(all="ignore"):
                scipy.integrate.solve_ivp(solve, (0, 10), start, "DOP853", t_eval=grid, rtol=1e-6, atol=1e-9)

    taken, peer = interleaved_seconds([ours, theirs], 3)
    rate = len(initial) / taken
    return {
        "trajectories_per_second_per_core": rate,
        "ratio_to_scipy_dop853": rate * peer / n_systems,
    }


def refiner(n_fits: int = 2000, n_scipy: int = 40) -> Figures:
    """Fits of four constants on 200 points, from starts near the truth, to the same loss."""
    truth = parse("1.5*exp(-0.7*x_0) + 2.2*sin(1.3*x_1)")
    rng = np.random.default_rng(0)
    X = rng.uniform(0.5, 3.0, (N_POINTS, 2))
    program = Program([truth])
    y = program.values(X)[0]
    values = np.array(truth.constants)
    starts = values * (1 + 0.1 * rng.standard_normal((n_fits, len(values))))
    started = [truth.with_constants(start.tolist()) for start in starts]
    task = Task(X, y, SQUARED_ERROR)
    ours = seconds(lambda: refine(started, task, Effort(restarts=1)), 3) / n_fits
    reached = max(float(np.median(refine(started, task, Effort(restarts=1)).loss)), 1e-12)

    def loss(constants: np.ndarray) -> float:
        return float(np.mean((program.values(X, constants[None])[0] - y) ** 2))

    def scipy_fits() -> None:
        for start in starts[:n_scipy]:
            scipy.optimize.minimize(loss, start, method="BFGS", tol=reached)

    theirs = seconds(scipy_fits, 1) / n_scipy
    return {"fits_per_second_per_core": 1 / ours, "ratio_to_scipy_bfgs": theirs / ours}


def evolution(n_looks: int = 4, n_evaluations: int = 20_000, n_rows: int = 1_000) -> Figures:
    """Children judged per second of a table of three variables with 1 % noise.

    Ours have constants refined where they are among the best. Operon, with the settings of its benchmarks,
    gives a few iterations of its optimiser to each child, and these count among its evaluations.
    """
    from pyoperon.sklearn import SymbolicRegressor

    from eval.methods.operon import SETTINGS  # of the extra `baselines`

    rng = np.random.default_rng(0)
    X = rng.uniform(1.0, 5.0, (n_rows, 3))
    y = Program([parse("x_0*sin(x_1)/(1 + x_2**2) + x_2*exp(-x_0)")]).values(X)[0]
    task = Task(X, y + 0.01 * y.std() * rng.standard_normal(n_rows), SQUARED_ERROR)
    numbers = EvolutionSettings()
    variables = [apply("mul", constant(1.0), variable(i)) for i in range(3)]
    seeds = fitted(variables, task, numbers.first, Clock())
    populations: list[Population] = []
    peers: list[SymbolicRegressor] = []

    def ours() -> None:
        populations.append(Population(task, numbers))
        populations[-1].add(seeds)
        for _ in range(n_looks):
            populations[-1].evolve(Clock())

    def theirs() -> None:
        limits = {"max_evaluations": n_evaluations, "epsilon": 0.0, "n_threads": 1, "random_state": 0}
        peers.append(SymbolicRegressor(**SETTINGS | limits).fit(task.X, task.y))

    taken, peer = interleaved_seconds([ours, theirs], 3)
    rate = populations[-1].n_tried / taken
    return {
        "children_per_second_per_core": rate,
        "ratio_to_operon": rate * peer / peers[-1].stats_["evaluation_count"],
    }


def decoder(n_candidates: int = 1024, checkpoint: str = "nsr-small") -> Figures:
    """Candidates per second of the default network for one problem of 512 points, on all cores."""
    pretrained = from_pretrained(checkpoint)
    rng = np.random.default_rng(0)
    X = torch.from_numpy(rng.uniform(1, 5, (1, 512, 3)).astype(np.float32))
    y = X[..., 0] * X[..., 1] / X[..., 2]
    count = torch.tensor([3])

    def decode() -> None:
        with torch.inference_mode():
            memory = pretrained.model.encode(X, y / y.square().mean().sqrt(), count)
            sample(pretrained.model, pretrained.tokenizer, memory, count, n_samples=n_candidates)

    taken = seconds(decode, 3)
    return {"candidates_per_second": n_candidates / taken, "seconds": taken}


def training(n_steps: int = 8, compiled: bool = False, matrix_size: int = 2048) -> Figures:
    """Training samples per second of the tiny network's step, and how much of it is arithmetic.

    Arithmetic is what the network's matrix products execute, forward and backward: the optimiser's count as
    time alone. Its peer is one large product with the same number of threads, repeated between the steps.

    Args:
        n_steps: Batches of different lengths of equations.
        compiled: Whether the step runs as `model.compile_network` has it; compiling takes minutes.
        matrix_size: Rows and columns of the large product.
    """
    # Lightning takes seconds to load, and a hundred MiB in the process whose memory is measured.
    from training.module import Pretraining

    tokenizer = Tokenizer()
    pretraining = Pretraining(ModelConfig(tokenizer.vocab_size))
    model, optimizer = pretraining.model, pretraining.configure_optimizers()
    batches = _training_batches(tokenizer, n_steps)
    square = torch.randn(matrix_size, matrix_size)
    half = square.bfloat16()

    def gradients() -> Iterator[None]:
        for batch in batches:
            with torch.autocast("cpu", torch.bfloat16):
                logits = model(batch["X"], batch["y"], batch["n_variables"], batch["tokens"][:, :-1])
            optimizer.zero_grad()
            pretraining.token_loss(logits, batch["tokens"][:, 1:]).mean.backward()
            yield

    def steps() -> None:
        for _ in gradients():
            optimizer.step()

    with FlopCounterMode(display=False) as counter:
        for _ in gradients():
            pass
    if compiled:
        model.compile(dynamic=True)
    taken = interleaved_seconds([steps, lambda: half @ half, lambda: square @ square])
    achieved = counter.get_total_flops() / taken[0]
    rates = [2 * matrix_size**3 / product for product in taken[1:]]
    return {
        "samples_per_second": sum(len(batch["y"]) for batch in batches) / taken[0],
        "model_flops_per_second": achieved,
        "matmul_flops_per_second": rates[0],
        "matmul_flops_per_second_float32": rates[1],
        "share_of_matmul": achieved / rates[0],
        "share_of_matmul_float32": achieved / rates[1],
    }


def compiled_training() -> Figures:
    """`training` with the compiled network."""
    return training(compiled=True)


PARTS: dict[str, Callable[[], Figures]] = {
    "generator": generator,
    "systems": systems,
    "stream_memory": stream_memory,
    "algebra": algebra,
    "evaluator": evaluator,
    "integrate": integrate,
    "refiner": refiner,
    "evolution": evolution,
    "decoder": decoder,
    "training": training,
    "compiled_training": compiled_training,
}


def main(
    only: Annotated[str, typer.Option(help="parts to measure, by comma")] = ",".join(PARTS),
    output: Annotated[Path | None, typer.Option(help="JSON file to write as well")] = None,
) -> None:
    """Measures the parts and prints JSON."""
    names = only.split(",")
    unknown = [name for name in names if name not in PARTS]
    if unknown:
        raise typer.BadParameter(f"no part {', '.join(unknown)}; choose from {', '.join(PARTS)}")
    compile_kernels()
    figures = {name: {key: float(f"{v:.4g}") for key, v in PARTS[name]().items()} for name in names}
    text = json.dumps(figures, indent=2)
    print(text)
    if output is not None:
        write_whole(output, text + "\n")


def _elapsed(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def _stream(config: StreamConfig, functions: FunctionConfig) -> Iterator[Batch]:
    tokenizer = Tokenizer()
    return iter(ProblemStream(config, functions, tokenizer, ModelConfig(tokenizer.vocab_size).max_length))


def _peaks(n_problems: int) -> tuple[float, float]:
    """Peak resident MiB of this process after a tenth of the problems, and after all."""
    config = StreamConfig()
    n_batches = n_problems // config.batch_size
    peaks: list[float] = []
    for number, _ in enumerate(islice(_stream(config, FunctionConfig()), n_batches), 1):
        if number in (n_batches // 10, n_batches):
            peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    return peaks[0], peaks[1]


def _expressions(n: int) -> list[Expression]:
    """Valued expressions of 8 to 16 nodes from the prior."""
    config = FunctionConfig(expressions=ExpressionConfig(constant_rate=0.3), min_points=16, max_points=16)
    source = FunctionGenerator(config, seed=0)
    found: list[Expression] = []
    while len(found) < n:
        found += [e for e in source.batch(n).expressions if 8 <= len(e) <= 16]
    return found[:n]


def _lambdified_values(expression: Expression, X: np.ndarray) -> np.ndarray:
    symbols = [sympy.Symbol(f"x_{i}", real=True) for i in range(X.shape[1])]
    with np.errstate(all="ignore"):
        return np.asarray(sympy.lambdify(symbols, to_sympy(expression), "numpy")(*X.T))


def _lambdified_system(system: Sequence[Expression]) -> Callable[[float, np.ndarray], list[float]]:
    symbols = [sympy.Symbol(f"x_{i}", real=True) for i in range(len(system))]
    slopes = sympy.lambdify([symbols], [to_sympy(component) for component in system], "math")
    return lambda _, x: slopes(x)


def _training_batches(tokenizer: Tokenizer, n: int) -> list[Batch]:
    config = FunctionConfig(min_points=100, max_points=100)
    problems = FunctionGenerator(config, seed=0).batch(128 * n)
    return cut(problems, tokenizer, 128, ModelConfig(tokenizer.vocab_size).max_length, seed=0)


if __name__ == "__main__":
    typer.run(main)
