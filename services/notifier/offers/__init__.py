"""What the plays give away: vouchers, perks, partner codes; terms and budgets as data, and the shop's checkout."""

from services.notifier.offers.money import major as major
from services.notifier.offers.money import minor as minor
from services.notifier.offers.voucher import Voucher as Voucher
