"""Which keys a bundle may be judged by, and what was signed under them.

Keys and receipts inside of a bundle prove nothing by themselves: who wrote the file
wrote them, too. So the platform's key comes from elsewhere, or is told so that it can
be compared; the interview's own key counts only with the platform's certificate.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nbinterview.ledger.checkpoints import (
    Certificate,
    Checkpoint,
    Countersignature,
    PlatformKey,
    Receipt,
)
from nbinterview.ledger.signing import key_id_of
from nbinterview.ledger.tree import Tree

AUDIT_LOG = "auditlog22"
"""The platform's own log: its key signs the heads itself."""


class Broken(Exception):
    """A bundle does not prove itself; `seq` is the first bad record, where known."""

    def __init__(self, why: str, seq: int | None = None) -> None:
        super().__init__(why)
        self.why, self.seq = why, seq


class Trust:
    """The keys of one interview, each vouched for. Everything raises `Broken`."""

    def __init__(
        self, interview: str, own: Sequence[PlatformKey], given: Sequence[str]
    ) -> None:
        self.interview = interview
        published = [key.public_key for key in own]
        known = [one for one in published if not given or one in given]
        self._published = {key_id_of(one) for one in published}
        self.platform: Mapping[str, str] = {key_id_of(one): one for one in known}
        """The keys that count: in the bundle, and known to who verifies."""
        self._fitted = 0
        """The size of the largest head that fitted: up to there nothing was altered."""
        self.keys: dict[str, str] = {}
        """The interview's own, by id."""
        if interview == AUDIT_LOG:
            self.keys.update(self.platform)

    def certify(self, one: Certificate, what: str) -> None:
        """Take a key that the platform certified for this interview."""
        platform = self._platform(one.platform_key_id, what)
        if one.interview != self.interview:
            raise Broken(f"{what} is of another interview")
        if not one.verify(platform):
            raise Broken(f"{what} was altered: its signature does not fit")
        self.keys[one.key_id] = one.public_key

    def signed(self, one: Checkpoint, what: str) -> None:
        """Check that this interview's key signed a head."""
        public = self.keys.get(one.key_id)
        if public is None:
            raise Broken(f"{what} is signed by a key that nobody certified")
        if not one.verify(public):
            raise Broken(f"{what} was altered: its signature does not fit")

    def countersigned(self, one: Countersignature, what: str) -> None:
        """Check that the platform signed a head."""
        if not one.verify(self._platform(one.platform_key_id, what)):
            raise Broken(f"{what} was altered: its signature does not fit")

    def head_fits(
        self, one: Checkpoint | Countersignature, tree: Tree, what: str
    ) -> None:
        """Check that a head is one of this tree."""
        if one.interview != self.interview:
            raise Broken(f"{what} is of another interview")
        if one.size > tree.size:
            raise Broken(
                f"{what} is over more than the {tree.size:,} that are here: the end "
                "was cut off",
                tree.size + 1,
            )
        first = 1 + (self._fitted if self._fitted < one.size else 0)
        if tree.root(one.size).hex() != one.root:
            raise Broken(
                f"{what} is of another record: one of {first:,} to {one.size:,} was "
                "altered",
                one.size if first == one.size else None,
            )
        self._fitted = max(self._fitted, one.size)

    def receipt(self, receipt: Receipt, tree: Tree) -> None:
        """Check that a receipt is of this record, under keys that count here."""
        if receipt.interview != self.interview:
            raise Broken("the receipt is of another interview")
        if receipt.certificate is not None:
            self.certify(receipt.certificate, "the receipt's certificate")
        self.head_fits(receipt.checkpoint, tree, "the receipt")
        self.signed(receipt.checkpoint, "the receipt")
        seen = receipt.countersignature
        if seen is not None:
            self.head_fits(seen, tree, "the receipt's countersignature")
            self.countersigned(seen, "the receipt's countersignature")

    def _platform(self, key_id: str, what: str) -> str:
        public = self.platform.get(key_id)
        if public is None:
            here = key_id in self._published
            whose = "you did not give" if here else "the bundle does not have"
            raise Broken(
                f"{what} is signed under the platform's key {key_id}, which {whose}"
            )
        return public
