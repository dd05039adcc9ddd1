"""A PIX code, with starkbank-brcode."""

from brcode.utils.brcodeId import jsonFromBrcode

from lines import answer

answer(jsonFromBrcode)
