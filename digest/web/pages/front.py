"""The page front."""

from flask import Blueprint

blueprint = Blueprint("front", __name__)


@blueprint.get("/")
def page() -> str:
    return "front"
