"""A new address for a reader: both mailboxes have to agree, and the old one is told.

Whoever moves gets new links, and those in mails to the old mailbox are dead.

    asked ──▶ waits ──mails made──▶ old agrees, new agrees ──▶ carried out, the old mailbox told
                 └────────────────── a week ──────────────▶ forgotten

A page never says whose address somebody is, nor whether a move came about: the step that carries
moves out does so after a while, and tells the mailbox that the reader has.
"""

import secrets
from dataclasses import replace
from datetime import datetime, timedelta

from digest.errors import LinkError, UsageError
from digest.grammar.address import is_role, lookup_key, parse_address
from digest.letters import LetterOffice
from digest.letters.note import NoteView, note_mail
from digest.links import Links, Purpose, Token
from digest.model import Message, Reader, ReaderKind
from digest.readers import get
from digest.readers.preferences import bucket_of, too_often
from digest.store import Store
from digest.store.moves import TELLS, Move, Side

LIFE = timedelta(days=7)
_NONCE_BYTES = 12  # 16 letters
_MOST_A_DAY = 3
_REST = timedelta(days=1)  # between two such mails to the mailbox that a reader has
_WORTH_SENDING = timedelta(days=1)


def ask_to_move(store: Store, reader: Reader, address: str, now: datetime) -> None:
    """Note that a reader wants its editions at another address; both mailboxes will be asked.

    What it asked for before is void.

    Raises:
        UsageError: for a bad address, the one that the reader has, the person of the
            configuration, a reader who left, and one who asked often today.
    """
    address = _wanted(reader, address)
    if is_role(address):
        raise UsageError(f"{address} belongs to an office, not to a person: give your own")
    if too_often(store, reader, "move", _MOST_A_DAY, now):
        raise UsageError(f"you asked for {_MOST_A_DAY} addresses today: try again tomorrow")
    if not store.moves.ask(reader.handle, address, secrets.token_urlsafe(_NONCE_BYTES), now):
        raise UsageError(f"{reader.address} left meanwhile: nothing was changed")


def asked_move(store: Store, reader: Reader, now: datetime) -> Move | None:
    """The move that a reader asked for, as long as it can be agreed to."""
    move = store.moves.of(reader.handle)
    return move if move and move.asked > now - LIFE else None


def stay(store: Store, reader: Reader) -> bool:
    """Take back what a reader asked for; False where it asked for nothing."""
    move = store.moves.of(reader.handle)
    return move is not None and store.moves.drop(move.nonce)


def linked_move(store: Store, token: Token, now: datetime) -> tuple[Move, Side]:
    """The move that a link names, and the mailbox that the link was sent to.

    Raises:
        LinkError: where it was carried out, taken back or replaced, or is a week old.
    """
    move = store.moves.by_nonce(token.name)
    sides = {side.value: side for side in Side}
    if move is None or move.asked <= now - LIFE or token.rest[:1] not in {(s,) for s in sides}:
        raise LinkError(
            "this link holds no more: the change of address was made, taken back or not agreed to "
            "in time; the page of preferences starts a new one"
        )
    return move, sides[token.rest[0]]


def move_now(store: Store, address: str, new: str) -> Reader:
    """Give a reader another address at once, as the owner of the house may.

    Raises:
        UsageError: for an unknown reader, the person of the configuration, a bad address, and one
            that is a reader already.
    """
    reader = get(store, address)
    new = _wanted(reader, new)
    if not store.moves.set_address(reader.handle, new):
        raise UsageError(f"{new} is a reader already: remove one of the two first")
    return get(store, new)


