"""Parameters of Intersection."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from fateflow_tui.components.contract import AnyCase, PositiveInt, RoleWithData, StrictParameters

if TYPE_CHECKING:
    pass


_Encoding = Literal["none", "md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sm3"]


_FirstHash = Literal["sha256", "sha384", "sha512", "sm3"]


_FinalHash = Literal["md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sm3"]


class EncodeParam(StrictParameters):
    """How `raw` hashes id + salt with `with_encode`. Ids that can be guessed are not protected by this."""

    salt: str = ""
    encode_method: Annotated[_Encoding, AnyCase] = "none"
    base64: bool = False


class RSAParam(StrictParameters):
    """How `rsa` blinds ids. salt: added to both hashes.

    split_calculation and random_base_fraction are FATE's speed options. They have no effect: every id has its own
    blinding factor.
    """

    salt: str = ""
    hash_method: Annotated[_FirstHash, AnyCase] = "sha256"
    final_hash_method: Annotated[_FinalHash, AnyCase] = "sha256"
    split_calculation: bool = False
    random_base_fraction: Annotated[float, Field(ge=0, le=1)] | None = None
    key_length: Annotated[int, Field(ge=1024, le=16384)] = 1024


class IntersectCache(StrictParameters):
    """FATE's cache of encrypted ids. Accepted but not used: every run encrypts the ids again."""

    use_cache: bool = False
    id_type: Annotated[Literal["phone", "imei"], AnyCase] = "phone"
    encrypt_type: Annotated[Literal["md5", "sha256"], AnyCase] = "sha256"


class IntersectParam(StrictParameters):
    """intersect_method: raw (reveals ids to the joining role), rsa (blind signatures) or ecdh (blinded curve points).

    sync_intersect_ids: whether the role that finds the intersection sends it to the other. join_role: the role that
    finds it with `raw`; with the other methods it is the guest. only_output_key: output ids without values.
    repeated_id_process: rows of `repeated_id_owner` may share an id, which is their first feature. with_sample_id: the
    id is the first feature at the other role as well. random_bit: FATE's size of blinding factors; ignored, they are
    as large as the key.
    """

    intersect_method: Annotated[Literal["raw", "rsa", "ecdh"], AnyCase] = "raw"
    random_bit: PositiveInt = 128
    sync_intersect_ids: bool = True
    join_role: RoleWithData = "guest"
    with_encode: bool = False
    only_output_key: bool = False
    encode_params: EncodeParam = EncodeParam()
    rsa_params: RSAParam = RSAParam()
    intersect_cache_param: IntersectCache = IntersectCache()
    repeated_id_process: bool = False
    repeated_id_owner: Annotated[Literal["guest"], AnyCase] = "guest"
    with_sample_id: bool = False
    allow_info_share: bool = False
    info_owner: RoleWithData = "guest"
