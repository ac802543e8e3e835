"""How the settings of sources are read: categories, feeds, works to look for, hosts."""

import difflib
import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from digest.errors import UsageError

# arXiv's categories as of 2026, and its archives that have none below them.
_ARXIV = {
    "astro-ph": "CO EP GA HE IM SR",
    "cond-mat": "dis-nn mes-hall mtrl-sci other quant-gas soft stat-mech str-el supr-con",
    "cs": "AI AR CC CE CG CL CR CV CY DB DC DL DM DS ET FL GL GR GT HC IR IT LG LO MA MM MS NA NE "
    "NI OH OS PF PL RO SC SD SE SI SY",
    "econ": "EM GN TH",
    "eess": "AS IV SP SY",
    "math": "AC AG AP AT CA CO CT CV DG DS FA GM GN GR GT HO IT KT LO MG MP NA NT OA OC PR QA RA "
    "RT SG SP ST",
    "nlin": "AO CD CG PS SI",
    "physics": "acc-ph ao-ph app-ph atm-clus atom-ph bio-ph chem-ph class-ph comp-ph data-an ed-ph "
    "flu-dyn gen-ph geo-ph hist-ph ins-det med-ph optics plasm-ph pop-ph soc-ph space-ph",
    "q-bio": "BM CB GN MN NC OT PE QM SC TO",
    "q-fin": "CP EC GN MF PM PR RM ST TR",
    "stat": "AP CO ME ML OT TH",
}
_ALONE = "gr-qc hep-ex hep-lat hep-ph hep-th math-ph nucl-ex nucl-th quant-ph"
ARXIV_CATEGORIES = frozenset(
    [*_ARXIV, *_ALONE.split()]
    + [f"{archive}.{name}" for archive, names in _ARXIV.items() for name in names.split()]
)
# bioRxiv's and medRxiv's as of 2026.
BIORXIV_CATEGORIES = frozenset(
    """animal behavior and cognition|biochemistry|bioengineering|bioinformatics|biophysics
|cancer biology|cell biology|clinical trials|developmental biology|ecology|epidemiology
|evolutionary biology|genetics|genomics|immunology|microbiology|molecular biology|neuroscience
|paleontology|pathology|pharmacology and toxicology|physiology|plant biology
|scientific communication and education|synthetic biology|systems biology|zoology""".replace(
        "\n", ""
    ).split("|")
)
MEDRXIV_CATEGORIES = frozenset(
    """addiction medicine|allergy and immunology|anesthesia|cardiovascular medicine
|dentistry and oral medicine|dermatology|emergency medicine
|endocrinology (including diabetes mellitus and metabolic disease)|epidemiology|forensic medicine
|gastroenterology|genetic and genomic medicine|geriatric medicine|health economics
|health informatics|health policy|health systems and quality improvement|hematology|hiv/aids
|infectious diseases (except hiv/aids)|intensive care and critical care medicine
|medical education|medical ethics|nephrology|neurology|nursing|nutrition
|obstetrics and gynecology|occupational and environmental health|oncology|ophthalmology
|orthopedics|otolaryngology|pain medicine|palliative medicine|pathology|pediatrics
|pharmacology and therapeutics|primary care research|psychiatry and clinical psychology
|public and global health|radiology and imaging|rehabilitation medicine and physical therapy
|respiratory medicine|rheumatology|sexual and reproductive health|sports medicine|surgery
|toxicology|transplantation|urology""".replace("\n", "").split("|")
)
# The field of each list of categories: of which service, and those that are known here.
KNOWN_CATEGORIES = {
    "arxiv_categories": ("arXiv", ARXIV_CATEGORIES),
    "biorxiv_categories": ("bioRxiv", BIORXIV_CATEGORIES),
    "medrxiv_categories": ("medRxiv", MEDRXIV_CATEGORIES),
}


def _words(text: str, parted: str = r"[,\s]+") -> tuple[str, ...]:
    """The words of a list, each once.

    Raises:
        UsageError: there is none.
    """
    found = tuple(dict.fromkeys(word for word in re.split(parted, text.strip()) if word))
    if not found:
        raise UsageError("it names nothing: write what is meant, or take the line out")
    return found


def arxiv_categories(text: str) -> tuple[str, ...]:
    """Categories such as `cs.LG`, with commas, white space or plus signs between them."""
    found = _words(text, r"[,\s+]+")
    for category in found:
        if not re.fullmatch(r"[a-z][a-z-]*(?:\.[A-Za-z-]{2,20})?", category):
            raise UsageError(f"{category!r} is no arXiv category: write them like cs.LG, stat.ML")
    return found


def unknown_categories(field: str, categories: Iterable[str]) -> list[str]:
    """What to say of categories that a service had not when this was written: new, or misspelled.

    Args:
        field: one of `KNOWN_CATEGORIES`.
        categories: what was set.
    """
    service, known = KNOWN_CATEGORIES[field]
    said = []
    for category in categories:
        if category not in known:
            near = difflib.get_close_matches(category, sorted(known), 3)
            hint = f": did you mean {' or '.join(near)}?" if near else ""
            said.append(f"{category} is no category of {service} that is known here{hint}")
    return said


def fields(text: str) -> tuple[str, ...]:
    """Categories of bioRxiv and medRxiv: words with spaces between them, in any case."""
    found = tuple(" ".join(one.replace("_", " ").split()).lower() for one in text.split(","))
    for field in found:
        if field and not re.fullmatch(r"[a-z][a-z ,&/()'-]{1,80}", field):
            raise UsageError(f"{field!r} is no category: write them like neuroscience, genomics")
    return _words(",".join(found), ",")


def feeds(text: str) -> tuple[str, ...]:
    """Addresses of feeds, with white space or commas between them."""
    found = tuple(address_of_service(word) for word in _words(text))
    for address in found:
        if "@" in urlsplit(address).netloc:
            raise UsageError(
                "an address of a feed holds a name or a password: others would read it in reports; "
                "ask the feed's makers for an address without"
            )
    return tuple(dict.fromkeys(found))


def openalex_works(text: str) -> tuple[str, ...]:
    """Ids of OpenAlex topics (T…), journals (S…) and authors (A…), also as addresses."""
    found = []
    for word in _words(text):
        short = word.removeprefix("https://").removeprefix("openalex.org/").rpartition("/")[2]
        if not re.fullmatch(r"[TSA][0-9]{1,12}", short.upper(), re.ASCII):
            raise UsageError(
                f"{word!r} is no topic, journal or author of OpenAlex: write T10028, S137773608 or "
                "A5023888391, as their pages at openalex.org show them"
            )
        found.append(short.upper())
    return tuple(dict.fromkeys(found))


def private_hosts(text: str) -> tuple[str, ...]:
    """Names or addresses of hosts in one's own network, without ports."""
    found = [word.lower().strip("[]").rstrip(".") for word in _words(text)]
    for host in found:
        name = re.fullmatch(r"[a-z0-9_.-]{1,253}", host)
        number = re.fullmatch(r"[0-9a-f:.]{2,45}", host) and host.count(":") > 1
        if not (name or number):
            raise UsageError(
                f"{host!r} is no host's name: write feeds.example.org or 10.0.0.5, without a port"
            )
    return tuple(dict.fromkeys(found))


def address_of_service(text: str) -> str:
    """An address of the web, without a slash at its end."""
    try:
        parts = urlsplit(text.strip())
    except ValueError:
        raise UsageError(f"{text!r} is no http(s) address") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(f"{text!r} is no http(s) address")
    return text.strip().rstrip("/")
