// A linha digitável or a barcode, with boleto-brasileiro-validator, the fields' check digits included.

const { boletoBancario } = require('boleto-brasileiro-validator')
const { answer } = require('./lines')

answer((line) => (boletoBancario(line, true) ? {} : { refused: 'false' }))
