"""FATE's parameters of heterogeneous logistic regression: names, defaults and validation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator

from fateflow_tui.components.contract import AnyCase, PositiveInt, StrictParameters

if TYPE_CHECKING:
    pass


_UpperCase = BeforeValidator(lambda value: value.upper() if isinstance(value, str) else value)


Role = Annotated[Literal["guest", "host", "arbiter"], AnyCase]


Mode = Annotated[Literal["hetero", "homo"], AnyCase]


class InitParam(StrictParameters):
    """Weight initialization."""

    init_method: Annotated[Literal["random_uniform", "random_normal", "ones", "zeros", "const"], AnyCase] = (
        "random_uniform"
    )
    init_const: float = 1
    fit_intercept: bool = True
    random_seed: int | None = None


class EncryptParam(StrictParameters):
    """The Paillier key pair. key_length: bits of the modulus, at least 1024."""

    method: Annotated[Literal["Paillier"], BeforeValidator(lambda value: _normalize_method(value))] | None = "Paillier"
    key_length: Annotated[int, Field(ge=1024, le=4096)] = 1024


class EncryptedModeCalculatorParam(StrictParameters):
    """How often FATE re-encrypts values. Accepted for compatibility; every value is always freshly encrypted."""

    mode: Annotated[Literal["strict", "fast", "balance", "confusion_opt", "confusion_opt_balance"], AnyCase] = "strict"
    re_encrypted_rate: Annotated[float, Field(ge=0, le=1)] = 1


class PredictParam(StrictParameters):
    """threshold: a row with a score above it is predicted as 1."""

    threshold: float = 0.5


class CrossValidationParam(StrictParameters):
    """K-fold cross-validation. history_value_type: what the output table holds."""

    n_splits: Annotated[int, Field(ge=2)] = 5
    mode: Mode = "hetero"
    role: Role = "guest"
    shuffle: bool = True
    random_seed: Annotated[int, Field(ge=0)] | None = 1
    need_cv: bool = False
    output_fold_history: bool = True
    history_value_type: Annotated[Literal["score", "instance"], AnyCase] = "score"


class StochasticQuasiNewtonParam(StrictParameters):
    """Settings of the optimizer sqn."""

    update_interval_L: PositiveInt = 3  # noqa: N815
    memory_M: PositiveInt = 5  # noqa: N815
    sample_size: PositiveInt = 5000
    random_seed: int | None = None


class StepwiseParam(StrictParameters):
    """Stepwise feature selection."""

    score_name: Annotated[Literal["AIC", "BIC"], _UpperCase] = "AIC"
    mode: Mode = "hetero"
    role: Role = "guest"
    direction: Annotated[Literal["forward", "backward", "both"], AnyCase] = "both"
    max_step: PositiveInt = 10
    nvmin: PositiveInt = 2
    nvmax: PositiveInt | None = None
    need_stepwise: bool = False


class HeteroLogisticParam(StrictParameters):
    """Types are strict (see `StrictParameters`); keywords are case-insensitive.

    batch_size: rows per batch, -1 for all rows. tol: tolerance of `early_stop`. floating_point_precision: fractional
    bits of the numbers that ciphertexts are multiplied by. validation_freqs: evaluate every n iterations, or after the
    listed ones.
    """

    penalty: Annotated[Literal["L1", "L2", "NONE"], _UpperCase] | None = "L2"
    tol: float = 1e-4
    alpha: float = 1.0
    optimizer: Annotated[
        Literal["sgd", "rmsprop", "adam", "adagrad", "nesterov_momentum_sgd", "sqn"],
        AnyCase,
    ] = "rmsprop"
    batch_size: int = -1
    learning_rate: float = 0.01
    init_param: InitParam = InitParam()
    max_iter: PositiveInt = 100
    early_stop: Annotated[Literal["diff", "abs", "weight_diff"], AnyCase] = "diff"
    encrypt_param: EncryptParam = EncryptParam()
    predict_param: PredictParam = PredictParam()
    encrypted_mode_calculator_param: EncryptedModeCalculatorParam = EncryptedModeCalculatorParam()
    cv_param: CrossValidationParam = CrossValidationParam()
    decay: float = 1
    decay_sqrt: bool = True
    sqn_param: StochasticQuasiNewtonParam = StochasticQuasiNewtonParam()
    multi_class: Annotated[Literal["ovr"], AnyCase] = "ovr"
    validation_freqs: PositiveInt | list[int] | None = None
    early_stopping_rounds: PositiveInt | None = None
    metrics: list[str] | None = Field(default_factory=lambda: ["auc", "ks"])
    use_first_metric_only: bool = False
    stepwise_param: StepwiseParam = StepwiseParam()
    floating_point_precision: Annotated[int, Field(ge=0, le=63)] | None = 23

    @field_validator("batch_size")
    @classmethod
    def _check_batch_size(cls, value: int) -> int:
        if value != -1 and value < 10:
            raise ValueError(f"batch_size must be -1 (all rows) or at least 10, not {value}")
        return value

    @field_validator("early_stopping_rounds")
    @classmethod
    def _check_early_stopping(cls, value: int | None, info: ValidationInfo) -> int | None:
        if value is not None and info.data.get("validation_freqs") is None:
            raise ValueError("early_stopping_rounds counts evaluations, so validation_freqs must be set too")
        return value

    def validates(self, iteration: int) -> bool:
        """Whether the model is evaluated after this iteration, counted from 0."""
        frequency = self.validation_freqs
        if frequency is None:
            return False
        return iteration in frequency if isinstance(frequency, list) else (iteration + 1) % frequency == 0


def _normalize_method(value: Any) -> Any:
    return "Paillier" if isinstance(value, str) and value.lower() == "paillier" else value
