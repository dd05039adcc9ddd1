// The brands that the first six digits of a card may be, the likeliest alone when there is one.

const cardType = require('credit-card-type')
const { answer } = require('./lines')

answer((line) => cardType(line).map((brand) => brand.type))
