"""Reads a sweep table (CSV and Parquet) and a trajectory (NPZ) with pandas and NumPy, and checks that they agree.

usage: read_results.py TABLE.csv TABLE.parquet TRAJECTORY.npz
"""

import json
import sys

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

csv_file, parquet_file, npz_file = sys.argv[1:]

# A sweep: one row a point. The first line is a comment with the metadata.
table = pd.read_csv(csv_file, comment="#")
with open(csv_file) as file:
    metadata = json.loads(file.readline().lstrip("#"))
print(metadata["system"])
print(table.groupby(metadata["parameters"][0]).mean(numeric_only=True))

# The same as Parquet: names, numbers and metadata are equal.
again = pd.read_parquet(parquet_file)
assert list(again.columns) == list(table.columns)
numbers = table.drop(columns="error").columns
pd.testing.assert_frame_equal(again[numbers], table[numbers], check_dtype=False, rtol=0, atol=0)
assert json.loads(pq.read_schema(parquet_file).metadata[b"overlap"]) == metadata
assert set(metadata["units"]) <= set(table.columns)

# A trajectory: the overlaps over time, and the problem they belong to.
ode = np.load(npz_file)
about = json.loads(ode["metadata"].item())
assert ode["t"].dtype == np.float64 and np.all(np.diff(ode["t"]) > 0)
np.testing.assert_allclose(ode["risk"] - about["problem"]["noise"] / 2, ode["excess_risk"], rtol=1e-12)
assert about["problem"]["k"] == 4 and ode["M_4_8"].shape == ode["t"].shape
print("read", len(table), "points and", len(ode["t"]), "times")
