"""A page that lists other files beside it, each behind a link: what `render_html` itself allows on no page."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote

from markupsafe import Markup

OPEN, CLOSE = "\ue000", "\ue001"  # signs for private use: no text that is published has them


class Links:
    """Links to files, to be put in a page once that is made and checked; meanwhile a mark stands for each."""

    def __init__(self) -> None:
        """Begin with none."""
        self.links: list[tuple[str, str, str]] = []

    def mark(self, path: Sequence[str], text: str, spoken: str) -> str:
        """Return the mark of a link to a file, given by the folders and the name that lead to it from the page.

        `spoken` says where it leads to who hears the page: it tells links of the same text apart.
        """
        self.links.append(("/".join(quote(part, safe="") for part in path), text, spoken))
        return f"{OPEN}{len(self.links) - 1}{CLOSE}"

    def fill_in(self, page: str) -> str:
        """Return the page with every link in the place of its mark."""
        for number, (place, text, spoken) in enumerate(self.links):
            link = Markup('<a href="{}" aria-label="{}">{}</a>').format(place, spoken, text)
            page = page.replace(f"{OPEN}{number}{CLOSE}", str(link))
        return page
