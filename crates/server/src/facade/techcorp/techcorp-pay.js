// TechCorpPay: makes a token of a card, in the payer's browser. The card goes from here to the payment server and nowhere
// else; the page's own server gets the token, which pays once and lasts for 15 minutes.
//
//   <script src="https://api.techcorp.com/v1/sdk/techcorp-pay.js" data-publishable-key="pk_live_…"></script>
//   const token = await TechCorpPay.createToken({ number, exp_month, exp_year, cvv });
(() => {
  'use strict';

  // How long an answer is waited for.
  const PATIENT_MS = 30_000;
  // What may be a card's number. It never stands in an error, whoever wrote the text that it is in.
  const NUMBERS = /\d(?:[ .-]?\d){11,}/g;
  const redacted = (text) => String(text).replace(NUMBERS, '[redacted]');

  class TechCorpPayError extends Error {
    // `code` and `field` are for programs, `requestId` is for the support, `retryAfter` is in seconds.
    constructor(code, message, { field = null, requestId = null, retryAfter = null } = {}) {
      super(redacted(message));
      this.name = 'TechCorpPayError';
      this.code = code;
      this.field = field === null ? null : redacted(field);
      this.requestId = requestId;
      this.retryAfter = retryAfter;
    }
  }

  // The base of the API is where this script came from: `…/v1/sdk/techcorp-pay.js` is two folders below it. A copy that lies
  // anywhere else knows of no base and asks for one: a card is not sent to whoever keeps the file.
  const script = document.currentScript;
  const isServed = script?.src.split(/[?#]/)[0].endsWith('/v1/sdk/techcorp-pay.js');
  const settings = {
    publishableKey: script?.dataset.publishableKey ?? null,
    baseUrl: isServed ? new URL('../..', script.src).href : null,
  };

  function configure({ publishableKey, baseUrl } = {}) {
    if (publishableKey !== undefined) settings.publishableKey = publishableKey;
    if (baseUrl !== undefined) settings.baseUrl = new URL(baseUrl, document.baseURI).href;
  }

  // A page that is set up wrongly is told so before a card leaves it.
  function checkSettings() {
    const { publishableKey, baseUrl } = settings;
    const wrong = (message) => { throw new TechCorpPayError('not_configured', message); };
    if (typeof publishableKey !== 'string' || publishableKey === '') {
      wrong('call TechCorpPay.configure({ publishableKey: "pk_…" }) first, or give the script data-publishable-key');
    }
    if (!publishableKey.startsWith('pk_')) {
      wrong('only a publishable key (pk_…) belongs into a page; revoke this one if others could read it');
    }
    if (!baseUrl) wrong('call TechCorpPay.configure({ baseUrl: "https://…" }) first');
  }

  async function send(card) {
    const base = settings.baseUrl.endsWith('/') ? settings.baseUrl : `${settings.baseUrl}/`;
    try {
      return await fetch(new URL('v1/cards/tokens', base), {
        method: 'POST',
        headers: { Authorization: `Bearer ${settings.publishableKey}`, 'Content-Type': 'application/json' },
        body: JSON.stringify(card),
        mode: 'cors',
        credentials: 'omit',
        cache: 'no-store',
        redirect: 'error',
        referrerPolicy: 'no-referrer',
        signal: AbortSignal.timeout(PATIENT_MS),
      });
    } catch (error) {
      // What the browser says of it may hold the request: it is left out.
      if (error?.name === 'TimeoutError') {
        throw new TechCorpPayError('timeout', 'the payment server did not answer in time');
      }
      throw new TechCorpPayError('unreachable', 'the payment server cannot be reached');
    }
  }

  // What the server says, or nothing where it is no JSON, as of a proxy's error page.
  async function read(answer) {
    try {
      return await answer.json();
    } catch {
      return null;
    }
  }

  function refusal(answer, problem) {
    const retryAfter = Number.parseInt(answer.headers.get('retry-after') ?? '', 10);
    return new TechCorpPayError(problem?.code ?? 'unexpected_answer', problem?.detail ?? `HTTP ${answer.status}`, {
      field: problem?.field ?? null,
      requestId: problem?.request_id ?? answer.headers.get('x-request-id'),
      retryAfter: Number.isNaN(retryAfter) ? null : retryAfter,
    });
  }

  async function createToken({ number, exp_month, exp_year, cvv, name } = {}) {
    checkSettings();
    const text = (value) => (value === undefined || value === null ? value : String(value).trim());
    const card = { number: text(number), exp_month, exp_year, cvv: text(cvv), name: text(name) || undefined };
    const answer = await send(card);
    const said = await read(answer);
    if (!answer.ok || typeof said?.id !== 'string') throw refusal(answer, said);
    return { id: said.id, card: said.card, expires_at: said.expires_at };
  }

  window.TechCorpPay = Object.freeze({ configure, createToken, TechCorpPayError });
})();
