// A PIX code, with pix-utils.

const { parsePix, hasError } = require('pix-utils')
const { answer } = require('./lines')

answer((line) => {
  const pix = parsePix(line)
  return hasError(pix) ? { refused: pix.message } : pix
})
