"""Makes the demo's two tables: scikit-learn's breast cancer set, split by columns between a guest and a host.

The guest holds the label and the ten "mean" features, the host the other twenty. Each party scales its own features
to mean 0 and deviation 1, as parties do that cannot see each other's data. Run it to regenerate `demo/data`.
"""

from __future__ import annotations

from pathlib import Path

import polars as pl
from sklearn.datasets import load_breast_cancer

GUEST_FEATURES = 10


def main() -> None:
    data = load_breast_cancer()
    scaled = (data.data - data.data.mean(axis=0)) / data.data.std(axis=0)
    ids = pl.Series("id", [f"p{number:03d}" for number in range(len(scaled))])
    names = [name.replace(" ", "_") for name in data.feature_names]
    columns = [pl.Series(name, scaled[:, i]).round(6) for i, name in enumerate(names)]
    folder = Path(__file__).parent / "data"
    folder.mkdir(exist_ok=True)
    pl.DataFrame([ids, pl.Series("y", data.target), *columns[:GUEST_FEATURES]]).write_csv(folder / "guest.csv")
    # The host knows the same people in another order, as it would.
    host = pl.DataFrame([ids, *columns[GUEST_FEATURES:]]).sample(fraction=1.0, shuffle=True, seed=7)
    host.write_csv(folder / "host.csv")


if __name__ == "__main__":
    main()
