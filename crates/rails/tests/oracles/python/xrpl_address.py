"""A classic address or an X-address, with xrpl-py."""

from xrpl.core.addresscodec import (
    decode_classic_address,
    is_valid_classic_address,
    is_valid_xaddress,
    xaddress_to_classic_address,
)

from lines import answer


def read(text):
    if is_valid_classic_address(text):
        return {"account": decode_classic_address(text).hex()}
    if is_valid_xaddress(text):
        classic, tag, test = xaddress_to_classic_address(text)
        return {"classic": classic, "tag": tag, "test": test}
    raise ValueError("neither")


answer(read)
