"""What is stated about this FICTIONAL call: all of it is invented; make_tables.py writes the tables from it.

The country, its places and every organisation are fictional. Persons have no names: jurors and employees have numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

SEED = "clear-waters-2025"
CRITERIA = ("effect", "feasibility", "upkeep", "support")
JURY = CRITERIA
AGENCY = ("feasibility", "upkeep")
# Each rater: its panel, none where it scores in both, and the criteria that it judges (as in call.yml).
PANELS: dict[str, tuple[str | None, tuple[str, ...]]] = {
    "juror-1": ("rivers", JURY),
    "juror-2": ("rivers", JURY),
    "juror-3": ("rivers", JURY),
    "juror-4": ("coasts", JURY),
    "juror-5": ("coasts", JURY),
    "juror-6": ("coasts", JURY),
    "agency": (None, AGENCY),
}
# The proposals with which a rater declared a conflict of interest (as in call.yml).
CONFLICTS: dict[str, tuple[str, ...]] = {
    "juror-1": ("W04",),
    "juror-2": ("W09", "W13"),
    "juror-4": ("W17",),
    "juror-5": ("W22",),
    "juror-6": ("W28",),
    "agency": ("W07", "W25"),
}
# Cells that were delivered wrong; corrections.yml mends each of them.
TYPING_ERRORS = {("W12", "juror-3", "effect"): "35", ("W20", "months"): "100"}

ACTORS = [
    ("A01", "Council of Cragmoss", "council", "101"),
    ("A02", "Highfell Headwaters Board", "water_board", "103"),
    ("A03", "Larkscaur Stream Wardens", "association", "106"),
    ("A04", "Council of Merrowhaven", "council", "201"),
    ("A05", "Midvale Rivers Board", "water_board", "202"),
    ("A06", "Millquarrel Anglers' Union", "association", "203"),
    ("A07", "Council of Eelbridge", "council", "204"),
    ("A08", "Merrowhaven Institute of Fresh Water", "institute", "201"),
    ("A09", "Willowstaithe River Keepers", "association", "206"),
    ("A10", "Council of Lampreyford", "council", "209"),
    ("A11", "Council of Weirstock", "council", "210"),
    ("A12", "Brinemouth Harbour Authority", "harbour", "301"),
    ("A13", "Council of Kelpstrand", "council", "302"),
    ("A14", "Friends of the Oyster Beds", "association", "304"),
    ("A15", "Ternhythe Harbour Authority", "harbour", "306"),
    ("A16", "Saltcoast Shore Institute", "institute", "301"),
    ("A17", "Council of Shinglestow", "council", "307"),
    ("A18", "Cockleby Sands Beach Society", "association", "309"),
    ("A19", "Heronlake Water Board", "water_board", "401"),
    ("A20", "Council of Swanstaithe", "council", "404"),
    ("A21", "Teal Harbour Authority", "harbour", "406"),
    ("A22", "Curlewmarsh Bird Circle", "association", "407"),
    ("A23", "Council of Grebewater", "council", "403"),
]


@dataclass(frozen=True)
class Proposal:
    """A proposal as submitted; `panel` is the one that scores it, `quality` in points around the mean of all."""

    id: str
    panel: str
    quality: float
    title: str
    summary: str
    category: str
    actor: str
    partnership: str
    reach: str
    focus: str
    cross_sector: bool
    maturity: tuple[str, str]
    euro: int
    staff_months: float
    start: str
    months: int
    places: tuple[str, ...]
    umbrella: str = "none"


IDEA, PLAN, PROTOTYPE = "idea", "plan", "prototype"
PROPOSALS = [
    Proposal("W01", "rivers", 0.9, "Cool banks",
             "Alders and willows are planted along bare stretches of the river so that the water stays cool in summer.",
             "banks", "A02", "public", "regional", "restoration", True, (IDEA, PROTOTYPE),
             112000, 14, "2025-04-01", 12, ("102", "103", "105", "106")),
    Proposal("W02", "rivers", -0.7, "The litter boat",
             "A flat boat collects floating plastics on Sundays, with a crew of volunteers.",
             "litter", "A09", "alone", "local", "clean_up", False, (IDEA, PLAN), 46000, 5, "2025-05-01", 8, ("206",)),
    Proposal("W03", "rivers", 0.5, "A ladder at every weir",
             "Old weirs get a rocky ramp, so that eel and lamprey can swim upstream again.",
             "wildlife", "A05", "mixed", "regional", "restoration", False, (PLAN, PROTOTYPE),
             148000, 18, "2025-04-01", 14, ("202", "203", "204", "209", "210")),
    Proposal("W04", "rivers", 0.8, "Rain stays in the street",
             "Gutters lead rain into planted hollows beside the pavement, so that the sewer no longer overflows.",
             "runoff", "A04", "public", "local", "prevention", True, (IDEA, PROTOTYPE),
             165000, 20, "2025-04-01", 15, ("201",)),
    Proposal("W05", "rivers", 0.1, "School of the stream",
             "Pupils measure acidity and oxygen in the brook behind their school and publish what they find.",
             "monitoring", "A08", "research", "regional", "prevention", True, (IDEA, PROTOTYPE),
             58000, 7, "2025-09-01", 10, ("201", "205", "207", "208")),
    Proposal("W06", "rivers", -0.3, "No salt on the fell roads",
             "Grit from the quarry takes the place of road salt on the roads above the springs.",
             "runoff", "A01", "alone", "local", "prevention", False, (IDEA, PLAN), 52000, 6, "2025-10-01", 6, ("101",)),
    Proposal("W07", "rivers", 0.35, "Sluices that talk",
             "Sensors tell the keepers of the next sluices how high and how clear the water is that comes their way.",
             "monitoring", "A05", "public", "regional", "prevention", False, (PLAN, PROTOTYPE),
             97000, 11, "2025-05-01", 12, ("202", "204", "206")),
    Proposal("W08", "rivers", -1.0, "Paint the drains",
             "A painted fish beside each drain reminds passers-by that it leads to the river.",
             "litter", "A10", "mixed", "local", "prevention", False, (IDEA, IDEA), 24000, 3, "2025-05-01", 5, ("209",)),
    Proposal("W09", "rivers", 0.25, "Anglers count",
             "Anglers report their catch by telephone; the counts show where fish return and where they stay away.",
             "wildlife", "A06", "research", "regional", "prevention", False, (IDEA, PROTOTYPE),
             43000, 6, "2025-04-01", 12, ("203", "208", "209")),
    Proposal("W10", "rivers", 0.0, "A strip for the stream",
             "Farmers leave a strip of meadow unmanured along the stream and are paid for the hay.",
             "runoff", "A07", "mixed", "regional", "prevention", True, (IDEA, PLAN),
             88000, 9, "2025-06-01", 12, ("204", "205")),
    Proposal("W11", "rivers", -0.45, "The dredgers' archive",
             "Old dredging maps are scanned so that spoil heaps along the river can be found and cleaned.",
             "monitoring", "A11", "research", "local", "clean_up", False, (IDEA, PLAN),
             39000, 5, "2025-06-01", 9, ("210",)),
    Proposal("W12", "rivers", 0.6, "Wetland at the works",
             "Reed beds behind the sewage works take out the last of the phosphate before the water reaches the lake.",
             "runoff", "A19", "public", "regional", "restoration", False, (PLAN, PROTOTYPE),
             139000, 16, "2025-04-01", 14, ("401", "402", "403")),
    Proposal("W13", "rivers", -0.1, "Spring wardens",
             "Walkers adopt a spring, keep it free of litter and report when it runs dry.",
             "wildlife", "A03", "mixed", "local", "clean_up", False, (IDEA, PROTOTYPE),
             31000, 4, "2025-04-01", 9, ("106", "107")),
    Proposal("W14", "rivers", 0.15, "Lake watch by satellite",
             "Public satellite pictures give each week a map of algae in the lakes, with a warning to bathers.",
             "monitoring", "A08", "research", "regional", "prevention", True, (IDEA, PROTOTYPE),
             76000, 8, "2025-05-01", 12, ("401", "403", "404")),
    Proposal("W15", "rivers", -0.6, "Manure by rail",
             "Surplus manure goes by train to the fields of the south, away from the lake.",
             "runoff", "A23", "public", "regional", "prevention", True, (IDEA, IDEA),
             120000, 10, "2025-09-01", 10, ("403", "401"), "farming"),
    Proposal("W16", "coasts", 0.75, "Dunes without paths",
             "Marram grass and a boardwalk lead visitors around the young dunes, which hold the sea back.",
             "banks", "A13", "mixed", "local", "restoration", False, (PLAN, PROTOTYPE),
             104000, 12, "2025-04-01", 12, ("302",)),
    Proposal("W17", "coasts", 0.45, "Nets come home",
             "Fishers bring worn nets ashore free of charge; a workshop turns them into rope.",
             "litter", "A12", "mixed", "regional", "clean_up", True, (IDEA, PROTOTYPE),
             83000, 9, "2025-05-01", 12, ("301", "302", "306")),
    Proposal("W18", "coasts", -0.2, "Beach bins that count",
             "Bins on the beach weigh what is thrown in and call the cleaners before they overflow.",
             "litter", "A18", "alone", "local", "clean_up", False, (IDEA, PLAN), 37000, 4, "2025-06-01", 6, ("309",)),
    Proposal("W19", "coasts", 0.3, "Oysters at work",
             "New oyster beds filter the water of the bay and shelter young fish.",
             "wildlife", "A14", "research", "local", "restoration", False, (IDEA, PROTOTYPE),
             91000, 10, "2025-04-01", 14, ("304",)),
    Proposal("W20", "coasts", 0.05, "Ballast ashore",
             "Ships hand in their ballast water on the quay, so that no foreign species reach the harbour.",
             "wildlife", "A15", "alone", "local", "prevention", False, (PLAN, PLAN),
             128000, 12, "2025-06-01", 10, ("306",), "shipping"),
    Proposal("W21", "coasts", -0.8, "Sand sculptures against litter",
             "A summer contest of sculptures made of sand and of what the tide washes up.",
             "litter", "A17", "alone", "local", "prevention", True, (IDEA, IDEA), 22000, 3, "2025-06-01", 4, ("307",)),
    Proposal("W22", "coasts", 0.55, "Salt marsh for the tide",
             "A gap in the old dike lets the tide into a polder again, where salt marsh slows the waves.",
             "banks", "A16", "research", "regional", "restoration", True, (PLAN, PROTOTYPE),
             158000, 19, "2025-04-01", 15, ("307", "308", "309")),
    Proposal("W23", "coasts", 0.2, "The clean slipway",
             "Hull washings are caught and filtered at the slipway instead of running into the harbour.",
             "runoff", "A21", "alone", "local", "prevention", False, (IDEA, PROTOTYPE),
             69000, 7, "2025-05-01", 10, ("406",)),
    Proposal("W24", "coasts", -0.35, "Museum of the tideline",
             "A travelling display of what a year of tides leaves on the beach.",
             "litter", "A18", "mixed", "regional", "prevention", True, (IDEA, PLAN),
             34000, 4, "2025-07-01", 8, ("309", "305")),
    Proposal("W25", "coasts", 0.4, "One number for oil",
             "Harbours along the coast share one number, one store of booms and one duty roster for small oil spills.",
             "runoff", "A15", "public", "regional", "clean_up", False, (IDEA, PROTOTYPE),
             72000, 8, "2025-04-01", 12, ("301", "306", "406")),
    Proposal("W26", "coasts", -0.05, "Quiet nesting",
             "Fences and wardens keep dogs away from the shingle where terns nest.",
             "wildlife", "A22", "mixed", "local", "restoration", False, (IDEA, PLAN),
             28000, 5, "2025-04-01", 5, ("407",)),
    Proposal("W27", "coasts", -0.9, "Seaweed bricks",
             "Seaweed that rots on the beach is pressed into bricks for garden walls.",
             "litter", "A17", "alone", "local", "clean_up", False, (IDEA, IDEA), 49000, 5, "2025-07-01", 8, ("307",)),
    Proposal("W28", "coasts", 0.1, "Bathing water in an hour",
             "A quick test on the beach says within an hour whether the water is fit for bathing.",
             "monitoring", "A16", "public", "regional", "prevention", False, (IDEA, PROTOTYPE),
             94000, 9, "2025-05-01", 12, ("301", "305", "309")),
    Proposal("W29", "coasts", -0.5, "Harbour porpoise hotline",
             "Whoever sees a porpoise calls in; the sightings show where ferries should slow down.",
             "monitoring", "A21", "research", "regional", "prevention", False, (IDEA, PLAN),
             41000, 4, "2025-05-01", 12, ("406", "405")),
    Proposal("W30", "coasts", 0.0, "Estuary without walls",
             "Concrete walls along the estuary make way for gentle banks of clay and reed.",
             "banks", "A20", "public", "local", "restoration", False, (IDEA, PROTOTYPE),
             117000, 13, "2025-06-01", 12, ("404",)),
]  # fmt: skip

BUDGET = [
    ("call", "Communication", 9000, "agency", 2024),
    ("call", "Masterclasses", 17500, "agency", 2024),
    ("call", "Jurors' fees", 8400, "agency", 2025),
    ("call", "Visits on site", 5100, "agency", 2025),
    ("pilots", "Grants to the projects", 560000, "water_levy", 2025),
    ("pilots", "Grants to the projects", 240000, "water_levy", 2026),
    ("pilots", "Measuring of the effects", 60000, "agency", 2025),
    ("pilots", "Measuring of the effects", 40000, "agency", 2026),
]
STAFFING = [
    ("call", "E1", 0.8, "2024-09-01", "2025-02-28"),
    ("call", "E2", 0.5, "2024-09-01", "2025-02-28"),
    ("call", "E3", 0.4, "2024-10-01", "2024-12-31"),
    ("pilots", "E1", 0.5, "2025-04-01", "2026-06-30"),
    ("pilots", "E2", 0.5, "2025-04-01", "2026-06-30"),
    ("pilots", "E4", 0.9, "2025-04-01", "2026-06-30"),
    ("pilots", "E5", 0.6, "2025-07-01", "2026-03-31"),
]
QUESTIONS = {"clear_rules": 3.9, "fair_scores": 3.4, "masterclasses": 4.1, "workload": 2.9}

# What was decided: the computed choice, but for one idea that was withdrawn and the one that came in for it.
DECISION = [
    ("W01", "", "true"),
    ("W09", "", "true"),
    (
        "W10",
        "it comes in for an idea that was withdrawn, as the best of those left that keeps within the budget",
        "true",
    ),
    ("W12", "", "true"),
    ("W16", "", "true"),
    ("W18", "", "true"),
    ("W19", "", "true"),
    ("W20", "the harbour authority withdrew its idea when it lost the use of the quay", "false"),
    ("W23", "", "true"),
    ("W25", "", "true"),
]
FOLLOW_UP = [
    ("W04", "advice", "", "the council wishes to submit a smaller plan"),
    ("W14", "peers", "W12", "its weekly map shows the lake below the reed beds"),
]
REPORT = "Visit report of July 2026"
PILOTS = [
    ("W01", "true", "true", "true", 132000, "2026-07-06", REPORT),
    ("W09", "true", "true", "true", 42000, "2026-07-08", REPORT),
    ("W10", "true", "true", "true", 64000, "2026-07-07", REPORT),
    ("W12", "true", "true", "false", "", "2026-07-09", REPORT),
    ("W16", "false", "true", "true", "", "2026-07-13", REPORT),
    ("W19", "true", "true", "", "", "2026-07-14", REPORT),
    ("W25", "true", "true", "true", 96000, "2026-07-15", REPORT),
]
JOINING = {
    "W01": ("101", "102", "103", "105", "106", "201", "202", "203", "206", "401", "403", "404"),
    "W09": ("203", "204", "208", "209", "401"),
    "W25": ("301", "302", "304", "305", "306", "307", "308", "309", "406"),
}
