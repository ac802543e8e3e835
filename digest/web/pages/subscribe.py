"""The page subscribe."""

from flask import Blueprint

blueprint = Blueprint("subscribe", __name__)


@blueprint.get("/subscribe")
def page() -> str:
    return "subscribe"
