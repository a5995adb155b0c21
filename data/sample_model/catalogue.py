"""The items: ten categories of four subcategories, titles as shops write them, prices, launches, planted attention."""

from dataclasses import dataclass

import numpy as np

from data.sample_model.settings import DAYS, N_ITEMS, Bools, Floats, Ints

RANGE: dict[str, tuple[float, dict[str, tuple[str, ...]]]] = {
    "Lighting": (58, {
        "Table lamps": ("Table lamp", "Reading lamp"), "Pendants": ("Pendant", "Chandelier"),
        "Lampshades": ("Lampshade", "Shade"), "Lanterns": ("Lantern", "Fairy lights"),
    }),
    "Textiles": (42, {
        "Throws": ("Throw", "Blanket"), "Cushions": ("Cushion", "Bolster"),
        "Rugs": ("Rug", "Runner"), "Curtains": ("Curtain", "Voile"),
    }),
    "Kitchen & Table": (24, {
        "Tableware": ("Plate", "Bowl"), "Glass": ("Tumbler", "Carafe"),
        "Cookware": ("Casserole", "Pan"), "Table linen": ("Tablecloth", "Napkin"),
    }),
    "Garden": (33, {
        "Pots": ("Plant pot", "Planter"), "Tools": ("Trowel", "Secateurs"),
        "Seeds": ("Seed box", "Bulb set"), "Outdoor living": ("Hammock", "Fire bowl"),
    }),
    "Stationery": (11, {
        "Notebooks": ("Notebook", "Sketchbook"), "Pens": ("Fountain pen", "Pencil"),
        "Cards": ("Greeting card", "Postcard"), "Desk": ("Desk tray", "Letter opener"),
    }),
    "Bath & Body": (16, {
        "Soaps": ("Soap", "Shower bar"), "Towels": ("Towel", "Bath sheet"),
        "Creams": ("Hand cream", "Body oil"), "Accessories": ("Bath brush", "Soap dish"),
    }),
    "Toys & Games": (22, {
        "Wooden toys": ("Wooden train", "Stacking tower"), "Puzzles": ("Jigsaw", "Puzzle cube"),
        "Board games": ("Board game", "Card game"), "Soft toys": ("Soft bear", "Rag doll"),
    }),
    "Craft": (18, {
        "Yarn": ("Yarn", "Wool skein"), "Sewing": ("Sewing kit", "Fabric bundle"),
        "Weaving": ("Tapestry loom", "Weaving comb"), "Paints": ("Watercolours", "Ink set"),
    }),
    "Furniture": (145, {
        "Chairs": ("Chair", "Stool"), "Small tables": ("Side table", "Tray table"),
        "Shelves": ("Shelf", "Bookcase"), "Storage": ("Chest", "Basket"),
    }),
    "Candles & Scent": (17, {
        "Candles": ("Candle", "Pillar candle"), "Diffusers": ("Reed diffuser", "Room spray"),
        "Holders": ("Candle holder", "Tealight glass"), "Incense": ("Incense", "Oil burner"),
    }),
}  # fmt: skip
CATEGORIES = tuple(RANGE)
SUBCATEGORIES = tuple((category, sub) for category, (_, subs) in RANGE.items() for sub in subs)
CATEGORY_OF = np.array([CATEGORIES.index(category) for category, _ in SUBCATEGORIES])
N_SUBS = len(SUBCATEGORIES)

NAMES = (
    "Aurora", "Åse", "Łucja", "Noël", "Lumière", "Björk", "Weft", "Señora", "Žofia", "Ōsaka", "Hazel", "Ember", "Tansy",
    "Fjord", "Élan", "Moor",
)  # fmt: skip
MATERIALS = ("linen", "oak", "brass", "wool", "stoneware", "recycled glass", "cotton", "bamboo", "copper", "beech")
COLOURS = ("ivory", "sage", "indigo", "ochre", "crème brûlée", "slate", "rosé", "moss", "natural")
ADJECTIVES = ("Hand-woven", "Folding", "Small", "Large", "Vintage", "Everyday", "Étoile", "Striped", "Naïve")
BRANDS = (
    "Lumen & Loom", "Weft & Co.", "Häär", "Nordlys", "Petit Jour", "Old Mill", "Fable", "Kindle Lane", "Sólstafir",
    "Marrow", "Quill, Ltd", "Tern",
)  # fmt: skip
TAGS = ("gift", "handmade", "vegan", "recycled", "limited", "bestseller", "winter", "summer", "kids", "small space")
HALF_LIVES = (7, 14, 28, 56)
N_LAUNCHES, N_FLAGSHIPS, N_WATCHED = 300, 24, 16
PLATEAU, OVER_VIEWS, OVER_BUYS, UNDER_VIEWS, UNDER_BUYS = 0.10, 5.0, 0.30, 0.20, 1.6


@dataclass(frozen=True)
class Catalogue:
    """One entry an item, in the order of item ids. `launched` counts days from the first day (old items: negative)."""

    titles: list[str]
    brands: list[str]
    tags: list[str]
    sub: Ints
    price: Ints
    launched: Ints
    half_life: Ints
    flagship: Bools
    popularity: Floats
    over: Bools
    under: Bools
    quality: Floats

    @property
    def category(self) -> Ints:
        """Category of each item, as a number into CATEGORIES."""
        return CATEGORY_OF[self.sub]

    def ids(self) -> list[str]:
        """Item ids as they stand in the files."""
        return [f"LL-{number:04d}" for number in range(1, len(self.titles) + 1)]


