"""Media tokens: permission to fetch pictures from a node, for one camera, one act, one minute."""

from fastapi import APIRouter, Request

from brightkitchen.domain.authz.minter import VALID_S
from brightkitchen.domain.cameras.model import IssuedToken, MediaWish
from brightkitchen.kernel.errors import BrightKitchenError, Kind
from brightkitchen.web.auth import Signed, options_of, origin_of, require_session, require_step_up, services_of
from brightkitchen.web.params import read_optional_instant
from brightkitchen.web.present.media import TokenListOut, TokenOut, TokenRequestIn

router = APIRouter(prefix="/media", tags=["media"])


@router.post("/tokens", operation_id="issue_media_tokens", response_model=TokenListOut)
async def issue_media_tokens(request: Request, caller: Signed, given: TokenRequestIn) -> TokenListOut:
    """Mint up to 64 tokens, each checked. Leases are renewed by it, so it does not count as a person's input.

    A download leaves the house: it asks for a fresh proof (SECURITY §2.2).
    """
    if any(item.act == "clip" for item in given.items):
        await require_step_up(request, await require_session(caller))
    wishes = [
        MediaWish(
            item.camera, item.act, item.profile, read_optional_instant(item.from_), read_optional_instant(item.to)
        )
        for item in given.items
    ]
    issued = await services_of(request).cameras.issue_tokens(caller.actor, wishes, origin=origin_of(request))
    return TokenListOut(
        items=[
            TokenOut(
                camera=token.camera,
                act=wish.act,
                token=token.token,
                expires_in_s=VALID_S,
                media_url=_media_url(request, token),
            )
            for token, wish in zip(issued, given.items, strict=True)
        ]
    )


def _media_url(request: Request, token: IssuedToken) -> str:
    """Return where the node of the token is; from its own word if it is connected, else from the configuration."""
    options = options_of(request)
    port = services_of(request).nodes.port_of(token.node) or options.media_ports.get(token.node)
    if port is None:
        raise BrightKitchenError(Kind.UNAVAILABLE, "node.none_connected")
    return options.media_url(origin_of(request), token.node, port)
