"""How like one another proposals are, by their words and their groups."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import normalize

# What a similarity rests on, in shares of a proposal of which all is known: its words as much as all its groups.
TEXT_SHARE = 0.5
GROUP_SHARES = {"category": 0.25, "actor_kind": 0.125, "focus": 0.125}
DECIMALS = 6  # to which a similarity is the same on every machine
WORD = r"(?u)\b[^\W\d_]{2,}\b"
# Function words, which say nothing of what a text is about.
DUTCH = (
    "aan al alle allerlei als altijd ander andere bij binnen daar daarbij daarna daarom dan dat de deze die dit "
    "doen doet door dus een eens eigen elk elkaar elke en enkele er gaan gaat geen haar had hebben heeft hem hen "
    "het hier hoe hun ieder iedere iedereen iemand iets in is ja je kan komen komt kon krijgen krijgt kunnen "
    "maakt maar maken meer men met mij moet moeten na naar naast niet niets nog nu of om omdat onder ons onze ook "
    "op over per samen sinds te tegen ter tijdens toch toe tot tussen twee uit van vanaf veel via voor waar "
    "waarbij waarin waarop wanneer want waren was wat we weer werd wie wij wil willen word worden wordt zal ze "
    "zelf zich zij zijn zo zoals zodat zonder zou"
)
ENGLISH = (
    "about after all also an and any are as at be been before between both but by can do does each every for from "
    "had has have her his how if in into is it its itself more most no not of off on one only or other our out "
    "over own so some such than that the their them then there these they this those through to together up us "
    "was we were what when where which while who will with without would you your"
)


def measure_similarity(proposals: pd.DataFrame, profiles: pd.DataFrame, chosen: pd.DataFrame) -> pd.DataFrame:
    """Return how like each proposal that was not chosen (rows) is to each that was (columns), from 0 to 1.

    The cosine of the angle between two proposals as vectors: the words of title and summary by TF-IDF (Salton and
    Buckley 1988, as scikit-learn smooths it) without function words, beside its category, kind of actor and focus. The
    words weigh as much as these groups together; what is unknown of a proposal is no part of its vector. Rows and
    columns are in the order of their ids.
    """
    ordered = proposals.sort_values("proposal", ignore_index=True)
    groups = profiles.set_index("proposal").loc[ordered["proposal"]]
    parts = [_weigh_words(ordered) * np.sqrt(TEXT_SHARE)]
    parts += [_mark_groups(groups[column]) * np.sqrt(share) for column, share in GROUP_SHARES.items()]
    vectors = normalize(sparse.hstack(parts, format="csr"))
    is_pilot = ordered["proposal"].isin(chosen["proposal"]).to_numpy()
    cosines = (vectors[~is_pilot] @ vectors[is_pilot].T).toarray().round(DECIMALS)
    ids = ordered["proposal"].to_numpy(dtype=object)
    return pd.DataFrame(np.clip(cosines, 0, 1), index=ids[~is_pilot], columns=ids[is_pilot])


def _weigh_words(proposals: pd.DataFrame) -> sparse.csr_matrix:
    """Return a row of length 1 per proposal, or of length 0 where no word of it has a meaning of its own."""
    texts = (proposals["title"] + " " + proposals["summary"].fillna("")).tolist()
    weights = TfidfVectorizer(stop_words=[*DUTCH.split(), *ENGLISH.split()], token_pattern=WORD)
    analyse = weights.build_analyzer()
    if not any(analyse(text) for text in texts):  # which scikit-learn refuses
        return sparse.csr_matrix((len(texts), 0))
    return weights.fit_transform(texts)


def _mark_groups(groups: pd.Series) -> sparse.csr_matrix:
    """Return a row per proposal with 1 in the column of its group; without any where the group is unknown."""
    codes, names = pd.factorize(groups)
    known = np.nonzero(codes >= 0)[0]
    return sparse.csr_matrix((np.ones(len(known)), (known, codes[known])), shape=(len(groups), len(names)))
