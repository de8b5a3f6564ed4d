"""The files of an edition as a dataset of an open-data catalogue: DCAT-AP in JSON-LD."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

from analysis.call import Call
from analysis.declarations import Audience, Language
from analysis.glossary import describe_table
from analysis.publish.datapackage import as_json
from analysis.publish.dictionary import (
    Dataset,
    identify_licence,
    say_description,
    say_title,
)
from analysis.published import Sources
from analysis.wording import Wording

LANGUAGES: tuple[Language, ...] = ("nl", "en")
PREFIXES: Mapping[str, str] = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "spdx": "http://spdx.org/rdf/terms#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
AUTHORITY = "http://publications.europa.eu/resource/authority"  # the vocabularies that DCAT-AP asks for
RIGHTS: Mapping[Audience, str] = {"public": "PUBLIC", "applicant": "RESTRICTED", "internal": "NON_PUBLIC"}
NAMES: Mapping[Language, str] = {"nl": "NLD", "en": "ENG"}
MEDIA = "http://www.iana.org/assignments/media-types"
MEDIA_TYPES: Mapping[str, str] = {
    ".csv": "text/csv",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".html": "text/html",
    ".json": "application/json",
    ".pdf": "application/pdf",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


def describe_dataset(dataset: Dataset, files: Mapping[str, bytes]) -> bytes:
    """Return `metadata.jsonld`: the edition as a dataset, and each of these files as a distribution of it.

    `files` are the contents by name, relative to the folder that the description will stand in; so are the addresses
    in it. It names nothing that was withheld. Raises KeyError for a file of a kind that has no media type here.
    """
    described = {
        "@context": dict(PREFIXES),
        "@id": dataset.identifier,
        "@type": "dcat:Dataset",
        **_describe(dataset),
        "dcat:distribution": [_distribute(name, content, dataset) for name, content in files.items()],
    }
    return as_json(described)


def _wordings(dataset: Dataset) -> list[Wording]:
    return [Wording(language, dataset.call) for language in LANGUAGES]


def _describe(dataset: Dataset) -> dict[str, Any]:
    call, edition = dataset.call, dataset.edition
    wordings = _wordings(dataset)
    return {
        "dct:identifier": dataset.identifier,
        "dct:title": [_said(say_title(dataset, words), words) for words in wordings],
        "dct:description": [_said(say_description(dataset, words), words) for words in wordings],
        "dct:issued": _day(edition.as_of.isoformat()),
        "dcat:version": dataset.version,
        "dct:publisher": {"@type": "foaf:Agent", "foaf:name": call.organiser.name},
        "dct:language": _term("language", NAMES[edition.language]),
        "dct:accessRights": {"@type": "dct:RightsStatement", **_term("access-right", RIGHTS[edition.audience])},
        "dct:license": [_license(licence) for licence in dataset.licences],
        "dct:temporal": {
            "@type": "dct:PeriodOfTime",
            "dcat:startDate": _day(call.dates.submission.start.isoformat()),
            "dcat:endDate": _day((call.dates.execution or call.dates.submission).end.isoformat()),
        },
        **_spatial(call, wordings),
        "dct:provenance": _provenance(dataset, wordings),
        "dct:source": [item for source in dataset.sources for item in _sources(source)],
    }


def _spatial(call: Call, wordings: list[Wording]) -> dict[str, Any]:
    """Return the region that the call is about, where it declares one."""
    if call.reference is None:
        return {}
    labels = [_said(call.reference.region.in_language(words.language), words) for words in wordings]
    return {"dct:spatial": {"@type": "dct:Location", "skos:prefLabel": labels}}


def _provenance(dataset: Dataset, wordings: list[Wording]) -> list[dict[str, Any]]:
    """Return that records are synthetic, and what else the sources say to the reader."""
    notices = [(dataset.notice(words.language), words) for words in wordings]
    labels = [_said(notice, words) for notice, words in notices if notice]
    return [{"@type": "dct:ProvenanceStatement", "rdfs:label": labels}] if labels else []


def _sources(sources: Sources) -> list[dict[str, Any]]:
    return [
        {"dct:title": name, "dct:description": file.origin, "dct:license": _license(file.licence)}
        for name, file in sources.files.items()
    ]


def _distribute(name: str, content: bytes, dataset: Dataset) -> dict[str, Any]:
    """Return a file as a distribution: where it stands beside the description, its kind, its size and its hash."""
    return {
        "@type": "dcat:Distribution",
        "dct:title": [_said(_title_of(name, dataset, words), words) for words in _wordings(dataset)],
        "dcat:accessURL": {"@id": name},
        "dcat:downloadURL": {"@id": name},
        "dcat:mediaType": {"@id": f"{MEDIA}/{MEDIA_TYPES[PurePosixPath(name).suffix]}"},
        "dcat:byteSize": {"@type": "xsd:nonNegativeInteger", "@value": str(len(content))},
        "spdx:checksum": {
            "@type": "spdx:Checksum",
            "spdx:algorithm": {"@id": "spdx:checksumAlgorithm_sha256"},
            "spdx:checksumValue": {"@type": "xsd:hexBinary", "@value": hashlib.sha256(content).hexdigest()},
        },
        "dct:language": _term("language", NAMES[dataset.edition.language]),
        "dct:license": [_license(licence) for licence in dataset.licences],
    }


def _title_of(name: str, dataset: Dataset, words: Wording) -> str:
    """Return what a file is: a table by its description, the others by a text; the name itself where there is none."""
    path = PurePosixPath(name)
    if path.suffix == ".csv" and path.stem in dataset.released:
        return describe_table(dataset.released[path.stem].contract, words.language)
    key = path.name.replace(".", "_")
    return words.plain(f"tables.files.{key}") if key in words.keys("tables.files") else path.name


def _license(licence: str) -> dict[str, str]:
    return {"@type": "dct:LicenseDocument", "dct:identifier": identify_licence(licence), "dct:title": licence}


def _term(vocabulary: str, name: str) -> dict[str, str]:
    return {"@id": f"{AUTHORITY}/{vocabulary}/{name}"}


def _day(day: str) -> dict[str, str]:
    return {"@type": "xsd:date", "@value": day}


def _said(text: str, words: Wording) -> dict[str, str]:
    return {"@language": words.language, "@value": text}
