"""Graphs as FATE's jobs have them, for drawings that a person has looked at."""

from __future__ import annotations

from typing import Final

CHAIN: Final = {
    "reader_0": [],
    "dataio_0": ["reader_0"],
    "intersection_0": ["dataio_0"],
    "hetero_lr_0": ["intersection_0"],
    "evaluation_0": ["hetero_lr_0"],
}
DIAMOND: Final = {
    "intersection_0": [],
    "hetero_lr_0": ["intersection_0"],
    "local_baseline_0": ["intersection_0"],
    "evaluation_0": ["hetero_lr_0", "local_baseline_0"],
}
FORK_AND_JOIN: Final = {  # with an edge over three layers
    "reader_0": [],
    "intersection_0": ["reader_0"],
    "hetero_feature_binning_0": ["intersection_0"],
    "statistic_0": ["intersection_0"],
    "scorecard_0": ["hetero_feature_binning_0"],
    "hetero_feature_selection_0": ["intersection_0", "scorecard_0", "statistic_0"],
    "hetero_lr_0": ["hetero_feature_selection_0"],
}
TWO_READERS: Final = {
    "reader_0": [],
    "reader_1": [],
    "dataio_0": ["reader_0"],
    "dataio_1": ["reader_1", "dataio_0"],
    "intersection_0": ["dataio_0"],
    "intersection_1": ["dataio_1"],
    "scale_0": ["intersection_0"],
    "scale_1": ["intersection_1", "scale_0"],
    "hetero_lr_0": ["scale_0", "scale_1"],
    "evaluation_0": ["hetero_lr_0"],
}
MULTI_PIPELINE: Final = {
    "reader_0": [],
    "dataio_0": ["reader_0"],
    "intersection_0": ["dataio_0"],
    "federated_sample_0": ["intersection_0"],
    "feature_scale_0": ["federated_sample_0"],
    "hetero_feature_binning_0": ["feature_scale_0"],
    "hetero_feature_selection_0": ["feature_scale_0", "hetero_feature_binning_0"],
    "one_hot_0": ["hetero_feature_selection_0"],
    "hetero_lr_0": ["one_hot_0"],
    "hetero_lr_1": ["hetero_lr_0", "one_hot_0"],
    "hetero_linr_0": ["hetero_feature_selection_0"],
    "hetero_poisson_0": ["hetero_feature_selection_0"],
    "hetero_secureboost_0": ["hetero_feature_selection_0"],
    "evaluation_0": ["hetero_lr_0", "hetero_linr_0", "hetero_poisson_0", "hetero_secureboost_0"],
}
WIDE_FAN_OUT: Final = {"reader_0": [], **{f"writer_{number}": ["reader_0"] for number in range(7)}}

EXAMPLES: Final = {
    "chain": CHAIN,
    "diamond": DIAMOND,
    "fork_and_join": FORK_AND_JOIN,
    "two_readers": TWO_READERS,
    "multi_pipeline": MULTI_PIPELINE,
    "wide_fan_out": WIDE_FAN_OUT,
}
