"""The page search."""

from flask import Blueprint

blueprint = Blueprint("search", __name__)


@blueprint.get("/search")
def page() -> str:
    return "search"
