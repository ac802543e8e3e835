"""From an edition to a mail: what it says, how it is set, and headers that cannot be injected."""

from digest.letters.compose import LetterOffice, Sender

__all__ = ["LetterOffice", "Sender"]
