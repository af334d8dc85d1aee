"""`python -m services.ladder refold`: fold everybody anew with the rules, zone and currency of now.

Lane by lane, each lane taken from whoever held it (epoch + 1), a few hundred persons in a transaction; after a stop it
goes on where it was. Announces nothing unless `--emit`.
"""

import argparse
import asyncio
import sys

import msgspec

from services.ladder import store
from services.ladder.announce import announcement, outbox_row
from services.ladder.core import fold
from services.ladder.core.decide import DeadlineCause, decide
from services.ladder.core.rules import Rules
from services.ladder.part import rules_of
from services.ladder.settings import LadderSettings
from services.ladder.turn import Turn
