"""Products of a few rows: right, the same in any company, and without other threads."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from femo.networks.linear import FEW_ROWS, project

OTHERS_CPU_S = """
import time
import numpy as np
from femo.faces.reidentification import basis, without
from femo.networks.linear import project

rng = np.random.default_rng(0)
rows, weight = (rng.normal(size=size).astype(np.float32) for size in ((256, 1280), (101, 1280)))
axes = np.eye(8, 1280, dtype=np.float32)
time.sleep(0.3)  # threads that a library starts on import come to rest, on a busy machine late
others = time.process_time() - time.thread_time()
for _ in range(5):
    {asked}
    time.sleep(0.03)
print(time.process_time() - time.thread_time() - others)
"""


@pytest.mark.parametrize("n_rows", [0, 1, 7, FEW_ROWS, FEW_ROWS + 1])
def test_a_projection_is_the_product_with_the_transpose(n_rows):
    rng = np.random.default_rng(n_rows)
    rows, weight = rng.normal(size=(n_rows, 240)), rng.normal(size=(101, 240))

    found = project(rows.astype(np.float32), weight.astype(np.float32))

    assert found.dtype == np.float32
    np.testing.assert_allclose(found, rows @ weight.T, atol=1e-4)


@given(n_rows=st.integers(2, 40), n_columns=st.sampled_from([8, 240, 1280]), n_out=st.integers(1, 101))
def test_a_row_is_projected_alike_in_any_company(n_rows, n_columns, n_out):
    rng = np.random.default_rng(n_rows)
    rows = rng.normal(size=(n_rows, n_columns)).astype(np.float32)
    weight = rng.normal(size=(n_out, n_columns)).astype(np.float32)

    together = project(rows, weight)

    alone = np.concatenate([project(rows[row : row + 1], weight) for row in range(n_rows)])
    np.testing.assert_array_equal(together, alone)


@pytest.mark.parametrize("asked", ["project(rows, weight)", "basis(weight[:8])", "without(rows, axes)"])
def test_no_other_thread_works_for_a_few_rows(asked):
    """OpenBLAS' threads wait at full load, about 0.1 s of processor time after five products."""
    code = OTHERS_CPU_S.format(asked=asked)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert float(done.stdout) < 0.01
