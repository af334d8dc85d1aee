"""Who may be written to, and why: what was said, what it proves, and the basis a message stands on."""

from services.notifier.consent.basis import Asked, Basis, basis, newest_about
from services.notifier.consent.grant import Ground
from services.notifier.consent.ledger import NOTHING, Ledger
from services.notifier.consent.statement import Kind, Statement

__all__ = ["NOTHING", "Asked", "Basis", "Ground", "Kind", "Ledger", "Statement", "basis", "newest_about"]
