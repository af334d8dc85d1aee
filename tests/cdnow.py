"""CDNOW's log of purchases for tests; the demo shows the same one."""

from demo.cdnow import SAMPLE as SAMPLE
from demo.cdnow import SOURCE as SOURCE
from demo.cdnow import cdnow_purchases as cdnow_purchases
from demo.cdnow import facts_of as facts_of
from demo.cdnow import fetch as fetch
