"""The face of vouchers: what other domains use."""

from arena.vouchers.queries import revoked_vouchers, voucher_of
from arena.vouchers.service import forget_vouchers

__all__ = ["forget_vouchers", "revoked_vouchers", "voucher_of"]
