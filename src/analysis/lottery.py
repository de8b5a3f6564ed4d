"""A lottery that anyone can check: the ticket of each proposal is a hash of the recorded seed and its id."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import pandas as pd


def draw_ticket(seed: int, proposal: str) -> str:
    """Return the ticket of a proposal: the SHA-256 of `seed:proposal` in UTF-8, as `sha256sum` prints it."""
    return hashlib.sha256(f"{seed}:{proposal}".encode()).hexdigest()


def draw_lots(proposals: Iterable[str], places: int, seed: int) -> pd.DataFrame:
    """Return the draw: columns proposal, ticket, place and drawn, in the order of the tickets; the lowest win.

    The order in which the proposals are given plays no part.
    """
    tickets = sorted((draw_ticket(seed, proposal), proposal) for proposal in set(proposals))
    rows = [
        {"proposal": proposal, "ticket": ticket, "place": place, "drawn": place <= places}
        for place, (ticket, proposal) in enumerate(tickets, start=1)
    ]
    return pd.DataFrame(rows, columns=["proposal", "ticket", "place", "drawn"])
