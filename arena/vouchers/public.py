"""The face of vouchers: what other domains use."""

from arena.vouchers.queries import revoked_vouchers, seat_counts, voucher_of
from arena.vouchers.rules import grouped
from arena.vouchers.schemas import NewSheet, PrintedSeat, PrintedSheet
from arena.vouchers.service import MadeSheet, forget_vouchers, make_sheet, remake_sheet, revoke

__all__ = [
    "MadeSheet",
    "NewSheet",
    "PrintedSeat",
    "PrintedSheet",
    "forget_vouchers",
    "grouped",
    "make_sheet",
    "remake_sheet",
    "revoke",
    "revoked_vouchers",
    "seat_counts",
    "voucher_of",
]
