"""The demo's files, and what scikit-learn makes of its two tables when they are joined."""

from __future__ import annotations

import csv
from importlib.resources import files
from pathlib import Path

from fateflow_tui.core.errors import NotFound


def demo_files() -> Path:
    """The folder with the job documents and `data`: packaged with this module, or `demo` of the checkout."""
    packaged = Path(str(files("commands") / "demo_files"))
    candidates = (packaged, Path(__file__).parents[1] / "demo")
    for folder in candidates:
        if (folder / "hetero_lr_dsl.json").is_file():
            return folder
    raise NotFound(f"the demo's files are neither in {candidates[0]} nor in {candidates[1]}")


def joined_auc(guest: Path, host: Path) -> float:
    """The AUC of a logistic regression that sees both tables, on the rows that it was trained on."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score

    ours, theirs = _rows(guest), _rows(host)
    common = sorted(ours.keys() & theirs.keys())
    features = [ours[key][1:] + theirs[key] for key in common]
    labels = [ours[key][0] for key in common]
    scores = LogisticRegression(max_iter=1_000).fit(features, labels).predict_proba(features)[:, 1]
    return float(roc_auc_score(labels, scores))


def _rows(path: Path) -> dict[str, list[float]]:
    """Numbers by id; the first column is the id."""
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file)
        next(reader)
        return {key: [float(value) for value in values] for key, *values in reader}
