"""FATE-Flow 1.7.2's app `template`: example documents to begin with."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

import fateflow_tui
from fateflow_tui.core.errors import FateFlowError, NotFound
from fateflow_tui.server.archives import example_archive, tar_answer
from fateflow_tui.server.fate.envelope import file_failure
from fateflow_tui.server.openapi import FLAG, TAR, described, members
from fateflow_tui.server.requests import JsonBody

router = APIRouter(tags=["template (FATE-Flow 1.7+)"])

# Beside the package: in an installation, or in a checkout.
_PLACES: Final = ("fateflow_tui/commands/demo_files", "demo")
_SIGN: Final = "hetero_lr_dsl.json"


@router.post("/template/download", **described(members(min_data=FLAG), {"min_data": 1}, file=TAR))
async def download(request: Request, body: JsonBody) -> Response:
    """Documents and small tables of an example job as tar.gz. `min_data`: for FATE's clients; all data are small."""
    try:
        archive = await asyncio.to_thread(example_archive, _folder())
    except FateFlowError as error:
        return file_failure(request, error)
    return tar_answer(archive, "template.tar.gz")


def _folder() -> Path:
    root = Path(fateflow_tui.__file__).parents[1]
    for place in _PLACES:
        if (root / place / _SIGN).is_file():
            return root / place
    raise NotFound(f"the example's files are not at {root}: neither in {' nor in '.join(_PLACES)}")
