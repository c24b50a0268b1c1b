import numpy as np
import pandas as pd
import pytest

from eval.protocol import SEEDS, TEST_ROWS, split
from nsr.problems.folder import TableProblem, load_folder
from nsr.problems.suites import load

PROBLEM = next(problem for problem in load("feynman") if problem.name == "I.12.1")


def test_noise_is_on_the_training_target_alone_and_scaled_by_its_rms():
    clean, noisy = split(PROBLEM, 0.0, SEEDS[0]), split(PROBLEM, 0.1, SEEDS[0])
    assert len(clean.y_train) == 10_000
    assert len(clean.y_test) == TEST_ROWS
    for name in ("X_train", "X_test", "y_test"):
        assert np.array_equal(getattr(clean, name), getattr(noisy, name))
    noise = noisy.y_train - clean.y_train
    assert noise.std() == pytest.approx(0.1 * np.sqrt(np.mean(clean.y_train**2)), rel=0.05)
    assert abs(np.corrcoef(noise, clean.y_train)[0, 1]) < 0.05


def test_seeds_draw_different_data_and_repeat_their_own():
    first, again, other = split(PROBLEM, 0.01, 1), split(PROBLEM, 0.01, 1), split(PROBLEM, 0.01, 2)
    assert np.array_equal(first.y_train, again.y_train)
    assert not np.array_equal(first.X_train, other.X_train)
    assert not np.array_equal(first.X_train[:100], first.X_test[:100])


def test_a_folder_of_tables_is_a_suite(tmp_path):
    x = np.linspace(1, 2, 40)
    pd.DataFrame({"a": x, "b": x**2, "t": x + x**2}).to_csv(tmp_path / "one.csv", index=False)
    pd.DataFrame({"a": x, "t": 2 * x}).to_csv(tmp_path / "two.csv", index=False)
    problems = load_folder(tmp_path)
    assert [problem.name for problem in problems] == ["one", "two"]
    data = split(problems[0], 0.0, 3)
    assert data.X_train.shape == (30, 2)
    np.testing.assert_allclose(data.X_test.sum(axis=1), data.y_test)
    together = np.sort(np.concatenate((data.y_train, data.y_test)))
    np.testing.assert_allclose(together, np.sort(x + x**2))


def test_tables_that_cannot_be_used_name_the_remedy(tmp_path):
    with pytest.raises(ValueError, match="holds no CSV files; give a folder"):
        load_folder(tmp_path)
    (tmp_path / "bad.csv").write_text("a,t\n1,x\n2,y\n", encoding="utf-8")
    with pytest.raises(ValueError, match="column 't'"):
        split(TableProblem("bad", str(tmp_path), tmp_path / "bad.csv"), 0.0, 0)
