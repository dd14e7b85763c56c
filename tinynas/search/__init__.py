"""The search: the best model of a space that a board's budgets allow."""

from tinynas.search.cost import Cost, CostOf, distance, overruns, overruns_in_words
from tinynas.search.driver import Progress, Winner, search
from tinynas.search.feasible import Feasible, Space
from tinynas.search.keywords import Found, Keywords, search_keywords
from tinynas.search.pricing import price_on, total_cost
from tinynas.search.settings import DEMO, PRESETS, SearchSettings
from tinynas.search.strategies import STRATEGIES, AgingEvolution, RandomSearch, Strategy
from tinynas.search.trials import Done

__all__ = [
    "DEMO",
    "PRESETS",
    "STRATEGIES",
    "AgingEvolution",
    "Cost",
    "CostOf",
    "Done",
    "Feasible",
    "Found",
    "Keywords",
    "Progress",
    "RandomSearch",
    "SearchSettings",
    "Space",
    "Strategy",
    "Winner",
    "distance",
    "overruns",
    "overruns_in_words",
    "price_on",
    "search",
    "search_keywords",
    "total_cost",
]