def make_catalogue(rng: np.random.Generator) -> Catalogue:
    """All items. Popularity is Zipf-like within each subcategory; the planted items come from its middle."""
    sub = rng.permutation(np.arange(N_ITEMS) % N_SUBS)
    rank = np.empty(N_ITEMS)
    for number in range(N_SUBS):
        rows = np.flatnonzero(sub == number)
        rank[rows] = rng.permutation(len(rows)) + 1
    typical = np.array([RANGE[SUBCATEGORIES[number][0]][0] for number in sub])
    price = np.maximum(np.round(typical * rng.lognormal(0, 0.55, N_ITEMS)), 2) * 100 - rng.choice([1, 5, 50], N_ITEMS)
    launched, half_life, flagship = _launches(rng, rank)
    settled = np.flatnonzero((launched < 0) & (rank >= 4) & (rank <= 12))
    watched = rng.choice(settled, 2 * N_WATCHED, replace=False)
    over, under = np.zeros(N_ITEMS, bool), np.zeros(N_ITEMS, bool)
    over[watched[:N_WATCHED]] = True
    under[watched[N_WATCHED:]] = True
    return Catalogue(
        titles=_titles(rng, sub),
        brands=[BRANDS[i] for i in rng.integers(0, len(BRANDS), N_ITEMS)],
        tags=["|".join(TAGS[i] for i in rng.permutation(len(TAGS))[: rng.integers(0, 5)]) for _ in range(N_ITEMS)],
        sub=np.asarray(sub, np.int64),
        price=np.asarray(price, np.int64),
        launched=launched,
        half_life=half_life,
        flagship=flagship,
        popularity=rank**-0.85 * np.where(flagship, 6.0, 1.0),
        over=over,
        under=under,
        quality=rng.normal(4.0, 0.45, N_ITEMS),
    )


def _launches(rng: np.random.Generator, rank: Floats) -> tuple[Ints, Ints, Bools]:
    """Launch day, half-life of attention in days (0: an old item) and whether the launch was a big one."""
    launched = -rng.integers(30, 1_400, N_ITEMS)
    new = rng.choice(N_ITEMS, N_LAUNCHES, replace=False)
    launched[new] = rng.integers(5, DAYS - 40, N_LAUNCHES)
    half_life = np.zeros(N_ITEMS, np.int64)
    half_life[new] = rng.choice(HALF_LIVES, N_LAUNCHES)
    flagship = np.zeros(N_ITEMS, bool)
    big = new[np.argsort(rank[new], kind="stable")[:N_FLAGSHIPS]]
    launched[big] = rng.integers(140, 260, N_FLAGSHIPS)
    half_life[big] = np.resize(HALF_LIVES[:3], N_FLAGSHIPS)
    flagship[big] = True
    return np.asarray(launched, np.int64), half_life, flagship


def _titles(rng: np.random.Generator, sub: Ints) -> list[str]:
    """Distinct titles, many with commas, quotes and letters beyond ASCII."""
    titles: list[str] = []
    taken: set[str] = set()
    for number in sub:
        category, name = SUBCATEGORIES[number]
        nouns = RANGE[category][1][name]
        title = _title(rng, nouns[rng.integers(0, len(nouns))])
        while title in taken:
            title += f", no. {rng.integers(2, 99)}"
        taken.add(title)
        titles.append(title)
    return titles


def _title(rng: np.random.Generator, noun: str) -> str:
    name, material, colour, adjective = (
        words[rng.integers(0, len(words))] for words in (NAMES, MATERIALS, COLOURS, ADJECTIVES)
    )
    forms = (
        f'{noun} "{name}", {material}, {colour}',
        f"{adjective} {noun.lower()}, {material}",
        f"{noun} {name} – {colour}",
        f"{adjective} {noun.lower()} ({rng.integers(8, 90)} cm)",
        f"{noun}, {colour}, set of {rng.integers(2, 9)}",
        f'{noun} {rng.integers(5, 30)}" {material}',
    )
    return forms[rng.integers(0, len(forms))]


def attention_of_day(items: Catalogue, day: int) -> Floats:
    """Factor on each item's attention on one day: nothing before launch, decay after it, season of its category."""
    age = day - items.launched
    decay = PLATEAU + (1 - PLATEAU) * 0.5 ** (np.maximum(age, 0) / np.maximum(items.half_life, 1))
    factor = np.where(items.half_life > 0, 3.0 * decay, 1.0) * (age >= 0)
    summer = np.sin(2 * np.pi * (day - 155) / DAYS)
    swing = np.zeros(len(CATEGORIES))
    for name, size in (("Garden", 0.6), ("Candles & Scent", -0.4), ("Toys & Games", -0.3), ("Textiles", -0.2)):
        swing[CATEGORIES.index(name)] = size
    return np.asarray(factor * (1 + swing * summer)[items.category], float)
