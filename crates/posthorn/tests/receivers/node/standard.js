// Standard Webhooks, with the official library.

const { Webhook } = require('standardwebhooks')
const { listen } = require('./listening')

listen((body, headers, secret) => { new Webhook(secret).verify(body.toString('utf8'), headers) })
