"""What the parties of an intersection tell each other: the one list of names, directions and contents."""

from __future__ import annotations

from typing import Final

from fateflow_tui.components.contract import variable
from fateflow_tui.core.ports import Variable

VARIABLES: Final[tuple[Variable, ...]] = (
    # raw: ids, or their hashes, in the order of the alphabet
    variable("send_ids_host", "host", "guest"),
    variable("send_ids_guest", "guest", "host"),
    variable("intersect_ids_guest", "guest", "host"),
    variable("intersect_ids_host", "host", "guest"),
    variable("sync_intersect_ids_multi_hosts", "guest", "host"),
    # rsa
    variable("host_pubkey", "host", "guest"),  # {"n": modulus, "e": exponent}
    variable("guest_pubkey_ids", "guest", "host"),  # blinded ids, one number each, in random order
    variable("host_sign_guest_ids", "host", "guest"),  # the same numbers signed, in the same order
    variable("host_prvkey_ids", "host", "guest"),  # hashes of the host's signed ids, in random order
    # ecdh
    variable("guest_blinded_ids", "guest", "host"),  # 32 bytes each, in random order
    variable("guest_double_blinded_ids", "host", "guest"),  # the same in the same order
    variable("host_blinded_ids", "host", "guest"),  # 32 bytes each, in random order
    # rsa, ecdh: which of the host's values are in the intersection, as positions in what it sent
    variable("intersect_positions", "guest", "host"),
    # repeated ids: id -> the guest's rows with it, of the intersection only
    variable("id_map_from_guest", "guest", "host"),
)