def carry_out_moves(
    store: Store, office: LetterOffice, links: Links, channel: str, per_hour: int, now: datetime
) -> int:
    """Mail the mailboxes of moves that were asked for, and make those that both agreed to.

    A move that may not be mailed now waits for another time within its week.

    Args:
        store: where they are.
        office: sets the mails.
        links: makes the links in them.
        channel: the channel that mails leave by.
        per_hour: how many mailboxes an hour are mailed because somebody typed their address.
        now: the time (aware).

    Returns:
        how many mails were queued.

    Raises:
        TemplateError: when a template is broken.
    """
    store.moves.sweep(now - LIFE)
    day, deadline = now.date(), now + _WORTH_SENDING
    mailed = after = 0
    allowed = store.knocks.left(now, per_hour)
    while shard := store.moves.waiting(after):
        after = shard[-1].reader
        made = []
        for move in shard:
            if move.agreed:
                told = {done: _told(office, links, move, now, done=done) for done in (True, False)}
                done = store.moves.carry_out(move, told, channel, day, now, deadline)
                mailed += done is not None
            # Asked one by one: there are a handful, and each mailbox has a count of its own.
            elif allowed and _may_ask(store, move, now):
                allowed -= 1
                made.append((move, [_asked(office, links, move, side, now) for side in Side]))
        mailed += len(Side) * store.moves.mailed(made, channel, day, now, deadline) if made else 0
    return mailed


def _may_ask(store: Store, move: Move, now: datetime) -> bool:
    """Whether both mailboxes of a move may be mailed now; counts it where they may.

    The old one has a count of its own: whoever types a reader's address elsewhere cannot keep it
    from moving.
    """
    bucket = bucket_of(move.handle, "move mail")
    return store.limits.take(bucket, now, 1, _REST) and store.knocks.take(move.new, now)


def _wanted(reader: Reader, address: str) -> str:
    if reader.kind is ReaderKind.CONFIG:
        raise UsageError(
            f"{reader.address} is the person of the configuration: set DIGEST_ADDRESS in config.env"
        )
    address = parse_address(address)
    if lookup_key(address) == lookup_key(reader.address):
        raise UsageError(f"{address} is the address that the reader has")
    return address


def _asked(office: LetterOffice, links: Links, move: Move, side: Side, now: datetime) -> Message:
    """The mail that asks a mailbox; the address in it is the new one, which both know."""
    url = links.url(Token(Purpose.MOVE, move.nonce, now.date(), (side.value,)))
    both = "Both mailboxes have to agree. This link is for the {} one, and holds for seven days."
    if side is Side.OLD:
        note = NoteView(
            "Shall your paper digest go to another address?",
            "A new address for your paper digest",
            (
                f"You asked that your editions go to {move.new} from now on.",
                "Interests, votes and past editions stay as they are.",
                both.format("old"),
            ),
            "Look at it and agree",
            url,
            (
                "If you did not ask for this, do nothing: your editions stay where they are.",
                "Whoever asked has a link out of one of your editions: forward them with care.",
            ),
        )
        return _labelled(office, move, move.old, note, side.value, now)
    note = NoteView(
        "Is this the new address for your paper digest?",
        "A new address for a paper digest",
        (
            "Somebody asked that editions of The Paper Digest come to this address from now on.",
            both.format("new"),
        ),
        "Look at it and agree",
        url,
        ("If it was not you, do nothing: nothing will be sent to you.",),
    )
    return _labelled(office, move, move.new, note, side.value, now)


def _told(office: LetterOffice, links: Links, move: Move, now: datetime, *, done: bool) -> Message:
    """The mail to the old mailbox that says whether the reader moved."""
    if done:
        note = NoteView(
            "Your paper digest goes to another address",
            "Your editions go to another address",
            (
                f"Both mailboxes agreed: from now on your editions go to {move.new}.",
                (
                    "This is the last mail to this address. The links in those before it are dead; "
                    "your next edition there has new ones. A feed reader needs the new address of "
                    "your editions, which is on your page of preferences."
                ),
            ),
            "Read what others read today",
            f"{links.base}/",
        )
    else:
        note = NoteView(
            "Your paper digest stays at this address",
            "Your address was not changed",
            (
                f"Both mailboxes agreed, but {move.new} gets editions of its own already.",
                "Your own go on coming to this address.",
                "To have them there, delete that one for good first; then ask again.",
            ),
            "Your preferences",
            links.url(Token(Purpose.PREFERENCES, move.handle, now.date())),
        )
    return _labelled(office, move, move.old, note, TELLS.lstrip("-"), now)


def _labelled(
    office: LetterOffice, move: Move, address: str, note: NoteView, mark: str, now: datetime
) -> Message:
    """A mail that can be found by the reader's handle: it goes when the reader does."""
    message = note_mail(office, address, note, (move.nonce, mark), now)
    return replace(message, label=f"{now:%Y-%m-%d}-move-{move.handle}-{mark}")
